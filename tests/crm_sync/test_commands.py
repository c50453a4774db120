"""`manage.py sync_crm`: exit codes, JSON keys, and what it refuses."""

import json
import os
import pty
import subprocess
import sys
import termios
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from billing.models import Invoice
from contracts.models import AuditEntry, Contract
from crm_sync.models import Connection, CrmDeal, SyncRun
from demo.http_server import Response, Server
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell, sell_in_hubspot
from tests.crm_sync.stored import row_versions
from tests.crm_sync.told import told_by
from tests.processes import Manage

RESULT_KEYS = [
    *("connection", "provider", "state", "error", "seen", "created", "updated", "unchanged", "held"),
    *("suspended", "refused", "failed", "previewed", "left_won", "not_selected", "too_early", "repeated"),
    *("uncounted", "missed", "api_calls", "pages", "reasons", "asking"),
    *("would_invoice", "warnings", "open_holds"),
]


def sync_crm(*arguments: str) -> tuple[int, str]:
    """Exit code and output."""
    output = StringIO()
    try:
        call_command("sync_crm", *arguments, stdout=output)
    except CommandError as error:
        return error.returncode, str(error)
    except SystemExit as ended:
        return int(str(ended.code)), output.getvalue()
    return 0, output.getvalue()


def sync_json(*arguments: str) -> tuple[int, dict[str, Any]]:
    code, output = sync_crm("--json", *arguments)
    return code, json.loads(output)


def test_sync_by_command_imports_and_bills(salesforce: Connection, org: Org) -> None:
    ensure_legal_entity()
    sell(org, CloseDate=timezone.now().date())
    sell(org, Amount=None)

    code, output = sync_crm()

    assert (code, output) == (
        0,
        "Salesforce: 2 deals read, 1 created, 1 held.\n1 invoice issued.\n",
    )
    assert (Contract.objects.count(), Invoice.objects.count()) == (1, 1)
    assert SyncRun.objects.get().trigger == "command"


def test_second_sync_by_command(salesforce: Connection, org: Org) -> None:
    sell(org)
    sync_crm()

    assert sync_crm() == (0, "Salesforce: 1 deal read, 1 unchanged.\n")


def test_json_of_a_run(salesforce: Connection, org: Org) -> None:
    ensure_legal_entity()
    sell(org, CloseDate=timezone.now().date())
    sell(org, Amount=None)

    code, answer = sync_json()

    assert (code, list(answer)) == (0, ["runs", "invoices", "exit_code"])
    assert (answer["invoices"], answer["exit_code"]) == (1, 0)
    (told,) = answer["runs"]
    assert list(told) == RESULT_KEYS
    assert told == {
        **dict.fromkeys(RESULT_KEYS, 0),
        "connection": "Salesforce",
        "provider": "salesforce",
        "state": "done",
        "error": "",
        "seen": 2,
        "created": 1,
        "held": 1,
        "api_calls": told["api_calls"],
        "pages": 1,
        "reasons": {"AMOUNT_MISSING": 1},
        "would_invoice": {},
        "warnings": [],
        "open_holds": 1,
    }


def test_every_result_has_the_same_keys(salesforce: Connection, org: Org, hubspot: Connection) -> None:
    sell(org, Amount=None)
    answers = [sync_json("--dry-run"), sync_json(), sync_json("--connection", "HubSpot", "--replay-held")]
    org.intercept = lambda request: Response(status=503, headers={"Retry-After": "0"})
    answers.append(sync_json())

    assert [list(told) for _, answer in answers for told in answer["runs"]] == [RESULT_KEYS] * 7
    assert [(code, answer["exit_code"]) for code, answer in answers] == [(0, 0), (0, 0), (0, 0), (1, 1)]


def test_failed_run_exits_with_1(
    salesforce: Connection, org: Org, hubspot: Connection, portal: Portal
) -> None:
    """The other connection is read anyway."""
    sell_in_hubspot(portal, closedate="2099-01-01T17:00:00Z")
    org.intercept = lambda request: Response(status=503, headers={"Retry-After": "0"})

    code, output = sync_crm()

    assert (code, output) == (
        1,
        "HubSpot: 1 deal read, 1 created.\n"
        "Salesforce: Salesforce is not answering properly at the moment (503). The next poll tries again.\n",
    )


def test_broken_connection_exits_with_1_and_is_not_called(
    salesforce: Connection, salesforce_server: Server
) -> None:
    Connection.objects.update(state="broken", state_reason="Authorise again.")

    assert sync_crm() == (1, "Salesforce: Authorise again.\n")
    assert sync_crm("--connection", "Salesforce") == (2, "Salesforce is not ready: Authorise again.")
    assert (salesforce_server.requests, SyncRun.objects.count()) == ([], 0)


