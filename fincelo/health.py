"""Is it alive? The worker beats once a minute; the page says which part is not well."""

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.db.models.functions import Now
from django.http import HttpRequest, JsonResponse

from fincelo.models import Heartbeat

STALE_AFTER = timedelta(minutes=5)
WORKER = "worker"
FURTHER: dict[str, Callable[[], str]] = {}
"""Parts that apps add when they are ready."""


def beat() -> None:
    Heartbeat.objects.bulk_create(
        [Heartbeat(process=WORKER, beat_at=Now())],
        update_conflicts=True,
        unique_fields=["process"],
        update_fields=["beat_at"],
    )


def parts() -> dict[str, str]:
    """Each part and how it is; `ok` is well."""
    try:
        fresh = Heartbeat.objects.filter(process=WORKER, beat_at__gt=Now() - STALE_AFTER).exists()
        further = {name: ask() for name, ask in FURTHER.items()}
    except DatabaseError:
        return {"database": "unreachable", "worker": "unknown"} | dict.fromkeys(FURTHER, "unknown")
    return {"database": "ok", "worker": "ok" if fresh else "stale"} | further


@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    found = parts()
    well = all(state == "ok" for state in found.values())
    return JsonResponse(found, status=200 if well else 503)
