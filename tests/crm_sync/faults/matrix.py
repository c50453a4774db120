"""One case of the fault matrix: a poll that is struck, and the runs after it."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from crm_sync.clients import http
from demo.salesforce.refusals import GRANT_REFUSALS
from tests.crm_sync.faults.kinds import Kind
from tests.crm_sync.faults.oracle import Undisturbed, check_healed, check_silent, check_struck
from tests.crm_sync.faults.worlds import Position, World, rewound


def cases(kinds: dict[str, Kind], positions: dict[str, Position], *, usual: str) -> list[tuple[str, str]]:
    """Every kind at every place. Variants at the usual one; refusals of a sign-in where tokens are given out."""
    found = []
    for name, kind in kinds.items():
        is_grant = str(kind.parameters.get("name")) in GRANT_REFUSALS
        places = positions if kind.is_everywhere else ["token" if is_grant else usual]
        found += [
            (name, place) for place in places if not (kind.hides_rows and positions[place].may_lack_rows)
        ]
    return found


@contextmanager
def shortened(kind: Kind) -> Iterator[None]:
    """Deadlines and limits as the kind needs them, for the struck run alone: what heals it may take its time."""
    with pytest.MonkeyPatch.context() as patch:
        if kind.is_slow:
            patch.setattr(http, "READ_SECONDS", 0.1)
            patch.setattr(http, "DEADLINE_SECONDS", 0.1)
        if kind.is_big:
            patch.setattr(http, "BODY_LIMIT", 2 * 1024 * 1024)
        yield


def strike(world: World, kind: Kind, position: Position, quiet: Undisturbed) -> None:
    with rewound(world):
        world.watch.words.lines.clear()
        if position.is_renewal:
            world.expire()
        world.server.faults.add(
            kind.behaviour, endpoint=position.endpoint, nth=position.nth, times=kind.times, **kind.parameters
        )

        with shortened(kind):
            run = world.run()

        assert [rule["struck"] > 0 for rule in world.server.faults.rules] == [True]
        assert run.state == "failed" or not kind.ends_run
        check_struck(world, run, quiet=quiet)
        healed = world.heal()
        check_healed(world, world.sweep() if kind.hides_rows else healed, quiet=quiet)
        check_silent(world)


def refuse_connections(world: World, *, quiet: Undisturbed) -> None:
    """Nobody listens at the address of the CRM."""

    def refused(self: socket.socket, address: Any) -> None:
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    with rewound(world):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket.socket, "connect", refused)
            run = world.run()

        assert (run.state, run.api_calls, world.server.requests) == ("failed", http.TRIES, [])
        check_struck(world, run, quiet=quiet)
        check_healed(world, world.heal(), quiet=quiet)