@pytest.mark.django_db
def test_no_connection_at_all() -> None:
    assert sync_crm() == (0, "No connection is ready: connect a CRM and confirm its field mapping.\n")
    assert sync_json() == (0, {"runs": [], "invoices": 0, "exit_code": 0})


def test_held_deals_fail_only_when_asked_to(salesforce: Connection, org: Org) -> None:
    sell(org, Amount=None)

    codes = [sync_crm()[0], sync_crm("--fail-on-held")[0], sync_json("--fail-on-held")[1]["exit_code"]]

    assert codes == [0, 4, 4]


def test_named_connection_alone_is_read(salesforce: Connection, hubspot: Connection) -> None:
    _, answer = sync_json("--connection", "HubSpot")

    assert [told["connection"] for told in answer["runs"]] == ["HubSpot"]


def test_named_deals_alone_are_read(salesforce: Connection, org: Org) -> None:
    wanted, _ = sell(org), sell(org)

    code, answer = sync_json("--deal", wanted[:15])

    assert (code, answer["runs"][0]["seen"], answer["runs"][0]["created"]) == (0, 1, 1)
    assert list(CrmDeal.objects.values_list("external_id", flat=True)) == [wanted]
    assert SyncRun.objects.get().trigger == "replay"
    salesforce.refresh_from_db()
    assert salesforce.cursor_modified_at is None


def test_named_deal_that_the_crm_does_not_show(salesforce: Connection, org: Org) -> None:
    deal, deleted = sell(org), sell(org)
    org.delete(deleted)

    code, answer = sync_json("--deal", deal, deleted)

    assert (code, answer["runs"][0]["created"], answer["runs"][0]["warnings"]) == (
        0,
        1,
        ["1 of 2 deals could not be found in Salesforce: deleted, or hidden from its user."],
    )


def test_warnings_of_a_run_are_printed(hubspot: Connection, portal: Portal) -> None:
    for stage in ("closedwon", "11348547"):
        portal.rename_stage(stage, "Won")

    code, output = sync_crm()

    (warning,) = told_by(SyncRun.objects.get())
    assert (code, output) == (0, f"HubSpot: 0 deals read, nothing new.\n{warning}\n")


def test_held_deals_are_replayed(salesforce: Connection, org: Org, run: Run) -> None:
    held = sell(org, Amount=None)
    sell(org)
    run(salesforce)
    org.tables["Opportunity"][held]["Amount"] = 1200.0

    _, answer = sync_json("--replay-held")

    assert (answer["runs"][0]["seen"], answer["runs"][0]["created"]) == (1, 1)


def test_everything_is_read_again(salesforce: Connection, org: Org, run: Run) -> None:
    sell(org, modified_at=org.now() - timedelta(days=3))
    sell(org)
    run(salesforce)

    since, full = sync_json("--since", "2026-01-01T00:00Z"), sync_json("--full")

    assert [answer["runs"][0]["unchanged"] for _, answer in (since, full)] == [2, 2]
    assert list(AuditEntry.objects.filter(action="cursor moved back").values_list("after", flat=True)) == [
        {"cursor": "2026-01-01T00:00:00+00:00"},
        {"cursor": None},
    ]


def test_cursor_is_never_moved_forward(salesforce: Connection, org: Org, run: Run) -> None:
    sell(org, modified_at=org.now() - timedelta(days=3))
    run(salesforce)
    Connection.objects.update(cursor_modified_at=datetime(2026, 1, 1, tzinfo=UTC))

    _, answer = sync_json("--since", timezone.now().isoformat())

    assert answer["runs"][0]["seen"] == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--connection", "Other"], "There is no connection Other. There are: HubSpot, Salesforce."),
        (["--deal", "006000000000001AAA"], "Name the connection that the deals are in, with --connection."),
        (
            ["--connection", "Salesforce", "--deal", "12"],
            "'12' is no Salesforce id",
        ),
        (["--connection", "HubSpot", "--deal", "abc"], "'abc' is no HubSpot deal id: it has digits only"),
        (["--connection", "HubSpot", "--deal", "-1"], "'-1' is no HubSpot deal id: it has digits only"),
        (["--since", "2999-01-01T00:00Z"], "The moment to start from lies in the future."),
        (["--since", "2999-01-01T00:00Z", "--dry-run"], "The moment to start from lies in the future."),
        (
            ["--since", "2026-01-01T00:00"],
            "'2026-01-01T00:00' names no time zone; add Z or an offset such as +01:00",
        ),
        (["--since", "yesterday"], "'yesterday' is no time such as 2026-11-01T00:00Z"),
        (["--full", "--replay-held"], "argument --replay-held: not allowed with argument --full"),
    ],
)
def test_wrong_usage_exits_with_2_and_changes_nothing(
    salesforce: Connection, hubspot: Connection, arguments: list[str], sentence: str
) -> None:
    before = row_versions()

    code, output = sync_crm(*arguments)

    assert output.removeprefix("Error: ").removeprefix("argument --since: ") == sentence
    assert code == (1 if output.startswith("Error: ") else 2)  # the parser itself: see the test below
    assert row_versions() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [["--since", "yesterday"], ["--full", "--replay-held"], ["--nonsense"], ["--connection", "X"]],
)
def test_wrong_usage_from_the_shell_exits_with_2(manage: Manage, arguments: list[str]) -> None:
    ended = manage("sync_crm", *arguments)

    assert (ended.code, ended.output) == (2, "")
    assert "Traceback" not in ended.errors


