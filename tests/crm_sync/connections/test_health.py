"""States, banners and mails of a connection that breaks, falls silent, is paused, works again."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.db import connections
from django.db.models.functions import Now
from django.test import Client

from contracts.models import AuditEntry
from crm_sync import tasks
from crm_sync.connections import alerts, authorising, watch
from crm_sync.enums import AlertKind, ConnectionState
from crm_sync.models import Alert, Connection, ConnectionLease
from crm_sync.views.oversight import context
from demo.http_server import Server
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from fincelo import health as healthz
from fincelo.recipients import NOBODY
from tests.crm_sync.conftest import Run, authorise, keys_of
from tests.crm_sync.page_rows import connect
from tests.crm_sync.sales import sell
from tests.pages import alerts as shown_alerts
from tests.pages import signed_in, words

pytestmark = pytest.mark.django_db
VIEW, CHANGE = "crm_sync.view_connection", "crm_sync.change_connection"


@pytest.fixture
def people(db: None) -> None:
    """Two who are told, and three who are not."""
    for name, group, email, is_active in (
        ("fay", "Finance", "fay@acme.example", True),
        ("otto", "Operator", "otto@acme.example", True),
        ("sue", "Support", "sue@acme.example", True),
        ("gone", "Finance", "gone@acme.example", False),
        ("mute", "Finance", "", True),
    ):
        user = User.objects.create_user(name, email=email, is_active=is_active)
        user.groups.add(Group.objects.get(name=group))


def fall_silent(connection: Connection, *, minutes: int = 16) -> None:
    past = Now() - timedelta(minutes=minutes)
    Connection.objects.filter(pk=connection.pk).update(created_at=past, live_since=past, last_success_at=past)


def test_case_75_break_is_told_by_one_mail(salesforce: Connection, org: Org, run: Run, people: None) -> None:
    org.revoke_tokens()
    run(salesforce)
    tasks.look_after_alarms()
    tasks.look_after_alarms()
    connecting_page = signed_in(VIEW).get("/settings/crm/")

    (sent,) = mail.outbox
    assert sent.to == ["fay@acme.example", "otto@acme.example"]
    assert sent.subject == "Fincelo: Salesforce is broken: won deals are not imported"
    assert "Salesforce has revoked or expired this connection." in sent.body
    assert f"/settings/crm/{salesforce.pk}/#connect" in sent.body
    assert any("Salesforce is broken." in text for text in shown_alerts(connecting_page))


def test_refusal_outside_of_a_run_breaks_too_and_ends_all_calls(
    hubspot: Connection, portal: Portal, hubspot_server: Server, people: None
) -> None:
    portal.revoke_token(next(iter(portal.tokens)))

    signed_in(VIEW, CHANGE).post(f"/settings/crm/{hubspot.pk}/preflight/")

    hubspot.refresh_from_db()
    assert hubspot.state == ConnectionState.BROKEN
    assert [alert.kind for alert in Alert.objects.all()] == [AlertKind.BROKEN]


def test_recovery_is_told_by_one_mail(salesforce: Connection, org: Org, run: Run, people: None) -> None:
    org.revoke_tokens()
    run(salesforce)
    salesforce.refresh_from_db()
    authorising.accept_grant(
        connection=salesforce,
        grant=authorise(org=org, connection=salesforce),
        keys=keys_of(connection=salesforce, org=org),
        actor=None,
    )
    run(salesforce)
    watch.look()

    assert [sent.subject for sent in mail.outbox] == [
        "Fincelo: Salesforce is broken: won deals are not imported",
        "Fincelo: Salesforce works again",
    ]
    salesforce.refresh_from_db()
    assert (salesforce.state, salesforce.trouble) == ("connected", "")


def test_mail_that_cannot_be_sent_is_tried_again(people: None, monkeypatch: pytest.MonkeyPatch) -> None:
    alert = alerts.write_alert(connection=connect(), kind=AlertKind.BROKEN)

    def refuse(self: object) -> int:
        raise ConnectionRefusedError("no mail server")

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", refuse)
        assert alerts.send_alerts() == 0
    alert.refresh_from_db()
    assert (alert.tries, alert.sent_at, alert.error) == (1, None, "ConnectionRefusedError: no mail server")
    assert alerts.send_alerts() == 0
    Alert.objects.update(next_try_at=Now())

    assert alerts.send_alerts() == 1
    alert.refresh_from_db()
    assert (alert.tries, alert.error) == (2, "")
    assert alert.sent_at is not None
    assert alerts.send_alerts() == 0
    assert len(mail.outbox) == 1


def test_mail_waits_until_somebody_can_be_told() -> None:
    alert = alerts.write_alert(connection=connect(), kind=AlertKind.BROKEN)

    alerts.send_alerts()

    alert.refresh_from_db()
    assert alert.error == f"LookupError: {NOBODY}"


def test_mail_of_yesterday_is_not_sent_any_more(people: None) -> None:
    alerts.write_alert(connection=connect(), kind=AlertKind.BROKEN)
    Alert.objects.update(created_at=Now() - timedelta(hours=25))

    assert alerts.send_alerts() == 0


def test_name_cannot_add_headers(people: None) -> None:
    connection = connect()
    connection.name = "Evil\nBcc: all@x.example"  # the database has no such name
    alerts.write_alert(connection=connection, kind=AlertKind.BROKEN)

    assert alerts.send_alerts() == 1
    assert mail.outbox[0].subject.startswith("Fincelo: Evil Bcc: all@x.example is broken")


def test_silence_raises_banner_and_one_mail_without_any_worker(people: None) -> None:
    fall_silent(connect())
    client = signed_in(VIEW)

    first, second = client.get("/settings/crm/"), client.get("/settings/crm/")

    for page in (first, second):
        assert any("Salesforce has had no complete sync since" in text for text in shown_alerts(page))
    assert [sent.subject for sent in mail.outbox] == [
        "Fincelo: Salesforce has been silent for fifteen minutes"
    ]


def test_health_page_tells_silence_and_raises_the_alarm(client: Client, people: None) -> None:
    healthz.beat()
    fall_silent(connect())

    answers = [client.get("/healthz") for _ in range(2)]

    assert [(one.status_code, one.json()["polls"]) for one in answers] == [(503, "silent")] * 2
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"state": ConnectionState.PAUSED},
        {"state": ConnectionState.NOT_CONNECTED},
        {"mapping_version": None},
        {"last_success_at": Now() - timedelta(minutes=14)},
        {"live_since": Now() - timedelta(minutes=14)},
    ],
)
def test_no_alarm(change: dict[str, object], people: None) -> None:
    connection = connect()
    fall_silent(connection)
    Connection.objects.filter(pk=connection.pk).update(**change)

    watch.look()

    assert watch.polls() == "ok"
    assert context.troubled_connections() == []
    assert mail.outbox == []


def test_long_import_at_work_is_no_silence(people: None) -> None:
    connection = connect()
    fall_silent(connection)
    ConnectionLease.objects.create(connection=connection, token=1, expires_at=Now() + timedelta(minutes=5))

    assert watch.polls() == "ok"


def test_end_of_silence_is_told_by_one_mail(salesforce: Connection, run: Run, people: None) -> None:
    fall_silent(salesforce)
    watch.look()
    run(salesforce)
    run(salesforce)
    watch.look()

    assert [sent.subject for sent in mail.outbox] == [
        "Fincelo: Salesforce has been silent for fifteen minutes",
        "Fincelo: Salesforce works again",
    ]


@pytest.mark.django_db(transaction=True)
def test_many_processes_notice_at_once_and_one_mail_goes_out() -> None:
    user = User.objects.create_user("fay", email="fay@acme.example")
    user.groups.add(Group.objects.get_or_create(name="Finance")[0])
    fall_silent(connect())
    start = threading.Barrier(6)

    def notice() -> None:
        start.wait()
        watch.look()
        connections.close_all()

    in_parallel(notice, number=6)

    assert len(mail.outbox) == 1
    assert Alert.objects.count() == 1


def in_parallel(work: Callable[[], None], *, number: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_pause_keeps_the_cursor_and_resuming_misses_nothing(
    salesforce: Connection, org: Org, run: Run
) -> None:
    sell(org)
    run(salesforce)
    salesforce.refresh_from_db()
    cursor = salesforce.cursor_modified_at
    client = signed_in(VIEW, CHANGE)

    paused = client.post(f"/settings/crm/{salesforce.pk}/pause/", follow=True)
    sell(org)
    tasks.poll(salesforce.pk)

    salesforce.refresh_from_db()
    assert (salesforce.state, salesforce.cursor_modified_at) == ("paused", cursor)
    assert "Salesforce is paused. Its cursor is kept." in shown_alerts(paused)
    assert "Resume" in words(paused.text)

    client.post(f"/settings/crm/{salesforce.pk}/resume/")
    done = run(salesforce)

    salesforce.refresh_from_db()
    assert (salesforce.state, done.held + done.created) == ("connected", 1)
    assert [(entry.actor_name, entry.action) for entry in AuditEntry.objects.order_by("-id")[:2]][::-1] == [
        ("dana", "connection paused"),
        ("dana", "connection resumed"),
    ]


def test_pause_ends_a_run_at_work_after_its_page(salesforce: Connection, org: Org) -> None:
    org.max_page_size = 10
    org.add_won_deals(25)
    may_go_on = tasks.still_live(salesforce.pk)
    assert may_go_on()

    Connection.objects.filter(pk=salesforce.pk).update(state=ConnectionState.PAUSED)

    assert not may_go_on()


@pytest.mark.parametrize(
    ("state", "action", "sentence"),
    [
        ("broken", "pause", "Salesforce is not importing, so there is nothing to pause."),
        ("connected", "resume", "Salesforce is not paused."),
    ],
)
def test_what_cannot_be_paused_or_resumed(state: str, action: str, sentence: str) -> None:
    connection = connect(state=state)

    response = signed_in(VIEW, CHANGE).post(f"/settings/crm/{connection.pk}/{action}/", follow=True)

    assert sentence in shown_alerts(response)
    connection.refresh_from_db()
    assert connection.state == state


def test_banners_take_one_query_for_any_number(django_assert_num_queries) -> None:
    for name in ("A", "B", "C"):
        connect(name, state=ConnectionState.BROKEN, state_reason="Revoked.")

    with django_assert_num_queries(1):
        assert len(context.troubled_connections()) == 3
