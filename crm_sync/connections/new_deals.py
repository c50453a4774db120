"""The new contracts of the last hour, by the database's clock: what counts towards a connection's question.

Counted is what a connection has imported automatically and nobody has been asked about. An answer covers all
that came before it, so a lot that was asked about counts once. A run writes alone for its connection, so its
records come in the order of their keys, and the last one that an answer covers is enough to know them.
"""

from datetime import datetime, timedelta

from django.db.models import Exists, F, Max, Min, OuterRef, QuerySet
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from billing.enums import InvoiceState, WaitCode
from billing.models import BillingWait, Invoice
from contracts.models import Contract, ContractQuerySet
from crm_sync.enums import Outcome
from crm_sync.models import BackfillDeal, Connection, CrmDeal, SyncRecord

COUNTED_FOR = timedelta(hours=1)
Moment = datetime | CombinedExpression
LONGEST_RUN = timedelta(days=1)
"""No run is at work for longer. It keeps the search for its records short."""


def counted(*, connection: Connection) -> ContractQuerySet:
    """Those of the last hour, whatever has become of them; without what a confirmed import has shown."""
    return contracts_since(connection=connection, since=Now() - COUNTED_FOR)


def counted_before_asking(*, connection: Connection) -> ContractQuerySet:
    """Those of the hour before the connection began to ask, and all since; none while it does not."""
    waits = BillingWait.objects.filter(
        code=WaitCode.MANY_DEALS,
        contract__crm_deal__connection=connection,
        contract__in=Contract.objects.suspendable(),
    )
    asked_at = waits.aggregate(asked_at=Min("since"))["asked_at"]
    if asked_at is None:
        return Contract.objects.none()
    return contracts_since(connection=connection, since=asked_at - COUNTED_FOR)


def contracts_since(*, connection: Connection, since: Moment) -> ContractQuerySet:
    records = created_by(connection, since=since).filter(pk__gt=F("run__connection__answered_record"))
    shown = BackfillDeal.objects.filter(
        backfill__connection=connection,
        backfill__import_started_at__isnull=False,
        external_id=OuterRef("external_id"),
        outcome=Outcome.CREATED,
    )
    deals = CrmDeal.objects.filter(pk__in=records.values("crm_deal")).exclude(Exists(shown))
    return Contract.objects.filter(pk__in=deals.values("contract"))


def created_by(connection: Connection, *, since: Moment) -> QuerySet[SyncRecord]:
    return SyncRecord.objects.filter(
        run__connection=connection,
        run__started_at__gt=since - LONGEST_RUN,
        outcome=Outcome.CREATED,
        created_at__gt=since,
    )


def newest_record(*, connection: Connection) -> int:
    """The last record of what would count: what an answer that is given now covers."""
    records = created_by(connection, since=Now() - COUNTED_FOR)
    newest: int | None = records.aggregate(newest=Max("pk"))["newest"]
    return max(newest or 0, connection.answered_record)


def invoiced_of(contracts: ContractQuerySet) -> list[Invoice]:
    """What has been invoiced of them and still holds, the oldest first."""
    invoices = Invoice.objects.filter(contract__in=contracts).exclude(
        state__in=[InvoiceState.DRAFT, InvoiceState.VOID]
    )
    return list(invoices.select_related("contract").order_by("pk"))
