"""Why the billing of a contract waits, by code. This is the one place that knows.

A contract waits as long as one reason holds. Then no billing run sees it as due, no draft of it is approved,
and the database refuses its invoices and drafts (`nothing_is_billed_while_waiting`). There are two kinds:

* Stored reasons last until a person answers: `wait_for` writes them, `stop_waiting` takes them away.
* The others follow from what is stored elsewhere, such as a customer without an address. They are SQL
  conditions in `WAITS_BY_ITSELF` (`billing/models/particulars.py`), by code, and end automatically. A new one
  needs a migration, because the trigger contains it.

Each code of `WaitCode` has its sentence and its next step in `REASONS`.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection
from django.db.models.expressions import RawSQL

from billing.enums import WaitCode
from billing.models import WAITS, WAITS_BY_ITSELF, BillingWait
from billing.schedules.drafting import withdraw_drafts
from contracts import audit
from contracts.bulk import as_array
from contracts.models import Contract, ContractQuerySet, Customer

MOST = 1_000
"""Contracts of one customer that its page looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    code: WaitCode
    sentence: str
    next_step: str


REASONS: Mapping[WaitCode, Reason] = {
    reason.code: reason
    for reason in (
        Reason(
            code=WaitCode.MANY_DEALS,
            sentence="Its deal was won together with unusually many others, so its billing waits.",
            next_step="Look at all of them on the page of the connection and start their billing.",
        ),
        Reason(
            code=WaitCode.LARGE_VALUE,
            sentence="Far more value than usual was won at once with its deal, so its billing waits.",
            next_step="Look at the deals on the page of the connection and start their billing.",
        ),
        Reason(
            code=WaitCode.NOT_SHOWN,
            sentence="It was not shown as it is now when billing was started, so its billing waits.",
            next_step="Look at it on the page of the connection and start its billing.",
        ),
        Reason(
            code=WaitCode.BUYER_ADDRESS,
            sentence="Its customer has no address with a country, so its billing waits: an invoice names it.",
            next_step="Enter it on the page of the customer, or map the address fields of the CRM.",
        ),
        Reason(
            code=WaitCode.TAX_UNDECIDED,
            sentence=(
                "Nobody has decided which tax its customer pays, so its billing waits. The default rate is "
                "for customers in your own country."
            ),
            next_step="Enter the customer's country, or its tax rate, on the page of the customer.",
        ),
        Reason(
            code=WaitCode.SELLER_TAX_ID,
            sentence="Your company has neither VAT ID nor tax number, so no invoice with tax is issued.",
            next_step="Enter one of both under Settings, Legal entity.",
        ),
        Reason(
            code=WaitCode.PO_MISSING,
            sentence="Its customer wants a PO number on every invoice and it has none, so its billing waits.",
            next_step="Fill it in in the CRM and map its field, or stop asking for it on its customer.",
        ),
        Reason(
            code=WaitCode.UNPRINTABLE,
            sentence="A name on its invoices has letters that no font of the documents has.",
            next_step="Enter a printed name on the page of the customer, or write the deal's name otherwise.",
        ),
    )
}


def wait_for(*, code: WaitCode, contract_ids: Collection[int]) -> None:
    """Makes contracts wait, in the caller's transaction. Their drafts are withdrawn.

    The caller has made or locked the contracts (`lock_contracts`), so that none is billed meanwhile.
    """
    BillingWait.objects.bulk_create(
        [BillingWait(contract_id=key, code=code) for key in sorted(contract_ids)], ignore_conflicts=True
    )
    withdraw_drafts(contract_ids=contract_ids)


def stop_waiting(
    *, codes: Iterable[WaitCode], contracts: Collection[Contract], actor: AbstractBaseUser | None
) -> int:
    """Takes these reasons away from the contracts; answers how many contracts had one.

    The caller owns the transaction and has locked the contracts.
    """
    found = BillingWait.objects.filter(code__in=list(codes), contract__in=[one.pk for one in contracts])
    codes_by_contract: dict[int, list[str]] = defaultdict(list)
    for key, code in found.order_by("code").values_list("contract_id", "code"):
        codes_by_contract[key].append(code)
    found.delete()
    freed = [one for one in contracts if one.pk in codes_by_contract]
    audit.record_all(
        audit.entry(
            actor=actor,
            action="Billing started",
            subject=contract,
            before={"waited_for": codes_by_contract[contract.pk]},
        )
        for contract in freed
    )
    return len(freed)


def reasons_of(*, contract_ids: Collection[int]) -> dict[int, list[Reason]]:
    """The reasons of each contract that waits, in the order of `WaitCode`."""
    if not contract_ids:
        return {}
    found: dict[int, set[str]] = defaultdict(set)
    for key, code in BillingWait.objects.filter(contract__in=contract_ids).values_list("contract_id", "code"):
        found[key].add(code)
    conditions = ", ".join(f"({condition})" for condition in WAITS_BY_ITSELF.values())
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT contract.id, {conditions} FROM contracts_contract contract
            WHERE contract.id = ANY(%s::bigint[])
            """,  # noqa: S608  constants
            [as_array(contract_ids)],
        )
        for key, *holds in cursor.fetchall():
            codes = [code for code, does_hold in zip(WAITS_BY_ITSELF, holds, strict=True) if does_hold]
            if codes:
                found[key].update(codes)
    return {key: [REASONS[code] for code in WaitCode if code in codes] for key, codes in found.items()}


OF_THE_CUSTOMER = (
    WaitCode.BUYER_ADDRESS,
    WaitCode.TAX_UNDECIDED,
    WaitCode.PO_MISSING,
    WaitCode.UNPRINTABLE,
)
"""What is cured on the page of the customer."""


def waits_of(*, customer: Customer) -> list[tuple[Reason, int]]:
    """What this customer's page can cure, each with how many of its contracts wait for it."""
    ids = Contract.objects.billable().filter(customer=customer).values_list("pk", flat=True)[:MOST]
    found = Counter(
        reason.code for reasons in reasons_of(contract_ids=list(ids)).values() for reason in reasons
    )
    return [(REASONS[code], found[code]) for code in OF_THE_CUSTOMER if found[code]]


def waiting_contracts() -> ContractQuerySet:
    """Contracts whose billing waits for any reason."""
    waiting = f"SELECT contract.id FROM contracts_contract contract WHERE {WAITS}"  # noqa: S608  constants
    return Contract.objects.filter(pk__in=RawSQL(waiting, []))  # noqa: S611  constants
