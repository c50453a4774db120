"""A short answer is not the end: what was announced and not shown fails the run, and the cursor stays."""

from collections.abc import Callable
from typing import Any

import pytest

from contracts.models import Contract
from crm_sync.enums import RunTrigger
from crm_sync.importing.fetching import Order
from crm_sync.models import Connection
from crm_sync.sync import sync
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.clients.portals import StandingClock
from tests.crm_sync.conftest import Run
from tests.crm_sync.counted.request_log import A_SECOND
from tests.crm_sync.sales import TODAY, sell, sell_in_hubspot
from tests.crm_sync.tampering import Body, Tampering
from tests.crm_sync.told import told_by

Shorten = Callable[[Body], object]


def by_one(rows: str) -> Shorten:
    """The first of them: no walk can come by it again."""
    return lambda body: body[rows].pop(0) if body[rows] else None


def by_all(rows: str) -> Shorten:
    return lambda body: body.update({rows: []})


def nothing_at_all(body: Body) -> None:
    body.update(total=0, results=[])
    body.pop("paging", None)


def cursor_of(connection: Connection) -> tuple[Any, ...]:
    connection.refresh_from_db()
    return connection.cursor_modified_at, connection.cursor_external_id, connection.cursor_window_end


HUBSPOT_CALLS = (
    "deals/search",
    "deals/batch/read",
    "associations",
    "companies/batch/read",
    "GET /crm/owners/2026-09",
)


@pytest.mark.parametrize("short", [by_one, by_all])
@pytest.mark.parametrize("call", HUBSPOT_CALLS)
@pytest.mark.parametrize("is_first", [True, False], ids=["first import", "poll"])
def test_short_answer_of_hubspot(
    hubspot: Connection,
    portal: Portal,
    clock: StandingClock,
    tampering: Tampering,
    run: Run,
    call: str,
    short: Callable[[str], Shorten],
    is_first: bool,
) -> None:
    if not is_first:
        run(hubspot)
    owner = portal.add_owner(email="ada@acme.example")
    for _ in range(3):
        sell_in_hubspot(portal, hubspot_owner_id=owner)
    clock.move(A_SECOND)
    before = cursor_of(hubspot)
    tampering.changes = [(call, short("results"))]
    tampering.times = 2 if "owners" in call else 1  # two lists

    failed = run(hubspot)

    assert (failed.state, failed.error_kind, cursor_of(hubspot)) == ("failed", "transient", before)
    hubspot.refresh_from_db()
    assert hubspot.state == "connected"
    assert (run(hubspot).state, Contract.objects.count()) == ("done", 3)


def test_second_page_that_says_there_is_nothing(
    hubspot: Connection, portal: Portal, clock: StandingClock, tampering: Tampering, run: Run
) -> None:
    """450 were announced, 200 are shown, and then none. However often it says so."""
    for _ in range(250):
        portal.add_deal(dealname="Lead", dealstage="closedwon", amount=None)
    clock.move(A_SECOND)
    tampering.changes = [("deals/search", nothing_at_all)]
    tampering.skipped = 1

    failed = run(hubspot)

    assert (failed.state, failed.error_kind, cursor_of(hubspot)) == ("failed", "transient", (None, "", None))


@pytest.mark.parametrize("is_first", [True, False], ids=["first import", "poll"])
def test_only_deal_that_one_answer_leaves_out(
    hubspot: Connection,
    portal: Portal,
    clock: StandingClock,
    tampering: Tampering,
    run: Run,
    is_first: bool,
) -> None:
    """One row that is counted and not shown is hidden only when the next search does not show it either."""
    if not is_first:
        run(hubspot)
    sell_in_hubspot(portal)
    clock.move(A_SECOND)
    before = cursor_of(hubspot)
    tampering.changes = [("deals/search", by_all("results"))]
    tampering.times = 1

    failed = run(hubspot)

    assert (failed.state, failed.error_kind, cursor_of(hubspot)) == ("failed", "transient", before)
    assert (run(hubspot).created, Contract.objects.count()) == (1, 1)