@pytest.mark.parametrize(
    "more", [[], ["--full"], ["--since", "2026-01-01T00:00Z"], ["--replay-held"]], ids=str
)
def test_dry_run_writes_nothing(salesforce: Connection, org: Org, run: Run, more: list[str]) -> None:
    changed, held = sell(org), sell(org, Amount=None)
    run(salesforce)
    org.edit(changed, Amount=2400)
    org.edit(held, Amount=1200)
    sell(org)
    before = row_versions()

    code, answer = sync_json("--dry-run", *more)

    assert (code, answer["invoices"], row_versions() == before) == (0, 0, True)
    (told,) = answer["runs"]
    assert (told["state"], told["created"]) == ("dry run", 1 if more == ["--replay-held"] else 2)


def test_dry_run_tells_what_would_happen(salesforce: Connection, org: Org, run: Run) -> None:
    ensure_legal_entity()
    sell(org, modified_at=org.now() - timedelta(days=3))
    changed = sell(org)
    run(salesforce)
    org.edit(changed, Amount=2400)
    sell(org, Amount=None)

    assert sync_crm("--dry-run") == (
        0,
        "Salesforce: 2 deals read, 1 would be updated, 1 would be held.\n",
    )
    assert sync_json("--dry-run")[1]["runs"][0]["reasons"] == {"AMOUNT_MISSING": 1}
    assert sync_json("--dry-run", "--full")[1]["runs"][0]["unchanged"] == 1


def test_dry_run_tells_duplicates_invoices_and_what_asks(salesforce: Connection, org: Org) -> None:
    """A copy on another page is held, as the run would hold it."""
    ensure_legal_entity(default_tax_rate=20_000)
    org.max_page_size = 1
    account, today = org.add_account("Acme"), timezone.now().date()
    for number in range(2):
        moment = org.now() - timedelta(days=1, minutes=number)
        sell(org, account=account, CloseDate=today, modified_at=moment)
    sell(org, CloseDate=date(2026, 1, 1))
    before = row_versions()

    code, answer = sync_json("--dry-run")

    (told,) = answer["runs"]
    assert (code, row_versions() == before) == (0, True)
    assert (told["created"], told["held"], told["reasons"]) == (2, 1, {"DUPLICATE_SUSPECT": 1})
    assert (told["asking"], told["would_invoice"]) == (1, {"USD": {"count": 1, "total_minor": 36_000}})


def test_dry_run_says_why_nothing_would_be_invoiced(salesforce: Connection, org: Org) -> None:
    ensure_legal_entity(street="", city="")
    sell(org, CloseDate=timezone.now().date())

    assert sync_crm("--dry-run")[1].splitlines()[1] == (
        "The address of the legal entity is missing, so no invoice is legal. "
        "Enter it under Settings, Legal entity."
    )


def test_dry_run_that_fails(salesforce: Connection, org: Org) -> None:
    org.intercept = lambda request: Response(status=503, headers={"Retry-After": "0"})

    code, answer = sync_json("--dry-run")

    assert (code, answer["runs"][0]["state"]) == (1, "failed")


@pytest.mark.slow
def test_database_that_does_not_answer(manage: Manage) -> None:
    nowhere = Manage(
        environment={**manage.environment, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    )

    ended = nowhere("sync_crm")

    assert (ended.code, ended.output) == (5, "")
    assert ended.errors.splitlines()[-1].startswith("CommandError: The database does not answer. See that")


@pytest.mark.slow
def test_terminal_gets_a_progress_bar(salesforce: Connection, org: Org, manage: Manage) -> None:
    org.add_won_deals(20)
    org.max_page_size = 10
    screen, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (25, 120))

    process = subprocess.Popen(
        [sys.executable, "manage.py", "sync_crm"],
        cwd=settings.BASE_DIR,
        env=dict(manage.environment),
        stdout=subprocess.PIPE,
        stderr=terminal,
    )
    output, _ = process.communicate(timeout=60)
    shown = os.read(screen, 100_000).decode()
    os.close(terminal)
    os.close(screen)

    assert output.decode().startswith("Salesforce: 20 deals read, 20 created.\n")
    assert "Salesforce: 100%" in shown
    assert "20/20" in shown
