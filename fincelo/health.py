"""Is it well? The worker beats once a minute; each part says how it is, to people and to monitors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.decorators import login_not_required
from django.db import Error
from django.db.models.functions import Now
from django.http import HttpRequest, JsonResponse

from fincelo.background import Lane, task
from fincelo.database_errors import fault_of, tell, words
from fincelo.models import Heartbeat
from fincelo.rights import open_to_anybody

WORKER = Heartbeat.WORKER
WELL = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What happened, why it matters, and the cure: a sentence, or a page."""

    what: str
    why: str
    cure: str = ""
    label: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One of several of a kind, as a connection is."""

    label: str
    state: str
    told: str = ""
    at: datetime | None = None
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    name: str
    """By which /healthz calls it."""
    label: str
    state: str = WELL
    told: str = ""
    at: datetime | None = None
    """When what is told was so."""
    url: str = ""
    details: Sequence[Detail] = ()
    troubles: Sequence[Trouble] = ()
    is_vital: bool = False
    """Monitors are to raise an alarm, and what balances load is to take another process."""


_registered: list[tuple[str, Callable[[], Part]]] = []


def register(*, name: str, ask: Callable[[], Part]) -> None:
    """Adds a part, which apps do when they are ready."""
    _registered.append((name, ask))


@task(lane=Lane.CORE, label="Sign of life", schedule="heartbeat", minutes=1)
def beat() -> None:
    Heartbeat.objects.bulk_create(
        [Heartbeat(process=WORKER, beat_at=Now())],
        update_conflicts=True,
        unique_fields=["process"],
        update_fields=["beat_at"],
    )


def parts() -> list[Part]:
    """Every part and how it is. Without a database nothing else can be told."""
    try:
        return [ask() for _, ask in _registered]
    except Error as error:
        tell(error, doing="Asking how Fincelo is")
        what, cure = words(error)
        away = Part(
            name="database",
            label="Database",
            state="unreachable" if fault_of(error).passes else "failing",
            troubles=[Trouble(what=what, why="Nothing else can be told, and nothing works.", cure=cure)],
            is_vital=True,
        )
        unknown = [Part(name=name, label=name, state="unknown") for name, _ in _registered]
        return [away, *(part for part in unknown if part.name != away.name)]


@open_to_anybody
@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """What is not vital is told here, but no reason to take a process away: that would mend nothing."""
    found = parts()
    well = all(part.state == WELL for part in found if part.is_vital)
    return JsonResponse({part.name: part.state for part in found}, status=200 if well else 503)
