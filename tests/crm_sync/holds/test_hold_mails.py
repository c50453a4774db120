"""Mails on held deals, and the reminders of those that stay so."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import DataError
from django.db import connection as database
from django.db.models import F
from django.utils import timezone

from contracts.models import AuditEntry
from crm_sync.connections.alerts import send_alerts
from crm_sync.enums import AlertKind, HoldCode
from crm_sync.holds import mails
from crm_sync.holds.mails import NO_REMINDERS, tell_of_holds
from crm_sync.holds.reminders import remind_of_holds
from crm_sync.importing.mail_addresses import mail_address
from crm_sync.models import Alert, Connection, CrmDeal, Hold, HoldPolicy
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.page_rows import NOON, connect, deal, hold, problem, ran
from tests.crm_sync.sales import sell
from tests.pages import alerts, signed_in


def told() -> list[tuple[str, str, str]]:
    return list(Alert.objects.order_by("id").values_list("kind", "recipient", "subject"))


@pytest.fixture
def settled_in(salesforce: Connection, run: Run) -> Connection:
    """Its first import, of nothing, is over."""
    run(salesforce)
    return salesforce


def test_account_manager_is_told_once_which_field_to_fix(settled_in: Connection, org: Org, run: Run) -> None:
    sold = sell(org, Amount=None)
    run(settled_in)
    org.edit(sold, Name="Acme platform, renamed")
    run(settled_in)
    run(settled_in, external_ids=[sold])

    (letter,) = Alert.objects.all()
    assert (letter.kind, letter.recipient, letter.subject) == (
        AlertKind.HELD,
        "ada@acme.example",
        "Fincelo: “Acme platform” cannot be billed yet",
    )
    assert letter.body == (
        "This won deal of yours cannot be billed yet. Please correct what is named below in the CRM. Fincelo "
        "reads the deal again automatically, and bills it.\n\n"
        "“Acme platform”\n- Contract Value: Contract Value is empty.\n  Fill it in in Salesforce, enter the value in "
        "Fincelo, choose another field in Field Mapping, or dismiss the deal.\n"
        f"  {CrmDeal.objects.get().url}\n"
    )
    assert Hold.objects.get().told_at is not None


def test_several_deals_of_one_run_are_one_mail(settled_in: Connection, org: Org, run: Run) -> None:
    for number in range(3):
        sell(org, account=org.add_account(f"Customer {number}"), Name=f"Deal {number}", Amount=None)

    run(settled_in)

    assert told() == [("held", "ada@acme.example", "Fincelo: 3 deals cannot be billed yet")]
    assert [line for line in Alert.objects.get().body.split("\n") if line.startswith("“Deal ")] == [
        "“Deal 0”",
        "“Deal 1”",
        "“Deal 2”",
    ]


def test_mail_goes_to_the_account_manager_alone(settled_in: Connection, org: Org, run: Run) -> None:
    sell(org, Amount=None)
    run(settled_in)

    send_alerts()

    assert [(letter.to, letter.subject) for letter in mail.outbox] == [
        (["ada@acme.example"], "Fincelo: “Acme platform” cannot be billed yet")
    ]


def test_first_import_is_told_to_finance_in_one_mail(salesforce: Connection, org: Org, run: Run) -> None:
    for number in range(3):
        sell(org, account=org.add_account(f"Customer {number}"), Amount=None)
    sell(org, Contract_Term__c=1.5)

    run(salesforce)
    run(salesforce)

    (letter,) = Alert.objects.all()
    assert (letter.kind, letter.recipient, letter.subject) == (
        AlertKind.HELD,
        "",
        "Fincelo: 4 deals of Salesforce cannot be billed yet",
    )
    assert "- Amount missing: 3\n- Contract duration unreadable: 1\n" in letter.body
    assert set(Hold.objects.values_list("reminders", flat=True)) == {NO_REMINDERS}


def test_run_that_dies_before_its_mails_leaves_them_to_the_next(
    settled_in: Connection, org: Org, run: Run
) -> None:
    sell(org, Amount=None)

    def die(execute: Any, sql: str, *args: Any) -> Any:
        if "SET told_at" in sql:
            raise DataError
        return execute(sql, *args)

    with database.execute_wrapper(die):
        dead = run(settled_in)
    before = told()
    run(settled_in)

    assert (dead.state, before, len(told())) == ("errored", [], 1)


def test_run_that_dies_with_its_mails_half_written_neither_loses_nor_doubles_them(
    settled_in: Connection, org: Org, run: Run
) -> None:
    sell(org, Amount=None)

    def die(execute: Any, sql: str, *args: Any) -> Any:
        if 'INSERT INTO "crm_sync_alert"' in sql:
            raise DataError
        return execute(sql, *args)

    with database.execute_wrapper(die):
        dead = run(settled_in)
    assert (dead.state, Hold.objects.get().told_at) == ("errored", None)
    run(settled_in)
    run(settled_in)

    assert len(told()) == 1


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" ada@acme.example ", "ada@acme.example"),
        ("", ""),
        ("Ada", ""),
        ("Ada <ada@acme.example>", ""),
        ("a@acme.example, b@acme.example", ""),
        ("ada@acme.example\nBcc: all@acme.example", ""),
        ("ada@acme.example\r\n", "ada@acme.example"),
        ("ada@\u0430cme", ""),
        ("@acme.example", ""),
        ("ada@acme.example\x00", ""),
        ("a" * 10_000_000, ""),
        ("a@" + "b" * 10_000_000 + ".example", ""),
    ],
    ids=range(12),
)
def test_what_looks_like_an_address(text: str, address: str) -> None:
    assert mail_address(text) == address


def test_deal_without_a_usable_address_is_told_to_nobody(settled_in: Connection, org: Org, run: Run) -> None:
    odd = org.add_user(name="Odd One", email="not an address")
    sell(org, Amount=None, OwnerId=odd)

    run(settled_in)

    assert (told(), Hold.objects.get().manager_email) == ([], "")


def hostile(connection: Connection) -> Hold:
    bad = "Acme\r\nBcc: all@acme.example\n<script>alert(1)</script>\u2028=cmd"
    held = deal(connection, name=bad, url="javascript:alert(1)")
    return hold(
        held,
        problem(HoldCode.AMOUNT_MISSING, sentence="x" * 10_000_000, field=bad),
        manager_email="ada@acme.example",
    )


@pytest.mark.django_db(transaction=True)
def test_hostile_texts_begin_no_line_of_a_mail() -> None:
    connection = connect()
    hostile(connection)
    run = ran(connection, window_from=NOON)
    fenced(run)

    tell_of_holds(run=run)
    send_alerts()

    (letter,) = mail.outbox
    assert letter.subject == (
        "Fincelo: “Acme Bcc: all@acme.example <script>alert(1)</script> =cmd” cannot be billed yet"
    )
    assert (letter.to, letter.bcc) == (["ada@acme.example"], [])
    assert not any(line.startswith("Bcc") for line in letter.body.splitlines())
    assert len(letter.body) < 1_000
    assert "javascript" not in letter.body


def fenced(run: Any) -> None:
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO crm_sync_connectionlease (connection_id, token) VALUES (%s, %s)",
            [run.connection_id, run.lease_token],
        )


@pytest.mark.django_db(transaction=True)
def test_a_thousand_deals_are_one_readable_mail(django_assert_max_num_queries: Any) -> None:
    connection = connect()
    for number in range(150):
        hold(
            deal(connection, f"D{number}"), manager_email="Ada@acme.example" if number else "ada@ACME.example"
        )
    run = ran(connection, window_from=NOON)
    fenced(run)

    with django_assert_max_num_queries(12):
        tell_of_holds(run=run)

    (letter,) = Alert.objects.all()
    assert letter.body.count("Contract Value is empty.") == mails.MOST_NAMED
    assert letter.body.endswith("And 50 more deals.\n") or "And 50 deals more.\n" in letter.body


def held_for(hours: float, *, connection: Connection, **fields: Any) -> Hold:
    number = Hold.objects.count()
    usual: dict[str, Any] = {"manager_email": "ada@acme.example", "told_at": timezone.now()}
    one = hold(deal(connection, f"D{number}", name=f"Deal {number}"), **usual | fields)
    Hold.objects.filter(pk=one.pk).update(opened_at=timezone.now() - timedelta(hours=hours))
    return one


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("hours", "reminders", "recipients"),
    [
        (41.9, 0, []),
        (42.1, 1, ["ada@acme.example"]),
        (65.9, 1, ["ada@acme.example"]),
        (66.1, 2, ["ada@acme.example"]),
        (90.1, 3, ["ada@acme.example", ""]),
        (900, 3, ["ada@acme.example", ""]),
    ],
)
def test_reminder_is_due(hours: float, reminders: int, recipients: list[str]) -> None:
    one = held_for(hours, connection=connect())

    written = [remind_of_holds(), remind_of_holds()]

    one.refresh_from_db()
    assert (written, one.reminders) == ([len(recipients), 0], reminders)
    assert [(kind, recipient) for kind, recipient, _ in told()] == [("held_still", to) for to in recipients]


@pytest.mark.django_db
def test_reminders_over_the_days_are_three_and_then_none() -> None:
    held_for(0, connection=connect())
    counts = []
    for _ in range(10):
        Hold.objects.update(opened_at=F("opened_at") - timedelta(hours=12))
        counts.append(remind_of_holds())

    assert counts == [0, 0, 0, 1, 0, 1, 0, 2, 0, 0]


@pytest.mark.django_db
def test_one_mail_for_each_manager_and_pass() -> None:
    connection = connect()
    for hours in (43, 50, 70):
        held_for(hours, connection=connection)
    held_for(43, connection=connection, manager_email="bob@acme.example")
    held_for(43, connection=connection, manager_email="")

    assert remind_of_holds() == 2
    assert sorted(told()) == [
        ("held_still", "ada@acme.example", "Fincelo: still held: 3 deals cannot be billed yet"),
        ("held_still", "bob@acme.example", "Fincelo: still held: “Deal 3” cannot be billed yet"),
    ]


@pytest.mark.django_db
def test_deal_without_a_manager_reaches_finance_in_the_end() -> None:
    held_for(91, connection=connect(), manager_email="", told_at=None)

    remind_of_holds()

    assert told() == [("held_still", "", "Fincelo: 1 deal still cannot be billed")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields", [{"resolved_at": NOON}, {"reminders": NO_REMINDERS}], ids=["settled", "old"]
)
def test_settled_and_old_holds_are_not_reminded_of(fields: dict[str, Any]) -> None:
    held_for(100, connection=connect(), **fields)

    assert (remind_of_holds(), told()) == (0, [])


@pytest.mark.django_db
def test_hours_are_a_setting_and_none_switches_reminders_off() -> None:
    client = signed_in("crm_sync.view_holdpolicy", "crm_sync.change_holdpolicy")
    held_for(10, connection=connect())

    saved = client.post("/settings/holds/", {"reminder_hours": " 5, 100 5"}, follow=True)
    first = remind_of_holds()
    client.post("/settings/holds/", {"reminder_hours": ""})
    Hold.objects.update(opened_at=F("opened_at") - timedelta(hours=1000))

    assert alerts(saved) == ["Saved. The next reminders follow it."]
    assert 'value="5, 100"' in saved.text
    assert (first, remind_of_holds()) == (1, 0)
    assert HoldPolicy.objects.get().reminder_hours == []
    assert (
        list(AuditEntry.objects.order_by("id").values_list("actor_name", "action"))
        == [("dana", "hold policy changed")] * 2
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    "hours", ["soon", "-1", "1.5", "0", "2161", "9" * 99, "1,2,3,4,5,6,7,8,9,10,11", "4\u0662"]
)
def test_hours_that_are_none_are_refused(hours: str) -> None:
    client = signed_in("crm_sync.view_holdpolicy", "crm_sync.change_holdpolicy")

    page = client.post("/settings/holds/", {"reminder_hours": hours})

    assert page.status_code == 200
    assert 'class="errorlist"' in page.text
    assert not HoldPolicy.objects.exists()


@pytest.mark.django_db
def test_settings_need_their_rights() -> None:
    assert signed_in("crm_sync.view_holdpolicy").post("/settings/holds/", {}).status_code == 403


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_workers_remind_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connections

    connection = connect()
    for _ in range(50):
        held_for(43, connection=connection)

    def work(_: int) -> int:
        try:
            return remind_of_holds()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))

    bodies = "".join(Alert.objects.values_list("body", flat=True))
    assert [bodies.count(f"“Deal {number}”\n") for number in range(50)] == [1] * 50
