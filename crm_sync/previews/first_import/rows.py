"""The deals of a preview as they are stored."""

from collections.abc import Sequence
from typing import Any

from billing.issuing.foretelling import ForetoldBilling
from contracts.bulk import copy_rows
from contracts.models import NAME_LENGTH
from contracts.money import Money
from crm_sync.deals import Deal
from crm_sync.enums import Outcome
from crm_sync.findings.values import stored
from crm_sync.importing.records import problem_json
from crm_sync.mapping.readers import printable
from crm_sync.models import Backfill, BackfillDeal
from crm_sync.previews.rehearsal import Earlier, Foretold, accounts_of

COLUMNS = (
    "backfill_id",
    "external_id",
    "name",
    "url",
    "account_id",
    "outcome",
    "code",
    "sentence",
    "problems",
    "warnings",
    "customer_name",
    "customer_match",
    "currency",
    "value_minor",
    "start_date",
    "end_date",
    "billing_cycle",
    "instalments",
    "elsewhere",
    "invoices",
    "invoiced_minor",
    "due_minor",
    "asks",
    "waits",
    "first_billing_date",
    "billed_until",
)


def store_rows(backfill: Backfill, *, deals: Sequence[Foretold]) -> None:
    """In the caller's transaction. A deal that was seen before stands as it was seen last."""
    ids = [one.deal.external_id for one in deals]
    BackfillDeal.objects.filter(backfill=backfill, external_id__in=ids).delete()
    copy_rows(model=BackfillDeal, columns=COLUMNS, rows=[row_of(one, backfill=backfill) for one in deals])


def row_of(one: Foretold, *, backfill: Backfill) -> tuple[Any, ...]:
    contract, billing, value = one.contract, one.billing, one.mapped.value
    invoices = billing.invoices if billing else ()
    return (
        backfill.pk,
        one.deal.external_id,
        printable(one.deal.name, longest=NAME_LENGTH),
        one.deal.url,
        one.deal.account_id,
        one.outcome.value,
        one.code.value if one.code else "",
        one.sentence,
        [problem_json(problem) for problem in one.problems],
        stored(one.warnings),
        contract.customer if contract else "",
        one.customer.value if one.customer else "",
        value.currency if value else "",
        value.minor if value else None,
        contract.span.start if contract else None,
        contract.span.end if contract else None,
        contract.billing_cycle.value if contract else "",
        len(billing.instalments) if billing else 0,
        sum(instalment.is_elsewhere for instalment in billing.instalments) if billing else 0,
        len(invoices),
        sum(invoice.total.minor for invoice in invoices),
        due_of(billing) if billing else 0,
        bool(billing and billing.asks),
        [code.value for code in billing.waits] if billing else [],
        one.first_billing_date,
        one.mapped.billed_until,
    )


def due_of(billing: ForetoldBilling) -> int:
    invoiced = {invoice.sequence for invoice in billing.invoices}
    return sum(row.amount.minor for row in billing.instalments if row.sequence in invoiced)


def earlier_than(backfill: Backfill, *, deals: Sequence[Deal]) -> list[Earlier]:
    """The contracts that the pages so far would have made for the accounts of these deals."""
    made = BackfillDeal.objects.filter(
        backfill=backfill, account_id__in=accounts_of(deals), outcome=Outcome.CREATED
    )
    rows = made.order_by("id").values_list(
        "external_id", "account_id", "customer_name", "value_minor", "currency", "start_date"
    )
    return [
        Earlier(
            external_id=external_id,
            account_id=account_id,
            customer=customer,
            value=Money(minor=minor or 0, currency=currency),
            start_date=start,
        )
        for external_id, account_id, customer, minor, currency, start in rows
        if start is not None
    ]
