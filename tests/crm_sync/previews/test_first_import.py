"""The first import begins with a preview and one press; an answer bills exactly what was shown."""

from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from billing.enums import BillingTrigger, LimitKind, WaitCode
from billing.issuing.invoicing import invoice_due
from billing.issuing.limit_proposals import proposed_limit
from billing.issuing.policy import limits
from billing.models import BillingWait, Invoice
from contracts.clock import business_day
from contracts.models import Contract
from crm_sync import tasks
from crm_sync.connections.settings import save_settings
from crm_sync.management.commands import connect_crm
from crm_sync.models import Backfill, Connection
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run, let_in
from tests.crm_sync.mapping.mapping_form import address, entered
from tests.crm_sync.page_rows import connect
from tests.crm_sync.sales import sell, sell_in_hubspot
from tests.pages import alerts, signed_in

OLD = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def _legal_entity(db: None) -> None:
    ensure_legal_entity()


@pytest.fixture
def asking(salesforce: Connection) -> Connection:
    """As after the first confirmation of its mapping: what closed before today waits."""
    Connection.objects.filter(pk=salesforce.pk).update(automatic_from=business_day())
    salesforce.refresh_from_db()
    return salesforce


@pytest.fixture
def browser() -> Any:
    return signed_in(
        "crm_sync.view_connection",
        "crm_sync.change_connection",
        "crm_sync.view_fieldmapping",
        "crm_sync.change_fieldmapping",
        "crm_sync.change_billing_meaning",
        "billing.start_billing",
    )


def bill() -> int:
    return invoice_due(as_of=business_day(), trigger=BillingTrigger.SYNC).issued


def page_of(connection: Connection, more: str = "") -> str:
    return f"/settings/crm/{connection.pk}/backfill/{more}"


def previewed(browser: Any, connection: Connection) -> Backfill:
    browser.post(page_of(connection, "preview/"), {"import_from": "2026-01-01", "billed_until": ""})
    backfill = Backfill.objects.latest("pk")
    tasks.preview_import(backfill.pk)
    backfill.refresh_from_db()
    return backfill


def imported(run: Run, connection: Connection) -> Any:
    return run(connection, as_of=business_day())


def test_nothing_old_is_imported_before_somebody_starts(asking: Connection, org: Org, run: Run) -> None:
    sell(org, Name="Old", CloseDate=OLD)
    sell(org, Name="New", CloseDate=business_day(), Amount=77)

    done = imported(run, asking)

    assert (done.created, bill(), Contract.objects.get().name) == (1, 1, "New")
    done = imported(run, asking)
    assert (done.created, Contract.objects.count()) == (0, 1)


def test_one_press_imports_and_bills_what_was_shown(
    asking: Connection, org: Org, run: Run, browser: Any
) -> None:
    for number in range(25):
        sell(org, Name=f"Old {number}", CloseDate=OLD, Amount=1_200 + number)
    sell(org, Name="Huge", CloseDate=OLD, Amount=9_000_000)
    previewed(browser, asking)

    shown = browser.get(page_of(asking))
    answer = browser.post(page_of(asking, "confirm/"), {"limit_USD": "400.00"})

    assert "Huge" in shown.text.split("Largest contracts", 1)[1]
    assert 'name="limit_USD" value="310.00"' in shown.text
    assert answer.url == page_of(asking)
    done = imported(run, asking)
    tasks.poll(asking.pk)
    assert (done.created, BillingWait.objects.count(), dict(limits(kind=LimitKind.INVOICE))) == (
        26,
        0,
        {"USD": 40_000},
    )
    bill()
    assert (
        Invoice.objects.exclude(state="draft").count(),
        Invoice.objects.filter(state="draft").count(),
    ) == (
        25,
        1,
    )
    assert Backfill.objects.get().state == "imported"


def test_what_changes_or_comes_in_between_waits(asking: Connection, org: Org, run: Run, browser: Any) -> None:
    kept = sell(org, Name="Kept", CloseDate=OLD, Amount=100)
    changed = sell(org, Name="Changed", CloseDate=OLD, Amount=200)
    previewed(browser, asking)
    org.edit(changed, Amount=250)
    sell(org, Name="Backdated", CloseDate=OLD, Amount=300)
    sell(org, Name="Today", CloseDate=business_day(), Amount=400)

    browser.post(page_of(asking, "confirm/"), {})
    imported(run, asking)

    waits = BillingWait.objects.order_by("contract__name").values_list("contract__name", "code")
    assert list(waits) == [("Backdated", WaitCode.NOT_SHOWN), ("Changed", WaitCode.NOT_SHOWN)]
    assert bill() == 2
    assert kept
    assert alerts(browser.get(asking.get_absolute_url()))[0] == (
        "Salesforce has brought unusually much: the billing of 2 contracts waits."
    )


