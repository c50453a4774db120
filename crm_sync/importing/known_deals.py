"""What is stored of the deals on a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from billing.enums import InvoiceState
from billing.locks import lock_contracts
from billing.models import Invoice
from contracts.models import Contract
from crm_sync.enums import DealState
from crm_sync.mapping.result import MappedDeal
from crm_sync.mapping.rules import NOTHING_DECIDED, Decisions
from crm_sync.models import CrmDeal


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """That a deal is no longer won, and what has come of it. No reason: it is won."""

    reason: str = ""
    at: datetime | None = None
    decision: str = ""


WON = Leaving()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDeal:
    """One import record, as far as deciding needs it."""

    id: int
    external_id: str
    stage: str
    modified_at: datetime
    state: DealState
    fingerprint: str
    contract_id: int | None
    duplicate_accepted: bool
    needs_yes: bool = False
    """Somebody who does not decide what is billed has decided about it."""
    leaving: Leaving = WON
    decisions: Decisions = NOTHING_DECIDED
    billed_until: date | None = None

    @property
    def is_settled(self) -> bool:
        """Still won when it was read last, and not to be read again."""
        states = (DealState.IMPORTED, DealState.HELD, DealState.PREVIEWED, DealState.DISMISSED)
        return self.state in states and not self.leaving.reason

    @property
    def mutable(self) -> tuple[object, ...]:
        """What people and other runs may change."""
        return (
            self.id,
            self.state.value,
            self.fingerprint,
            self.duplicate_accepted,
            self.needs_yes,
            self.leaving.reason,
            self.leaving.decision,
            self.billed_until,
            repr(self.decisions),
        )


SuspectKey = tuple[int, str, int, date]
"""Customer id, currency, minor units, start date."""


def known_deals(*, org_id: int, external_ids: Sequence[str]) -> dict[str, KnownDeal]:
    rows = CrmDeal.objects.filter(org_id=org_id, external_id__in=external_ids)
    return {row.external_id: known_deal(row) for row in rows.only(*COLUMNS)}


def known_deal(row: CrmDeal) -> KnownDeal:
    is_won = not (row.left_reason or row.left_decision)
    return KnownDeal(
        id=row.pk,
        external_id=row.external_id,
        stage=row.stage,
        modified_at=row.modified_at,
        state=DealState(row.state),
        fingerprint=row.fingerprint,
        contract_id=row.contract_id,
        duplicate_accepted=row.duplicate_accepted,
        needs_yes=row.needs_yes,
        leaving=WON
        if is_won
        else Leaving(reason=row.left_reason, at=row.left_at, decision=row.left_decision),
        decisions=decisions_of(row),
        billed_until=row.billed_until,
    )


def decisions_of(row: CrmDeal) -> Decisions:
    if not row.overrides and not row.free_accepted:
        return NOTHING_DECIDED
    entered = {key: entry["value"] for key, entry in sorted(row.overrides.items())}
    return Decisions(overrides=entered, free_accepted=row.free_accepted)


COLUMNS = (
    "external_id",
    "id",
    "stage",
    "modified_at",
    "state",
    "fingerprint",
    "contract_id",
    "duplicate_accepted",
    "needs_yes",
    "free_accepted",
    "overrides",
    "billed_until",
    "left_reason",
    "left_at",
    "left_decision",
)


class DecidedMeanwhile(Exception):
    """A person has decided on one of the deals since they were read."""


def lock_as_read(known: Sequence[KnownDeal]) -> None:
    """Locks import records until the page is written. Raises DecidedMeanwhile if one has changed."""
    if not known:
        return
    rows = CrmDeal.objects.select_for_update().order_by("id").filter(pk__in=[deal.id for deal in known])
    now = {known_deal(row).mutable for row in rows.only(*COLUMNS)}
    if now != {deal.mutable for deal in known}:
        raise DecidedMeanwhile


def contracts_of(known: Sequence[KnownDeal]) -> dict[int, Contract]:
    """The contracts of imported deals, locked until the page is written."""
    ids = [deal.contract_id for deal in known if deal.contract_id]
    if not ids:
        return {}
    lock_contracts(contract_ids=ids)
    return {row.pk: row for row in Contract.objects.select_related("customer").filter(pk__in=ids)}


def customer_names(contract_ids: Sequence[int]) -> dict[int, str]:
    """By contract, before this page brings its customer up to date."""
    if not contract_ids:
        return {}
    rows = Contract.objects.filter(pk__in=contract_ids)
    return dict(rows.values_list("pk", "customer__name"))


def invoiced_among(contract_ids: Sequence[int]) -> set[int]:
    """Those contracts for which something has been invoiced."""
    if not contract_ids:
        return set()
    return set(
        Invoice.objects.filter(contract_id__in=contract_ids)
        .exclude(state=InvoiceState.DRAFT)
        .values_list("contract_id", flat=True)
        .distinct()
    )


def suspects_among(keys: Sequence[SuspectKey]) -> set[SuspectKey]:
    """Those of the keys that a contract has already: same customer, value, currency and start."""
    if not keys:
        return set()
    wanted = set(keys)
    rows = Contract.objects.filter(
        customer_id__in={key[0] for key in wanted}, start_date__in={key[3] for key in wanted}
    ).values_list("customer_id", "currency", "value_minor", "start_date")
    return wanted.intersection(rows)


def settle_questions(mapped: Sequence[MappedDeal], *, known: Mapping[str, KnownDeal]) -> None:
    """The contract waits from now on where somebody has to say yes, so the deal no longer asks."""
    records = (known.get(one.deal.external_id) for one in mapped if one.contract is not None)
    if asking := [record.id for record in records if record and record.needs_yes]:
        CrmDeal.objects.filter(pk__in=asking).update(needs_yes=False)
