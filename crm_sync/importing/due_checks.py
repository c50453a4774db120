"""Which deals are looked at before their contracts are billed. Billing itself never calls a CRM."""

from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from billing.enums import InstalmentState
from billing.models import Instalment
from contracts.enums import ContractState
from crm_sync.clients.registry import PROVIDERS
from crm_sync.enums import DealState, LeftReason
from crm_sync.models import Connection, CrmDeal, CrmDealQuerySet

A_DAY = timedelta(days=1)
COMES_BACK = (LeftReason.DELETED, LeftReason.ARCHIVED)
RUNNING = (ContractState.AWAITING_APPROVAL, ContractState.SCHEDULED, ContractState.ACTIVE)


def deals_before_billing(*, connection: Connection, as_of: date, at: datetime) -> CrmDealQuerySet:
    """Imported deals with an instalment to be billed by tomorrow. Deleted ones too: they may be restored.

    `as_of`: today in the workspace; `at`: now.
    """
    due = Instalment.objects.filter(
        schedule__contract=OuterRef("contract"),
        state__in=(InstalmentState.PLANNED, InstalmentState.DRAFTED),
        billing_date__lte=as_of + A_DAY,
    )
    runs_on = Q(contract__state__in=RUNNING)
    may_return = Q(
        contract__state=ContractState.SUSPENDED,
        left_reason__in=COMES_BACK,
        left_at__gte=at - restorable_for(),
    )
    return CrmDeal.objects.filter(
        runs_on | may_return, Exists(due), org=connection.org_id, state=DealState.IMPORTED
    ).order_by("pk")


def restorable_for() -> timedelta:
    """So long the most patient of the CRMs' recycle bins keeps a deal."""
    return timedelta(days=max(crm.restorable_days for crm in PROVIDERS.values()))
