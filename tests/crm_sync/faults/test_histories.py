"""Random changes and random faults, 200 histories to a CRM: each poll that is disturbed is caught up with.

HISTORY_SEED repeats a run: the seed stands in the message of a failure.
"""

import os
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from tests.crm_sync.faults.canaries import every_word
from tests.crm_sync.faults.kinds import KINDS, Kind
from tests.crm_sync.faults.oracle import check_healed, check_silent, check_struck, undisturbed
from tests.crm_sync.faults.worlds import HubSpotWorld, Position, SalesforceWorld, Watch, World, dump, prepared

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
PARTS = range(8)
HISTORIES = 12
"""In each part, which is one transaction: rows that change all the time grow slow in a long one."""
SEED = int(os.environ.get("HISTORY_SEED", "0")) or random.randrange(1, 10**9)
ROW_OF_NOBODY = '"results":[{}]'
"""In an answer to a batch it holds the deals, which `bad_answers` looks at: no row of that is a stranger."""
NO_ROWS = '"results":[]'
"""A batch that shows no row is believed, as no answer of HubSpot tells it from one without any."""
FAULTS = [
    one
    for one in KINDS.values()
    if not (one.is_slow or one.is_big or one.hides_rows or NO_ROWS in one.parameters.get("text", ""))
]


@pytest.mark.parametrize("part", PARTS)
def test_salesforce_histories(part: int) -> None:
    tell(SalesforceWorld, seed=SEED + part)


@pytest.mark.parametrize("part", PARTS)
def test_hubspot_histories(part: int) -> None:
    tell(HubSpotWorld, seed=SEED + part)


def tell(kind: type[SalesforceWorld] | type[HubSpotWorld], *, seed: int) -> None:
    with every_word() as words:
        world = kind(watch=Watch(words=words))
        with prepared(world):
            tell_all(world, positions=list(kind.positions.values()), seed=seed)
            check_silent(world)


def tell_all(world: World, *, positions: Sequence[Position], seed: int) -> None:
    dice = random.Random(seed)
    deals: list[str] = []
    for number in range(HISTORIES):
        for _ in range(dice.randint(1, 4)):
            change(world, deals=deals, dice=dice)
        struck = disturb(world, positions=positions, dice=dice)
        note = f"HISTORY_SEED={SEED}, history {number} of the part {seed - SEED}: {struck}"
        with told(note):
            play(world, is_expired=dice.random() < 0.3)


def change(world: World, *, deals: list[str], dice: random.Random) -> None:
    """A deal more, or another state of one that is there. Only the latest are changed: pages stay small."""
    kind = dice.choice(["sell", "sell", "price", "leave", "win", "rename"])
    if kind == "sell" or not deals:
        deals.append(world.sell(amount=dice.choice([None, 100, 1200, 98765])))
    else:
        world.edit(dice.choice(deals[-12:]), kind=kind, amount=dice.randint(1, 9999))


def disturb(
    world: World, *, positions: Sequence[Position], dice: random.Random
) -> list[tuple[str, str, str]]:
    struck: list[tuple[str, str, str]] = []
    for _ in range(dice.randint(1, 2)):
        fault: Kind = dice.choice(FAULTS)
        endpoint = dice.choice(positions).endpoint
        if ROW_OF_NOBODY in fault.parameters.get("text", "") and "batch/read" in endpoint:
            continue
        times = fault.times or dice.choice([1, 2, 3, None])
        world.server.faults.add(
            fault.behaviour, endpoint=endpoint, nth=dice.randint(1, 3), times=times, **fault.parameters
        )
        struck.append((fault.behaviour, str(dict(fault.parameters)), endpoint))
    return struck


def play(world: World, *, is_expired: bool) -> None:
    rules = world.server.faults.rules
    world.server.faults.clear()
    quiet = undisturbed(world)
    for rule in rules:
        world.server.faults.add(
            rule["behaviour"],
            **{name: rule[name] for name in ("endpoint", "nth", "times")},
            **rule["parameters"],
        )
    world.forget()
    if is_expired:
        world.expire()

    run = world.run()

    check_struck(world, run, quiet=quiet)
    world.server.faults.clear()
    is_whole = run.state == "done" and dump() == quiet.after
    check_healed(world, run if is_whole else world.heal(), quiet=quiet)
    world.later()


@contextmanager
def told(note: str) -> Iterator[None]:
    """A failure says how to repeat it."""
    try:
        yield
    except AssertionError as failure:
        failure.add_note(note)
        raise
