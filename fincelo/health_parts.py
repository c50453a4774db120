"""How the machinery is: database, worker, its schedules and queue, disk, and what is stored as a whole."""

import shutil
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.template.defaultfilters import filesizeformat
from django_q.models import Failure, Schedule

from fincelo import lanes
from fincelo.background import Lane
from fincelo.database_errors import Fault, fault_of, tell, words
from fincelo.health import WELL, WORKER, Detail, Part, Trouble, register
from fincelo.lanes import LaneReport, LaneState
from fincelo.models import Heartbeat, InvariantCheck, InvariantResult

STALE_AFTER = timedelta(minutes=5)
LATE_AFTER = timedelta(minutes=15)
UNCHECKED_AFTER = timedelta(days=2)
A_DAY = timedelta(days=1)
WRITTEN_WITHIN = timedelta(minutes=2)
STORAGE = "storage"
LEAST_FREE = 0.05
STARTS_WORKER = "Start the worker, or restart it: manage.py work."
WORST_LANE = [LaneState.OK, LaneState.BUSY, LaneState.FROZEN]
LANE_LABELS = {
    Lane.CORE: "Billing, mail, alarms and checks",
    Lane.CRM: "Polls and what people asked to be read",
    Lane.LONG: "Previews, sweeps and the tie-out",
}
BUSY_WORKER = Trouble(
    what="The worker is busy: its sign of life waits behind other tasks.",
    why="Billing, mail and alarms come later than usual. Nothing is lost.",
    cure="Restart nothing. If it continues, see which task takes long in the worker's log.",
)


def database() -> Part:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), pg_database_size(current_database()), now()"
        )
        version, size, at = cursor.fetchone()
    told = f"PostgreSQL {version.split()[0]} answers and holds {filesizeformat(size)}."
    return Part(name="database", label="Database", told=told, at=at, is_vital=True)


def storage() -> Part:
    """Whether the database can write: the worker's heartbeat says so, or one small write of our own."""
    try:
        if not Heartbeat.objects.filter(beat_at__gt=Now() - WRITTEN_WITHIN).exists():
            with transaction.atomic():
                note_write()
    except Error as error:
        if fault_of(error) is not Fault.STORAGE:
            raise
        tell(error, doing="A write of the health page")
        what, cure = words(error)
        trouble = Trouble(what=what, why="No deal is imported and no invoice issued until it can.", cure=cure)
        return Part(name="storage", label="Storage", state="full", troubles=[trouble], is_vital=True)
    return Part(name="storage", label="Storage", told="The database can write.", is_vital=True)


def note_write() -> None:
    Heartbeat.objects.bulk_create(
        [Heartbeat(process=STORAGE, beat_at=Now())],
        update_conflicts=True,
        unique_fields=["process"],
        update_fields=["beat_at"],
    )


def worker() -> Part:
    beats = Heartbeat.objects.filter(process=WORKER)
    last = beats.aggregate(at=Max("beat_at"))["at"]
    if beats.filter(beat_at__gt=Now() - STALE_AFTER).exists():
        return Part(
            name=WORKER, label="Worker", told="It gives a sign of life every minute.", at=last, is_vital=True
        )
    if any(one.lane is Lane.CORE and one.is_at_work for one in lanes.look()):
        return Part(name=WORKER, label="Worker", state="busy", at=last, troubles=[BUSY_WORKER])
    trouble = Trouble(
        what="The worker gives no sign of life." if last else "The worker has never given a sign of life.",
        why="Nothing is synced, billed or mailed automatically until it runs.",
        cure=STARTS_WORKER,
    )
    return Part(name=WORKER, label="Worker", state="stale", at=last, troubles=[trouble], is_vital=True)


def schedule() -> Part:
    late = list(
        Schedule.objects.filter(next_run__lt=Now() - LATE_AFTER)
        .order_by("name")
        .values_list("name", "next_run")
    )
    if not late:
        return Part(name="schedule", label="Schedule", told="Every task was started when it was due.")
    names = ", ".join(name for name, _ in late)
    trouble = Trouble(
        what=f"Tasks that should have been started long ago: {names}.",
        why="What they do automatically is not done: the worker does not get to them, or is stopped.",
        cure=STARTS_WORKER,
    )
    return Part(
        name="schedule", label="Schedule", state="late", at=min(at for _, at in late), troubles=[trouble]
    )