def test_deal_that_is_counted_and_never_shown(
    hubspot: Connection, portal: Portal, clock: StandingClock, tampering: Tampering, run: Run
) -> None:
    deals = [sell_in_hubspot(portal) for _ in range(5)]
    clock.move(A_SECOND)

    def hide_the_last(body: Body) -> None:
        body["results"] = [row for row in body["results"] if row["id"] != deals[-1]]

    tampering.changes = [("deals/search", hide_the_last)]

    done = run(hubspot)

    assert (done.state, done.created) == ("done", 4)
    assert told_by(done) == [
        "HubSpot counts 1 deal that its search does not show. The daily sweep looks for them."
    ]


def test_list_of_stages_without_one_of_two_pipelines(
    hubspot: Connection, portal: Portal, clock: StandingClock, tampering: Tampering, run: Run
) -> None:
    sell_in_hubspot(portal, dealstage="11348547")
    clock.move(A_SECOND)
    run(hubspot)
    portal.update_deal(next(iter(portal.objects["deals"].records)), dealname="Touched")
    clock.move(A_SECOND)
    tampering.changes = [("pipelines", lambda body: body["results"].pop(1))]

    for times in (1, 1_000):
        tampering.times = times
        run(hubspot)
        assert Contract.objects.get().state == "active"


def test_no_pipeline_at_all(hubspot: Connection, tampering: Tampering, run: Run) -> None:
    tampering.changes = [("pipelines", by_all("results"))]

    assert run(hubspot).error_kind == "transient"


@pytest.mark.parametrize("short", [by_one, by_all])
@pytest.mark.parametrize("page", [0, 1, 2], ids=["first page", "second page", "last page"])
@pytest.mark.parametrize("is_first", [True, False], ids=["first import", "poll"])
def test_short_answer_of_salesforce(
    salesforce: Connection,
    org: Org,
    tampering: Tampering,
    run: Run,
    page: int,
    short: Callable[[str], Shorten],
    is_first: bool,
) -> None:
    account = org.add_account("Acme")
    if not is_first:
        sell(org, account=account)
        run(salesforce)
    org.max_page_size = 2
    for number in range(5):
        sell(org, account=account, Amount=100 + number)
    before = cursor_of(salesforce)
    tampering.changes = [("/0r8" if page else "/query", short("records"))]  # other questions come in between
    tampering.skipped, tampering.times = max(0, page - 1), 1

    failed = run(salesforce)

    assert (failed.state, failed.error_kind, cursor_of(salesforce)) == ("failed", "transient", before)
    assert (run(salesforce).state, Contract.objects.count()) == ("done", 5 + (not is_first))


@pytest.mark.parametrize("is_first", [True, False], ids=["first import", "poll"])
def test_deal_shown_twice_in_the_place_of_another(
    salesforce: Connection, org: Org, tampering: Tampering, run: Run, is_first: bool
) -> None:
    """As many rows as were announced, and one deal fewer."""
    account = org.add_account("Acme")
    if not is_first:
        sell(org, account=account)
        run(salesforce)
    for number in range(3):
        sell(org, account=account, Amount=100 + number)
    before = cursor_of(salesforce)
    tampering.changes = [("/query", lambda body: body["records"].__setitem__(-1, body["records"][-2]))]
    tampering.skipped, tampering.times = 0, 1

    failed = run(salesforce)

    assert (failed.state, failed.error_kind, cursor_of(salesforce)) == ("failed", "transient", before)
    assert (run(salesforce).state, Contract.objects.count()) == ("done", 3 + (not is_first))


@pytest.mark.parametrize("short", [by_one, by_all])
@pytest.mark.parametrize("call", [0, 1, 2], ids=["won ids", "stored deals", "accounts"])
def test_short_answer_in_a_sweep(
    salesforce: Connection,
    org: Org,
    tampering: Tampering,
    run: Run,
    call: int,
    short: Callable[[str], Shorten],
) -> None:
    for _ in range(3):
        sell(org)
    run(salesforce)
    tampering.changes = [("/query", short("records"))]
    tampering.skipped, tampering.times = call, 1

    order = Order(trigger=RunTrigger.SWEEP, as_of=TODAY)
    failed = sync(connection=salesforce, order=order)

    assert (failed.state, failed.error_kind) == ("failed", "transient")
    assert set(Contract.objects.values_list("state", flat=True)) == {"active"}
