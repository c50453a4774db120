"""Sync History: runs, the deals of a run, live progress."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from contracts.models import Workspace
from crm_sync import tasks
from crm_sync.enums import HoldCode, Outcome, RunState, RunTrigger
from crm_sync.models import ConnectionLease, SyncRun
from crm_sync.runs import take_lease
from fincelo import health
from fincelo.models import BackgroundWork
from fincelo.task_guard import tell_end
from tests.billing.builders import Deal, sign
from tests.crm_sync.page_rows import NOON, connect, deal, hold, ran, recorded
from tests.pages import alerts, heading, rows, signed_in, words

pytestmark = pytest.mark.django_db
VIEW_CONNECTIONS = "crm_sync.view_connection"
POLLS = 'hx-trigger="every 2s"'


@pytest.fixture
def browser() -> Client:
    return signed_in(
        "crm_sync.view_syncrun", "crm_sync.change_syncrun", "crm_sync.view_hold", "contracts.view_contract"
    )


def at_work(run: SyncRun) -> SyncRun:
    """With the lease that its process holds."""
    run.lease_token = take_lease(run.connection) or 0
    run.save(update_fields=["lease_token"])
    return run


def test_runs_are_listed_newest_first_with_their_counts(browser: Client) -> None:
    connection = connect()
    ran(connection, started_at=NOON - timedelta(days=1), seen=3, unchanged=3)
    ran(connection, trigger=RunTrigger.PERSON, seen=1200, created=1100, held=2, failed=1)

    assert rows(browser.get("/history/")) == [
        ["20 Nov 2026, 12:00", "Salesforce", "Done", "Sync now", "1,200", "1,100 created 2 held 1 failed"],
        ["19 Nov 2026, 12:00", "Salesforce", "Done", "Every five minutes", "3", "3 unchanged"],
    ]


def test_empty_history_teaches_the_next_step(browser: Client) -> None:
    assert "No sync yet" in browser.get("/history/").text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("connection={other}", ["Other"]),
        ("state=failed", ["Failed"]),
        ("trigger=person", ["Person"]),
        ("result=changed", ["Person"]),
        ("result=troubled", ["Failed"]),
        ("since=2026-11-20", ["Failed"]),
        ("until=2026-11-18", ["Other"]),
        ("since=2026-11-19&until=2026-11-19", ["Person"]),
        ("since=yesterday", ["Failed", "Person", "Other"]),
        ("connection=0&state=nonsense&result=1", ["Failed", "Person", "Other"]),
        ("state=failed&trigger=person", []),
        ("page=99", ["Failed", "Person", "Other"]),
    ],
)
def test_runs_are_filtered(browser: Client, query: str, expected: list[str]) -> None:
    ran(connect("Failed"), state=RunState.FAILED, held=1)
    ran(connect("Person"), trigger=RunTrigger.PERSON, created=1, started_at=NOON - timedelta(days=1))
    other = connect("Other")
    ran(other, started_at=NOON - timedelta(days=2))

    page = browser.get(f"/history/?{query.format(other=other.pk)}")

    assert [row[1] for row in rows(page)] == expected
    assert ("No run matches" in page.text) is (not expected)


def test_days_of_the_filter_are_those_shown(browser: Client) -> None:
    connection = connect()
    ran(connection, started_at=NOON.replace(hour=23, minute=30))

    Workspace.objects.update_or_create(pk=1, defaults={"time_zone": "Europe/Berlin"})

    assert [row[0] for row in rows(browser.get("/history/?since=2026-11-21"))] == ["21 Nov 2026, 00:30"]
    assert rows(browser.get("/history/?until=2026-11-20")) == []


def test_list_looks_again_while_a_run_is_at_work(browser: Client) -> None:
    run = at_work(ran(connect(), state=RunState.RUNNING, seen=400, expected=1000))

    assert POLLS in browser.get("/history/").text
    assert rows(browser.get("/history/"))[0][4] == "400 of 1,000"

    run.state = RunState.DONE
    run.save()
    assert POLLS not in browser.get("/history/").text


def test_list_says_that_a_sync_was_asked_for_until_it_begins(browser: Client) -> None:
    connection = connect()
    health.beat()
    tasks.request_sync(connection_id=connection.pk)
    asked = browser.get("/history/")
    ran(connection, started_at=timezone.now() + timedelta(seconds=1))
    begun = browser.get("/history/")

    assert "Sync waits for the worker since" in words(asked.text)
    assert POLLS in asked.text
    assert "waits for the worker" not in begun.text
    assert POLLS not in begun.text


def test_list_says_that_a_sync_was_refused_and_stops_asking(browser: Client) -> None:
    work = tasks.request_sync(connection_id=connect().pk)
    assert work is not None
    tell_end(func=None, task={"id": work.queue_id, "func": work.task, "success": False})

    page = browser.get("/history/")

    at = timezone.localtime(BackgroundWork.objects.get().ended_at).strftime("%H:%M")
    refused = f"Sync: the worker refused it at {at}, because it runs another version of Fincelo."
    assert alerts(page) == [refused]
    assert "Try again" in page.text
    assert POLLS not in page.text


def test_list_says_when_no_worker_gives_a_sign_of_life(browser: Client) -> None:
    tasks.request_sync(connection_id=connect().pk)
    BackgroundWork.objects.update(requested_at=timezone.now() - timedelta(minutes=3))

    page = browser.get("/history/")

    since = timezone.localtime(BackgroundWork.objects.get().requested_at).strftime("%H:%M")
    assert alerts(page) == [f"The worker has given no sign of life since {since}."]


def test_run_lists_problems_first_and_leads_to_contract_and_hold(browser: Client) -> None:
    connection = connect()
    run = ran(connection, seen=3, created=1, held=1, refused=1)
    (contract,) = sign(Deal())
    recorded(
        run,
        deal(connection, "A", name="Sold", contract=contract),
        Outcome.CREATED,
        sentence="Contract created.",
    )
    held = deal(connection, "B", name="Held")
    opened = hold(held)
    recorded(run, held, Outcome.HELD, code=HoldCode.AMOUNT_MISSING, sentence="Contract Value is empty.")
    recorded(run, deal(connection, "C", name="Refused"), Outcome.REFUSED)

    page = browser.get(f"/history/{run.pk}/")

    assert [row[:3] for row in rows(page)] == [
        ["Refused Open in CRM", "Refused", ""],
        ["Held Open in CRM", "Held Amount missing", "Contract Value is empty."],
        ["Sold Open in CRM", "Created", "Contract created."],
    ]
    assert f'href="/holds/{opened.pk}/"' in page.text
    assert f'href="/contracts/{contract.pk}/"' in page.text
    assert heading(page) == "Sync History Sync of Salesforce Done 3 deals read, 1 contract created. Sync now"


def test_run_groups_its_deals_by_cause(browser: Client) -> None:
    connection = connect()
    run = ran(connection)
    for number in range(3):
        recorded(run, deal(connection, f"A{number}"), Outcome.HELD, code=HoldCode.AMOUNT_MISSING)
    recorded(run, deal(connection, "B"), Outcome.HELD, code=HoldCode.NO_ACCOUNT)
    recorded(run, deal(connection, "C"), Outcome.FAILED)

    page = words(browser.get(f"/history/{run.pk}/").text)

    assert "1 failed 3 held: amount missing 1 held: no account" in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("outcome=held", ["Beta"]),
        ("code=AMOUNT_MISSING", ["Beta"]),
        ("q=alph", ["Alpha"]),
        ("q=006B", ["Beta"]),
        ("q=nobody", []),
        ("q=%00", []),
        ("outcome=nonsense", ["Beta", "Alpha"]),
    ],
)
def test_deals_of_a_run_are_filtered(browser: Client, query: str, expected: list[str]) -> None:
    connection = connect()
    run = ran(connection)
    recorded(run, deal(connection, "006A", name="Alpha", url=""), Outcome.CREATED)
    recorded(run, deal(connection, "006B", name="Beta", url=""), Outcome.HELD, code=HoldCode.AMOUNT_MISSING)

    assert [row[0] for row in rows(browser.get(f"/history/{run.pk}/?{query}"))] == expected


def test_deal_shows_how_each_field_was_read_and_what_changed(browser: Client) -> None:
    connection = connect()
    run = ran(connection)
    recorded(
        run,
        deal(connection),
        Outcome.UPDATED,
        trace=[
            {
                "field": "Billing Cycle",
                "source": "Deal: F",
                "raw": "Yearly",
                "transform": "built-in synonym",
                "value": "Annual",
            }
        ],
        changes=[{"field": "Contract Value", "old": "USD 1.00", "new": "USD 2.00"}],
    )

    page = words(browser.get(f"/history/{run.pk}/").text)

    assert "Contract Value USD 1.00 → USD 2.00" in page
    assert "Billing Cycle Deal: F Yearly → built-in synonym → Annual" in page


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("config", "The deals it did not reach are not imported until this is mended."),
        ("transient", "No deal is lost: the cursor stayed in front of what was not stored."),
    ],
)
def test_run_that_failed_says_what_happened_and_why_it_matters(browser: Client, kind: str, why: str) -> None:
    run = ran(connect(), state=RunState.FAILED, error="Salesforce is away.", error_kind=kind)

    page = browser.get(f"/history/{run.pk}/")

    assert alerts(page) == ["Salesforce is away."]
    assert why in page.text
    assert heading(page).startswith(
        "Sync History Sync of Salesforce Failed Stopped early. Everything read so far is saved;"
    )


def test_run_that_stored_nothing_does_not_say_that_nothing_was_new(browser: Client) -> None:
    run = ran(connect(), state=RunState.FAILED, error="Salesforce is away.", error_kind="transient")

    page = browser.get(f"/history/{run.pk}/").text

    assert "No changes" not in page
    assert "The run stopped before it had stored anything." in page


@pytest.mark.parametrize(
    ("missed", "sentence"),
    [
        (1, "1 won deal was missed by the polls before, and found by this sweep."),
        (1200, "1,200 won deals were missed by the polls before, and found by this sweep."),
    ],
)
def test_sweep_names_what_polls_had_missed_and_leads_to_it(
    browser: Client, missed: int, sentence: str
) -> None:
    run = ran(connect(), trigger=RunTrigger.SWEEP, seen=missed, created=missed, missed=missed)

    page = browser.get(f"/history/{run.pk}/")

    assert alerts(page) == [sentence]
    assert f'href="/history/{run.pk}/#results">See the deals</a>' in page.text
    assert rows(browser.get("/history/"))[0][5] == f"{missed:,} created {missed:,} missed by the polls before"


def test_history_offers_to_sync_few_connections_or_the_chosen_one() -> None:
    browser = signed_in("crm_sync.view_syncrun", "crm_sync.change_syncrun", VIEW_CONNECTIONS)
    first = connect("One")
    connect("Two")
    assert buttons(browser.get("/history/").text) == ["Sync now: One", "Sync now: Two"]

    connect("Three")

    page = browser.get("/history/").text
    assert buttons(page) == []
    assert "Sync now</a>" in page
    assert buttons(browser.get(f"/history/?connection={first.pk}").text) == ["Sync now: One"]


def buttons(page: str) -> list[str]:
    return re.findall(r"Sync now: \w+", page)


def test_quiet_run_says_that_nothing_was_new(browser: Client) -> None:
    run = ran(connect(), seen=40, unchanged=40)

    page = browser.get(f"/history/{run.pk}/").text

    assert "No changes" in page
    assert "40 won deals were read again without changes." in page


def test_progress_is_asked_for_while_the_run_works(browser: Client) -> None:
    run = at_work(ran(connect(), state=RunState.RUNNING, seen=50, expected=200, started_at=timezone.now()))
    path = f"/history/{run.pk}/progress/"

    page = browser.get(f"/history/{run.pk}/").text
    part = browser.get(path, headers={"HX-Request": "true"})

    assert f'hx-get="{path}" {POLLS}' in page
    assert f'hx-get="{path}" {POLLS}' in part.text
    assert "Reading deals: 50 of 200 deals" in words(part.text)


def test_run_whose_worker_was_killed_is_not_waited_for(browser: Client) -> None:
    run = at_work(ran(connect(), state=RunState.RUNNING, seen=50, expected=200, started_at=timezone.now()))
    ConnectionLease.objects.update(backend_start=NOON)

    page = browser.get(f"/history/{run.pk}/")
    part = browser.get(f"/history/{run.pk}/progress/", headers={"HX-Request": "true"})

    assert "The worker ended before the run did." in page.text
    assert POLLS not in page.text
    assert "data-finished" in part.text


def test_progress_of_an_ended_run_shows_the_result(browser: Client) -> None:
    run = ran(connect())

    part = browser.get(f"/history/{run.pk}/progress/", headers={"HX-Request": "true"})
    alone = browser.get(f"/history/{run.pk}/progress/")

    assert "data-finished" in part.text
    assert alone.url == f"/history/{run.pk}/"


@pytest.mark.parametrize(
    ("url", "is_linked"),
    [
        ("https://acme.my.salesforce.com/006A", True),
        ("http://trusted.example/006A", True),
        ("http://evil.example/006A", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://", False),
        ("http://[broken", False),
        ("", False),
    ],
)
def test_only_safe_addresses_of_the_crm_become_links(
    browser: Client, settings, url: str, is_linked: bool
) -> None:
    settings.CRM_TRUSTED_ORIGINS = ["http://trusted.example"]
    connection = connect()
    run = ran(connection)
    recorded(run, deal(connection, url=url))

    assert ("Open in CRM" in browser.get(f"/history/{run.pk}/").text) is is_linked


def test_text_of_the_crm_is_escaped(browser: Client) -> None:
    bad = "<script>alert(1)</script>"
    connection = connect()
    run = ran(connection, error=bad, warnings=[bad])
    step = {"field": bad, "source": bad, "raw": bad, "transform": bad, "value": bad}
    recorded(
        run,
        deal(connection, name=bad, stage=bad),
        sentence=bad,
        trace=[step],
        changes=[{"field": bad, "old": bad, "new": bad}],
    )

    for path in ("/history/", f"/history/{run.pk}/", f"/history/{run.pk}/?q={bad}"):
        assert "<script>alert" not in browser.get(path).text


def test_long_lists_are_paged(browser: Client) -> None:
    connection = connect()
    for number in range(51):
        ran(connection, started_at=NOON - timedelta(minutes=number))

    first, second = browser.get("/history/?state=done"), browser.get("/history/?state=done&page=2")

    assert (len(rows(first)), len(rows(second))) == (50, 1)
    assert "1–50 of 51 runs" in words(first.text)
    assert 'href="?state=done&amp;page=2"' in first.text
