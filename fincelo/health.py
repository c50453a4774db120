"""Is it alive? The worker beats once a minute; the page says which part is not well."""

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.db.models.functions import Now
from django.http import HttpRequest, JsonResponse

from fincelo.models import Heartbeat, InvariantCheck

STALE_AFTER = timedelta(minutes=5)
UNCHECKED_AFTER = timedelta(days=2)
WORKER = "worker"
INVARIANTS = "invariants"
FURTHER: dict[str, Callable[[], str]] = {}
"""Parts that apps add when they are ready."""


def beat() -> None:
    Heartbeat.objects.bulk_create(
        [Heartbeat(process=WORKER, beat_at=Now())],
        update_conflicts=True,
        unique_fields=["process"],
        update_fields=["beat_at"],
    )


def invariants() -> str:
    """What the last check came to, while it is recent."""
    last = InvariantCheck.objects.filter(checked_at__gt=Now() - UNCHECKED_AFTER).first()
    if last is None:
        return "unchecked"
    return "violated" if last.findings else "ok"


def parts() -> dict[str, str]:
    """Each part and how it is; `ok` is well."""
    try:
        fresh = Heartbeat.objects.filter(process=WORKER, beat_at__gt=Now() - STALE_AFTER).exists()
        further = {name: ask() for name, ask in FURTHER.items()} | {INVARIANTS: invariants()}
    except DatabaseError:
        unknown = dict.fromkeys([*FURTHER, INVARIANTS], "unknown")
        return {"database": "unreachable", "worker": "unknown"} | unknown
    return {"database": "ok", "worker": "ok" if fresh else "stale"} | further


@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """Rows that break a rule are told here, but no reason to take a process away: that would mend nothing."""
    found = parts()
    well = all(state == "ok" for name, state in found.items() if name != INVARIANTS)
    return JsonResponse(found, status=200 if well else 503)
