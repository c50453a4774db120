"""What is billed comes from HubSpot's store. Its search index only says which deals there are."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from contracts.models import Contract
from crm_sync.enums import RunTrigger
from crm_sync.importing.fetching import Order
from crm_sync.importing.rereading import read_everything, read_since
from crm_sync.models import BackfillDeal, Connection
from crm_sync.previews.dry_run import preview
from crm_sync.previews.first_import.task import begin_import, begin_preview, go_on
from crm_sync.sync import sync
from demo.hubspot.portal import Portal
from tests.crm_sync.clients.portals import NOON, StandingClock
from tests.crm_sync.conftest import IMPORT_FROM
from tests.crm_sync.sales import TODAY, sell_in_hubspot

A_MOMENT, HOURS = timedelta(seconds=5), timedelta(hours=3)
Path = Callable[[Connection, str], None]


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def portal(clock: StandingClock) -> Portal:
    return Portal(clock=clock)


def run(connection: Connection, deal: str = "", *, trigger: RunTrigger = RunTrigger.COMMAND) -> None:
    connection.refresh_from_db()
    ids = (deal,) if trigger is RunTrigger.REPLAY else ()
    done = sync(connection=connection, order=Order(trigger=trigger, as_of=TODAY, external_ids=ids))
    assert done.state == "done", done.error


def full(connection: Connection, deal: str) -> None:
    connection.refresh_from_db()
    read_everything(connection=connection, actor=None)
    run(connection)


def since(connection: Connection, deal: str) -> None:
    connection.refresh_from_db()
    read_since(connection=connection, since=NOON - timedelta(days=1), actor=None)
    run(connection)


def previewed(connection: Connection, deal: str) -> None:
    """The import comes to what its preview has told."""
    connection.refresh_from_db()
    found = begin_preview(
        connection=connection, import_from=IMPORT_FROM, billed_until=None, as_of=TODAY, actor=None
    )
    go_on(backfill_id=found.pk, at=NOON, may_continue=lambda: True)
    found.refresh_from_db()
    foretold = set(BackfillDeal.objects.filter(outcome="created").values_list("external_id", flat=True))
    before = Contract.objects.count()
    begin_import(backfill=found, at=timezone.now(), actor=None)
    run(connection)
    assert Contract.objects.count() == before + len(foretold)


def dry(connection: Connection, deal: str) -> None:
    """A dry run tells what the run after it does."""
    connection.refresh_from_db()
    order = Order(trigger=RunTrigger.COMMAND, as_of=TODAY)
    foretold = preview(connection=connection, order=order, at=NOON).outcomes
    before = Contract.objects.count()
    run(connection)
    assert Contract.objects.count() == before + foretold["created"]


FIRST: dict[str, Path] = {"first import": run, "preview": previewed, "dry run": dry}
LATER: dict[str, Path] = {
    "poll": run,
    "full": full,
    "since": since,
    "preview": previewed,
    "by id": lambda connection, deal: run(connection, deal, trigger=RunTrigger.REPLAY),
    "sweep": lambda connection, deal: run(connection, deal, trigger=RunTrigger.SWEEP),
}


def values() -> list[int]:
    return list(Contract.objects.values_list("value_minor", flat=True))


@pytest.mark.parametrize("path", FIRST)
@pytest.mark.parametrize("seconds", [10, 30, 120, 1200])
def test_deal_that_was_opened_again_is_not_imported(
    hubspot: Connection, portal: Portal, clock: StandingClock, path: str, seconds: int
) -> None:
    deal = sell_in_hubspot(portal)
    clock.move(A_MOMENT)
    with portal.indexed_after(minutes=seconds / 60):
        portal.update_deal(deal, dealstage="contractsent")
    clock.move(timedelta(seconds=1))

    FIRST[path](hubspot, deal)

    assert values() == []


@pytest.mark.parametrize("path", FIRST)
def test_first_import_takes_the_amount_of_the_store(
    hubspot: Connection, portal: Portal, clock: StandingClock, path: str
) -> None:
    deal = sell_in_hubspot(portal, amount="100")
    clock.move(A_MOMENT)
    with portal.indexed_after(minutes=5):
        portal.update_deal(deal, amount="999")
    clock.move(A_MOMENT)

    FIRST[path](hubspot, deal)

    assert values() == [99_900]


@pytest.mark.parametrize("path", LATER)
def test_contract_keeps_what_the_store_has(
    hubspot: Connection, portal: Portal, clock: StandingClock, path: str
) -> None:
    """Imported at 100; the index is at 250 while the store has 300, which was read by name."""
    deal = sell_in_hubspot(portal, amount="100")
    clock.move(HOURS)
    run(hubspot)
    portal.update_deal(deal, amount="250")
    clock.move(A_MOMENT)
    with portal.indexed_after(minutes=10):
        portal.update_deal(deal, amount="300")
    run(hubspot, deal, trigger=RunTrigger.REPLAY)
    clock.move(A_MOMENT)

    LATER[path](hubspot, deal)

    assert values() == [30_000]


@pytest.mark.parametrize("path", LATER)
@pytest.mark.parametrize(("shown", "truth"), [("open", "won"), ("won", "open")])
def test_contract_follows_the_stage_of_the_store(
    hubspot: Connection, portal: Portal, clock: StandingClock, path: str, shown: str, truth: str
) -> None:
    stages = {"won": "closedwon", "open": "contractsent"}
    deal = sell_in_hubspot(portal)
    clock.move(HOURS)
    run(hubspot)
    portal.update_deal(deal, dealstage=stages[shown], dealname="Shown")
    clock.move(A_MOMENT)
    with portal.indexed_after(minutes=10):
        portal.update_deal(deal, dealstage=stages[truth], closedate=f"{TODAY}T17:00:00Z")
    clock.move(A_MOMENT)

    LATER[path](hubspot, deal)

    assert Contract.objects.get().state == ("active" if truth == "won" else "suspended")


@pytest.mark.parametrize("minutes", [1, 20, 50])
def test_deal_that_the_index_does_not_call_won_yet_is_imported_once_it_does(
    hubspot: Connection, portal: Portal, clock: StandingClock, minutes: int
) -> None:
    deal = sell_in_hubspot(portal, dealstage="contractsent")
    clock.move(A_MOMENT)
    with portal.indexed_after(minutes=minutes):
        portal.update_deal(deal, dealstage="closedwon", closedate=f"{TODAY}T17:00:00Z")
    clock.move(A_MOMENT)
    run(hubspot)
    assert values() == []
    portal.update_deal(sell_in_hubspot(portal, amount="7"), amount="8")  # the cursor moves on

    for _ in range(12):
        clock.move(timedelta(minutes=5))
        run(hubspot)

    assert sorted(values()) == [800, 120_000]
