"""Who decides what is billed. What others decide waits for them before a first invoice."""

from collections.abc import Mapping, Sequence

from django.contrib.auth.models import AbstractBaseUser

from crm_sync.known_deals import KnownDeal
from crm_sync.mapped import MappedDeal
from crm_sync.models import CrmDeal

DECIDES_BILLING = "contracts.approve_contract"


def decides_billing(actor: AbstractBaseUser | None) -> bool:
    """Commands and tasks act for whoever runs the machine."""
    return actor is None or actor.has_perm(DECIDES_BILLING)  # type: ignore[attr-defined]


def settle_questions(mapped: Sequence[MappedDeal], *, known: Mapping[str, KnownDeal]) -> None:
    """The contract waits from now on where somebody has to say yes, so the deal no longer asks."""
    records = (known.get(one.deal.external_id) for one in mapped if one.contract is not None)
    if asking := [record.id for record in records if record and record.needs_yes]:
        CrmDeal.objects.filter(pk__in=asking).update(needs_yes=False)
