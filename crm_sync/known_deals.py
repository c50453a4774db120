"""What is stored of the deals on a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing.models import Invoice
from contracts.models import Contract
from crm_sync.enums import DealState, HoldCode
from crm_sync.models import Connection, CrmDeal

WAITING_LIMIT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDeal:
    """One import record, as far as deciding needs it."""

    id: int
    state: DealState
    fingerprint: str
    contract_id: int | None
    duplicate_accepted: bool


SuspectKey = tuple[int, str, int, date]
"""Customer id, currency, minor units, start date."""


def known_deals(*, org_id: int, external_ids: Sequence[str]) -> dict[str, KnownDeal]:
    rows = CrmDeal.objects.filter(org_id=org_id, external_id__in=external_ids).values_list(
        "external_id", "id", "state", "fingerprint", "contract_id", "duplicate_accepted"
    )
    return {
        external_id: KnownDeal(
            id=key,
            state=DealState(state),
            fingerprint=digest,
            contract_id=contract_id,
            duplicate_accepted=accepted,
        )
        for external_id, key, state, digest, contract_id, accepted in rows
    }


def contracts_of(known: Sequence[KnownDeal]) -> dict[int, Contract]:
    """The contracts of imported deals, locked until the page is written."""
    ids = [deal.contract_id for deal in known if deal.contract_id]
    if not ids:
        return {}
    rows = Contract.objects.select_related("customer").select_for_update(of=("self",)).order_by("id")
    return {row.pk: row for row in rows.filter(pk__in=ids)}


def invoiced_among(contract_ids: Sequence[int]) -> set[int]:
    """Those contracts for which something has been invoiced."""
    if not contract_ids:
        return set()
    return set(
        Invoice.objects.filter(contract_id__in=contract_ids).values_list("contract_id", flat=True).distinct()
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


def deals_without_account(*, connection: Connection) -> list[str]:
    """Held deals that wait for their account, the longest waiting first, as many as one page takes."""
    return list(
        CrmDeal.objects.held()
        .filter(connection=connection, holds__resolved_at=None, holds__code=HoldCode.NO_ACCOUNT)
        .order_by("first_seen_at")
        .values_list("external_id", flat=True)[:WAITING_LIMIT]
    )
