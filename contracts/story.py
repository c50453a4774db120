"""The story of a record: what happened to it, told by each app in events."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from operator import attrgetter
from typing import Any

from django.db.models import Model

from contracts.models import AuditEntry

LENGTH = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    at: datetime
    what: str
    who: str = ""
    detail: str = ""
    url: str = ""
    tone: str = "off"
    icon: str = "dot"


def newest_first(*stories: Iterable[Event]) -> list[Event]:
    return sorted(chain(*stories), key=attrgetter("at"), reverse=True)[:LENGTH]


def audit_story(*, subject: Model) -> list[Event]:
    entries = AuditEntry.objects.filter(object_type=subject._meta.label_lower, object_id=subject.pk)
    return [
        Event(
            at=entry.at,
            what=entry.action,
            who=entry.actor_name,
            detail="\n".join([*_differences(entry.before, entry.after), *filter(None, [entry.reason])]),
            icon="pencil",
        )
        for entry in entries.order_by("-id")[:LENGTH]
    ]


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [
        f"{name.replace('_', ' ').capitalize()}: {_shown(before.get(name))} → {_shown(after.get(name))}"
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    ]


def _shown(value: Any) -> str:
    return "empty" if value in (None, "") else str(value)
