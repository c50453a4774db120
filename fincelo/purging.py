"""Deletes rows that have no more use, a few thousand at a time, so that no table grows for ever."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Model, Q
from django.db.models.functions import Now

AT_ONCE = 5_000
ROUNDS = 40
"""Of AT_ONCE rows each, for one table in one go. The next go deletes the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long the rows of a table are kept after the moment in one of its columns."""

    model: type[Model]
    column: str
    kept_for: timedelta


def purge(*, rule: Retention) -> int:
    """Deletes what is older; answers how many rows went. Rows that are locked wait for the next go."""
    old = Q((f"{rule.column}__lt", Now() - rule.kept_for))
    gone = 0
    for _ in range(ROUNDS):
        with transaction.atomic():
            rows = rule.model._default_manager.filter(old).order_by(rule.column)
            keys = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True)[:AT_ONCE])
            rule.model._default_manager.filter(pk__in=keys).delete()
        gone += len(keys)
        if len(keys) < AT_ONCE:
            break
    return gone