def queue() -> Part:
    """What waits, lane by lane, and what failed within a day."""
    found = lanes.look()
    failures = Failure.objects.filter(stopped__gt=Now() - A_DAY)
    names = sorted(set(failures.values_list("func", flat=True)))
    troubles = [trouble for one in found if (trouble := _lane_trouble(one))]
    state = max((one.state for one in found), key=WORST_LANE.index)
    if names:
        troubles.append(_failing(names))
    last = failures.aggregate(at=Max("stopped"))["at"]
    waiting = sum(one.waiting for one in found)
    return Part(
        name="queue",
        label="Queue",
        state="failing" if names and state is not LaneState.FROZEN else state,
        told=f"{waiting:,} {'task waits' if waiting == 1 else 'tasks wait'} for the worker.",
        at=last if names else None,
        details=[
            Detail(label=LANE_LABELS[one.lane], state=one.state, told=_waiting(one), at=one.oldest_at)
            for one in found
        ],
        troubles=troubles,
    )


def _waiting(one: LaneReport) -> str:
    if not one.waiting:
        return "Nothing waits."
    return f"{one.waiting:,} {'waits' if one.waiting == 1 else 'wait'}, the oldest since the time shown."


def _lane_trouble(one: LaneReport) -> Trouble | None:
    label = LANE_LABELS[one.lane]
    if one.state is LaneState.FROZEN:
        return Trouble(
            what=f"{label}: tasks wait, and none begins or ends.",
            why="Nothing of this kind is done until the lane works again.",
            cure="The worker restarts it within ten minutes. If it does not: manage.py work.",
        )
    if one.state is LaneState.BUSY:
        return Trouble(
            what=f"{label}: {one.waiting:,} wait, the oldest for longer than usual. The lane works.",
            why="What waits is done later. Nothing of it is lost.",
            cure="Restart nothing. If it continues, see which task takes long in the worker's log.",
        )
    return None


def _failing(names: Sequence[str]) -> Trouble:
    return Trouble(
        what=f"Tasks that failed within a day: {', '.join(names)}.",
        why="They are tried again automatically, but what fails each time is never done.",
        cure="The worker's log has the traceback of each.",
    )


def disk() -> Part:
    folder = settings.VAR_DIR if settings.VAR_DIR.exists() else settings.BASE_DIR
    usage = shutil.disk_usage(folder)
    told = f"{filesizeformat(usage.free)} of {filesizeformat(usage.total)} are free."
    if usage.free >= LEAST_FREE * usage.total:
        return Part(name="disk", label="Disk", told=told)
    trouble = Trouble(
        what=f"The disk is nearly full: {told}",
        why="A database that cannot write stops, and with it everything else.",
        cure="Free some space, or give the machine more.",
    )
    return Part(name="disk", label="Disk", state="low", troubles=[trouble])


def invariants() -> Part:
    """What the last check came to, while it is recent."""
    last = InvariantCheck.objects.first()
    broken = list(InvariantResult.objects.exclude(count=0).order_by("name"))
    failed = list(InvariantResult.objects.exclude(problem="").order_by("name"))
    recent = InvariantCheck.objects.filter(checked_at__gt=Now() - UNCHECKED_AFTER).exists()
    troubles = [
        Trouble(
            what=f"{result.number} {_words(result.name)}: {result.sentences[0]}"
            + (f" And {result.count - 1:,} more." if result.count > 1 else ""),
            why="What is stored breaks a rule that must always hold.",
            cure="manage.py check_invariants prints every line.",
        )
        for result in broken
    ] + [
        Trouble(
            what=f"{result.number} {_words(result.name)}: {result.problem}",
            why="A rule that is not asked may be broken without anybody knowing.",
            cure="Run manage.py check_invariants when the machine has time.",
        )
        for result in failed
    ]
    state = "violated" if broken else WELL if recent and not failed else "unchecked"
    if not recent:
        troubles.append(
            Trouble(
                what="What is stored was not checked as a whole for two days.",
                why="Something wrong would not be noticed.",
                cure="The worker checks each night. Check now with manage.py check_invariants.",
            )
        )
    asked = InvariantResult.objects.count()
    return Part(
        name="invariants",
        label="Rules of what is stored",
        state=state,
        told=f"{asked} rules are checked each night. Broken: {len(broken) or 'none'}." if asked else "",
        at=last.checked_at if last else None,
        troubles=troubles,
        details=[
            Detail(
                label=f"{result.number} {_words(result.name)}",
                state="violated" if result.count else "unchecked" if result.problem else WELL,
                told=" ".join(result.sentences[:3]) or result.problem,
                at=result.checked_at,
            )
            for result in sorted(
                InvariantResult.objects.all(), key=lambda one: (int(one.number[1:]), one.name)
            )
        ],
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def register_all() -> None:
    for name, ask in {
        "database": database,
        "storage": storage,
        "worker": worker,
        "schedule": schedule,
        "queue": queue,
        "disk": disk,
        "invariants": invariants,
    }.items():
        register(name=name, ask=ask)
