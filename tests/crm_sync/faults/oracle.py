"""What has to hold after a poll that went wrong, and after the ones that follow it."""

import re
from dataclasses import dataclass

from crm_sync.clients import http
from crm_sync.models import SyncRun
from tests.crm_sync.faults.canaries import leaks
from tests.crm_sync.faults.worlds import Dump, World, dump, rewound

SENTENCES = re.compile(r"\w.+[.] [A-Z].+[.]", re.DOTALL)
SPARE_REQUESTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Undisturbed:
    """What a poll of the changes comes to without a fault, what was there before, and its requests."""

    before: Dump
    after: Dump
    requests: int


def undisturbed(world: World) -> Undisturbed:
    before = dump()
    with rewound(world):
        assert world.run().state == "done"
        requests = len(world.server.requests)
        return Undisturbed(before=before, after=dump(), requests=requests)


def check_struck(world: World, run: SyncRun, *, quiet: Undisturbed) -> None:
    """Right after it: an end in words, few requests, no half rows."""
    assert ended_in_words(run), (run.state, run.error)
    assert len(world.server.requests) <= http.TRIES * quiet.requests + SPARE_REQUESTS
    assert strangers(dump(), quiet=quiet) == []


def check_healed(world: World, run: SyncRun, *, quiet: Undisturbed) -> None:
    """After the next run: all that an undisturbed poll finds, and no call elsewhere."""
    assert (run.state, dump()) == ("done", quiet.after)
    assert set(world.watch.reached) <= {(world.server.host, world.server.port)}


def check_silent(world: World) -> None:
    assert leaks(secrets=world.secrets(), words=world.watch.words) == []


def ended_in_words(run: SyncRun) -> bool:
    """Done, or failed with what happened and the next step; never our own bug."""
    return run.state == "done" or (run.state == "failed" and SENTENCES.fullmatch(run.error) is not None)


def strangers(found: Dump, *, quiet: Undisturbed) -> list[object]:
    """Rows that were neither there before nor belong to the end: halves, twins, inventions."""
    return [
        (name, row)
        for name, rows in found.items()
        for row in rows
        if row not in quiet.before[name] and row not in quiet.after[name]
    ]
