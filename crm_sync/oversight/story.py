"""What a sync tells of a contract."""

from itertools import zip_longest

from django.db.models import Q
from django.urls import reverse

from contracts.story import LENGTH, Event
from crm_sync.enums import Outcome
from crm_sync.models import CrmDeal, SyncRecord
from fincelo.states import MARKS

WORDS = {
    Outcome.CREATED: "Contract created from the deal",
    Outcome.UPDATED: "Contract updated from the deal",
    Outcome.HELD: "Deal held",
    Outcome.SUSPENDED: "Contract suspended: the deal is no longer won",
    Outcome.REFUSED: "Change of the deal refused",
    Outcome.PREVIEWED: "Change of the deal previewed",
    Outcome.FAILED: "Deal could not be stored",
}


def sync_story(*, deal: CrmDeal) -> list[Event]:
    records = (
        SyncRecord.objects.filter(Q(crm_deal=deal) | Q(crm_deal__merged_into=deal))
        .exclude(outcome=Outcome.UNCHANGED)
        .select_related("run__connection", "run__actor")
        .order_by("-id")[:LENGTH]
    )
    return [_event(record) for record in _told_once(list(records))]


def _told_once(records: list[SyncRecord]) -> list[SyncRecord]:
    """Newest first. A deal that was read again and is held for the same tells it the first time only."""
    return [
        record
        for record, before in zip_longest(records, records[1:])
        if before is None
        or record.outcome != Outcome.HELD
        or (before.outcome, before.problems) != (record.outcome, record.problems)
    ]


def _event(record: SyncRecord) -> Event:
    run = record.run
    mark = MARKS[record.outcome]
    changes = [
        f"{change['field']}: {change['old'] or 'empty'} → {change['new'] or 'empty'}"
        for change in record.changes
    ]
    return Event(
        at=record.created_at,
        what=WORDS[Outcome(record.outcome)],
        who=f"{run.actor.get_username()}, {run.connection}" if run.actor else str(run.connection),
        detail=record.sentence or "\n".join(changes),
        url=reverse("sync-run", args=[run.pk]),
        tone=mark.tone,
        icon=mark.icon,
    )
