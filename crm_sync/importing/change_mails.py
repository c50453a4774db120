"""The mail to finance on CRM changes after billing: one a day at most, and each change is told once.

Whether a change was told stands in its row. What comes later on a day waits for the first run of the next.
"""

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse

from billing.changing.listing import open_changes, shown
from billing.models import ContractChange
from billing.models.changes import ContractChangeQuerySet
from contracts.clock import business_day
from contracts.sentences import quoted
from contracts.workspace import time_zone, zone_of
from crm_sync import runs
from crm_sync.connections.held_summary import one_line
from crm_sync.enums import AlertKind
from crm_sync.models import Alert, SyncRun

MOST_NAMED = 100


def tell_of_changes(*, run: SyncRun) -> None:
    """At the end of a run."""
    if not untold(run).exists() or was_told_today(run):
        return
    with transaction.atomic(durable=True):
        runs.fence(run=run)
        changes = list(open_changes().filter(pk__in=untold(run).values("pk"))[: MOST_NAMED + 1])
        count = untold(run).update(told_at=Now())
        many = f"{count:,} contracts" if count > 1 else "1 contract"
        lines = "\n".join(
            f"- {quoted(one_line(str(one.contract)))}: "
            + ", ".join(f"{field.label} {field.contract_says} -> {field.crm_says}" for field in one.fields)
            for one in shown(changes[:MOST_NAMED])
        )
        more = f"\nAnd {count - MOST_NAMED:,} more.\n" if count > MOST_NAMED else ""
        Alert.objects.create(
            connection_id=run.connection_id,
            kind=AlertKind.CHANGED,
            subject=f"Fincelo: the CRM and {many} disagree after billing"[:200],
            body=(
                f"{one_line(run.connection.name)} says something else than {many} that have been invoiced. "
                f"They stay as they are until somebody has decided.\n\n{lines}\n{more}\n"
                f"See: {settings.PUBLIC_URL}{reverse('changes')}\n"
            ),
        )


def untold(run: SyncRun) -> ContractChangeQuerySet:
    return ContractChange.objects.open().filter(
        told_at=None, contract__crm_deal__connection=run.connection_id
    )


def was_told_today(run: SyncRun) -> bool:
    latest = (
        Alert.objects.filter(connection=run.connection_id, kind=AlertKind.CHANGED).order_by("-pk").first()
    )
    return latest is not None and latest.created_at.astimezone(zone_of(time_zone())).date() == business_day()