def test_import_from_moved_back(salesforce: Connection, org: Org, run: Run) -> None:
    """What was imported automatically so far stays so; only the earlier deals wait."""
    save_settings(connection=salesforce, changes={"import_from": date(2026, 11, 1)}, actor=None)
    sell(org, Name="Before", CloseDate=date(2026, 10, 1))
    sell(org, Name="After", CloseDate=date(2026, 11, 2), Amount=33)
    run(salesforce)

    save_settings(connection=salesforce, changes={"import_from": date(2026, 1, 1)}, actor=None)
    run(salesforce)

    assert (salesforce.automatic_from, salesforce.asks_for_start) == (date(2026, 11, 1), True)
    assert list(Contract.objects.values_list("name", flat=True)) == ["After"]


def test_second_connection_asks_for_itself(
    salesforce: Connection, hubspot: Connection, portal: Portal, run: Run
) -> None:
    Connection.objects.filter(pk=hubspot.pk).update(automatic_from=business_day())
    sell_in_hubspot(portal)

    assert (run(hubspot).created, salesforce.asks_for_start) == (0, False)


def test_mode_preview_shows_all_and_live_asks(asking: Connection, org: Org, run: Run) -> None:
    sell(org, Name="Old", CloseDate=OLD)
    save_settings(connection=asking, changes={"mode": "preview"}, actor=None)
    assert (run(asking).previewed, asking.asks_for_start) == (1, False)

    save_settings(connection=asking, changes={"mode": "live"}, actor=None)

    assert (run(asking).created, asking.asks_for_start) == (0, True)


def test_confirming_the_mapping_leads_to_the_preview(browser: Any) -> None:
    connection = connect(is_confirmed=False)

    page = browser.post(address(connection), entered(), follow=True)

    connection.refresh_from_db()
    assert (page.redirect_chain, connection.automatic_from) == ([(page_of(connection), 302)], business_day())
    assert Backfill.objects.get().state == "reading"
    assert alerts(page)[-1].startswith("Field mapping confirmed. Deals that close from today on are imported")


def test_every_page_says_that_earlier_deals_wait(asking: Connection, browser: Any) -> None:
    assert alerts(browser.get("/settings/crm/"))[0].startswith("Deals of Salesforce that closed before ")


@pytest.fixture
def token_file(portal: Portal, hubspot_server: object, tmp_path: Path) -> str:
    path = tmp_path / "token"
    path.write_text(portal.issue_token())
    return str(path)


@pytest.mark.parametrize(
    ("answers", "more", "started", "limit"),
    [
        (None, [], True, {}),
        (["n\n"], [], False, {}),
        (["y\n", "n\n"], [], True, {}),
        (["y\n", "y\n"], [], True, {"USD": 30_000}),
        (["n\n"], ["--yes"], True, {}),
    ],
    ids=["no terminal", "no", "yes", "yes with limits", "told"],
)
def test_on_a_terminal_the_command_asks(
    token_file: str,
    portal: Portal,
    monkeypatch: pytest.MonkeyPatch,
    answers: list[str] | None,
    more: list[str],
    started: bool,
    limit: dict[str, int],
) -> None:
    sell_in_hubspot(portal)
    typed = iter(answers or ())
    terminal = StringIO()
    if answers is not None:
        monkeypatch.setattr(connect_crm.Command, "is_terminal", True)
        monkeypatch.setattr("sys.stdin", Typed(typed))

    call_command(
        "connect_crm",
        *["hubspot", "--name", "HubSpot", "--token-file", token_file, "--import-from", "2026-01-01"],
        *["--accept-proposed-mapping", *more],
        stdout=terminal,
    )

    said = terminal.getvalue()
    assert "1 won deals closed from 2026-01-01 on." in said
    assert "1 contract of USD 1,200.00 in all." in said
    assert Connection.objects.get().asks_for_start is not started
    assert dict(limits(kind=LimitKind.INVOICE)) == limit
    assert ("Billing starts with the next sync." in said) is started


class Typed:
    """Standard input on which somebody types lines."""

    def __init__(self, lines: Any) -> None:
        self.lines = lines

    def readline(self) -> str:
        return next(self.lines)


def test_sync_crm_says_what_waits(asking: Connection, org: Org) -> None:
    sell(org, Name="Old", CloseDate=OLD)
    said = StringIO()

    call_command("sync_crm", stdout=said)

    assert (
        f"Deals that closed before {business_day()} are imported once somebody starts billing"
        in said.getvalue()
    )
    assert Contract.objects.count() == 0
    let_in(asking)
    call_command("sync_crm", "--full", stdout=StringIO())
    assert Contract.objects.count() == 1


@pytest.mark.parametrize(
    ("amounts", "limit"),
    [
        ([], None),
        ([7], 7),
        ([12_345], 13_000),
        ([100, 100, 100, 1_481_481_360], 100),
        ([*range(1, 21)], 19),
        ([99_999], 100_000),
    ],
)
def test_proposed_limit(amounts: list[int], limit: int | None) -> None:
    assert proposed_limit(amounts=amounts) == limit
