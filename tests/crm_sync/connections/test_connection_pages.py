"""CRM Integration: the list, one connection, its settings."""

from datetime import date

import pytest
from django.test import Client

from contracts.models import AuditEntry, Contract
from crm_sync.enums import ConnectionState
from crm_sync.models import Connection, ConnectionLease, CrmSchema
from tests.audited import changes
from tests.billing.builders import Deal as BilledDeal
from tests.billing.builders import sign
from tests.crm_sync.page_rows import NOON, connect, deal, ran
from tests.pages import alerts, heading, rows, signed_in, words

pytestmark = pytest.mark.django_db
VIEW, CHANGE = "crm_sync.view_connection", "crm_sync.change_connection"
MEANING = "crm_sync.change_billing_meaning"
SETTINGS = {
    "mode": "live",
    "name": "Salesforce",
    "import_from": "2026-01-01",
    "default_currency": "USD",
    "amount_means": "total",
    "term_unit": "months",
    "billing_timing": "in_advance",
    "lead_days": "0",
    "stage_names": ["Closed Won"],
}


@pytest.fixture
def browser() -> Client:
    return signed_in(VIEW, CHANGE, MEANING, "crm_sync.change_syncrun", "crm_sync.view_syncrun")


def test_empty_list_offers_both_crms(browser: Client) -> None:
    page = browser.get("/settings/crm/")

    assert "Connect Salesforce" in page.text
    assert "Connect HubSpot" in page.text


def test_list_shows_state_org_and_what_is_to_do(browser: Client) -> None:
    connect("Acme", is_confirmed=False)
    connect("Beta", state=ConnectionState.BROKEN, state_reason="Salesforce has revoked this connection.")

    page = browser.get("/settings/crm/").text

    assert "Next: confirm the field mapping." in page
    assert "Salesforce has revoked this connection." in page
    assert "Beta org" in page


def test_broken_connection_says_what_why_and_offers_to_reconnect(browser: Client) -> None:
    connection = connect(state=ConnectionState.BROKEN, state_reason="Salesforce has revoked this connection.")

    page = browser.get(f"/settings/crm/{connection.pk}/")

    assert alerts(page) == ["Salesforce is broken. Salesforce has revoked this connection."]
    assert "Its won deals are not imported until it is connected again." in page.text
    assert f'href="/settings/crm/{connection.pk}/#connect">Reconnect</a>' in page.text


def test_warnings_of_the_connection_are_listed(browser: Client) -> None:
    connection = connect(state=ConnectionState.DEGRADED, warnings=["Account Manager stays blank."])

    assert "Account Manager stays blank." in alerts(browser.get(f"/settings/crm/{connection.pk}/"))


@pytest.mark.parametrize("name", ["Closed Won ", "closed won", "Closed–Won"])
def test_stage_that_only_deals_hold_can_be_chosen(browser: Client, name: str) -> None:
    """A link that says to choose a stage leads to a list that has it."""
    connection = connect()
    CrmSchema.objects.filter(pk=connection.pk).update(unlisted_stages=[name])

    page = browser.get(f"/settings/crm/{connection.pk}/")
    browser.post(f"/settings/crm/{connection.pk}/settings/", SETTINGS | {"stage_names": ["Closed Won", name]})

    assert f'name="stage_names" value="{name}"' in page.text
    assert Connection.objects.get().stage_names == ["Closed Won", name]


def test_stages_show_what_is_selected_won_and_gone(browser: Client) -> None:
    connection = connect(stage_names=["Closed Won", "Won twice"])

    page = browser.get(f"/settings/crm/{connection.pk}/").text

    assert 'value="Closed Won" id="stage-2" checked' in page
    assert 'value="Signed" id="stage-3">' in page
    assert "Won twice" in page
    assert "not in the CRM" in page


def test_settings_are_saved_and_audited(browser: Client) -> None:
    connection = connect(cursor_modified_at=NOON)

    response = browser.post(
        f"/settings/crm/{connection.pk}/settings/",
        SETTINGS | {"term_unit": "years", "name": "EMEA"},
        follow=True,
    )

    connection.refresh_from_db()
    assert (connection.name, connection.term_unit, connection.cursor_modified_at) == ("EMEA", "years", NOON)
    assert "Settings of EMEA saved. They count from the next sync on." in alerts(response)
    entry = AuditEntry.objects.get()
    assert (entry.actor_name, entry.before, entry.after) == (
        "dana",
        {"name": "Salesforce", "term_unit": "months"},
        {"name": "EMEA", "term_unit": "years"},
    )


def test_settings_as_they_were_write_nothing(browser: Client) -> None:
    connection = connect()

    response = browser.post(f"/settings/crm/{connection.pk}/settings/", SETTINGS, follow=True)

    assert "Nothing to save: Salesforce has these settings already." in alerts(response)
    assert not changes().exists()


@pytest.mark.parametrize(
    ("change", "is_read_again"),
    [
        ({"import_from": "2025-01-01"}, True),
        ({"import_from": "2026-06-01"}, False),
        ({"stage_names": ["Closed Won", "Signed"]}, True),
        ({"stage_names": ["Signed"]}, True),
        ({"default_currency": "EUR"}, False),
    ],
)
def test_what_brings_in_more_deals_reads_everything_again(
    browser: Client, change: dict[str, str], is_read_again: bool
) -> None:
    connection = connect(cursor_modified_at=NOON, cursor_external_id="006A")

    browser.post(f"/settings/crm/{connection.pk}/settings/", SETTINGS | change)

    connection.refresh_from_db()
    assert (connection.cursor_modified_at is None) is is_read_again


def test_reading_again_takes_the_lease_from_a_run_at_work(browser: Client) -> None:
    """Else that run would move the cursor past what it never read."""
    connection = connect(cursor_modified_at=NOON)
    ConnectionLease.objects.create(connection=connection, token=7, expires_at=NOON)

    browser.post(f"/settings/crm/{connection.pk}/settings/", SETTINGS | {"import_from": "2025-01-01"})

    lease = ConnectionLease.objects.get()
    assert (lease.token, lease.expires_at) == (8, None)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"import_from": "1989-12-31"}, "Choose a day from 1 Jan 1990 on."),
        ({"import_from": "yesterday"}, "Enter a valid date."),
        ({"default_currency": "XAU"}, "Select a valid choice. XAU is not one of the available choices."),
        ({"stage_names": []}, "Choose at least one stage."),
        (
            {"stage_names": ["closed won"]},
            "Select a valid choice. closed won is not one of the available choices.",
        ),
        ({"name": ""}, "This field is required."),
        ({"name": "Taken"}, "Connection with this Name already exists."),
        (
            {"billing_timing": "in_arrears", "lead_days": "30"},
            "In arrears is billed after the period: choose its first day here.",
        ),
    ],
)
def test_bad_settings_are_refused_beside_their_field(
    browser: Client, change: dict[str, object], sentence: str
) -> None:
    connection = connect()
    connect("Taken")

    response = browser.post(f"/settings/crm/{connection.pk}/settings/", SETTINGS | change)

    assert response.status_code == 200
    assert sentence in words(response.text)
    assert "Not saved: something below cannot be used." in alerts(response)
    assert heading(response).startswith("CRM Integration Salesforce Connected")
    assert not changes().exists()


def test_text_of_the_crm_is_escaped(browser: Client) -> None:
    connection = connect(warnings=["<script>alert(1)</script>"], stage_names=["<img src=x>"])
    connection.org.name = '"><script>alert(2)</script>'
    connection.org.save()

    for path in ("/settings/crm/", f"/settings/crm/{connection.pk}/"):
        page = browser.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x>" not in page


def test_sync_now_marks_the_wish_and_shows_the_history(browser: Client) -> None:
    connection = connect()

    response = browser.post(f"/settings/crm/{connection.pk}/sync/", follow=True)

    connection.refresh_from_db()
    assert connection.sync_requested_at is not None
    assert response.redirect_chain == [(f"/history/?connection={connection.pk}", 302)]
    assert "Sync waits for the worker since" in words(response.text)


def test_sync_now_of_a_broken_connection_is_refused(browser: Client) -> None:
    connection = connect(state=ConnectionState.BROKEN)

    response = browser.post(f"/settings/crm/{connection.pk}/sync/", follow=True)

    assert "Salesforce is not connected. Connect it first." in alerts(response)


def test_sync_now_before_the_mapping_is_confirmed_leads_to_it() -> None:
    client = signed_in("crm_sync.change_syncrun", "crm_sync.view_fieldmapping")
    connection = connect(is_confirmed=False)

    response = client.post(f"/settings/crm/{connection.pk}/sync/", follow=True)

    assert response.redirect_chain == [(f"/settings/mapping/{connection.pk}/", 302)]
    assert "Salesforce imports nothing before its field mapping is confirmed." in alerts(response)


def test_unfinished_connection_can_be_removed(browser: Client) -> None:
    connection = Connection.objects.create(
        provider="salesforce", name="Begun", import_from=date(2026, 1, 1), default_currency="USD"
    )

    response = browser.post(f"/settings/crm/{connection.pk}/remove/", follow=True)

    assert "Begun is removed. It had never been connected." in alerts(response)
    assert not Connection.objects.exists()


def test_connection_that_was_made_cannot_be_removed(browser: Client) -> None:
    connection = connect(state=ConnectionState.NOT_CONNECTED)

    assert browser.post(f"/settings/crm/{connection.pk}/remove/").status_code == 404
    assert Connection.objects.exists()


def test_page_leads_to_the_latest_run(browser: Client) -> None:
    connection = connect()
    ran(connection, started_at=NOON.replace(year=2025))
    latest = ran(connection)

    assert f'href="/history/{latest.pk}/"' in browser.get("/settings/crm/").text


@pytest.fixture
def asking() -> Connection:
    connection = connect(leavers_asked_at=NOON)
    (contract,) = sign(BilledDeal(start=date(2099, 1, 1)))
    deal(connection, contract=contract, stage="Negotiation", left_reason="left_won", left_at=NOON)
    ran(connection)
    return connection


def test_connection_asks_about_deals_that_left_won(browser: Client, asking: Connection) -> None:
    page = browser.get(asking.get_absolute_url())

    assert "Have these deals left won?" in page.text
    assert "1 imported deal is no longer won in Salesforce." in alerts(page)
    assert rows(page) == [["Acme subscription", "Acme", "Moved to another stage", "Negotiation"]]
    assert "The first" not in page.text
    assert "They are still won: keep" in page.text
    assert "Suspend them all" in page.text


def test_who_may_not_decide_sees_the_question_only(asking: Connection) -> None:
    page = signed_in(VIEW).get(asking.get_absolute_url())

    assert "Somebody of Finance can decide this." in page.text
    assert "Suspend them all" not in page.text


@pytest.mark.parametrize(
    ("answer", "state", "sentence"),
    [
        ("suspend", "suspended", "Suspended: 1 contract. Nothing is billed while a contract is suspended."),
        (
            "keep",
            "scheduled",
            "Kept: 1 contract. If a stage was renamed, select its new name on this page.",
        ),
    ],
)
def test_answer_is_carried_out_once(
    browser: Client, asking: Connection, answer: str, state: str, sentence: str
) -> None:
    path = f"{asking.get_absolute_url()}leavers/{answer}/"

    page = browser.post(path, follow=True)

    assert sentence in words(page.text)
    assert Contract.objects.get().state == state
    assert "Have these deals left won?" not in page.text
    again = browser.post(path, follow=True)
    assert "Salesforce has nothing left to decide: somebody has already decided this." in words(again.text)


def test_mode_is_chosen_audited_and_shown(browser: Client) -> None:
    connection = connect(cursor_modified_at=NOON)

    response = browser.post(
        f"/settings/crm/{connection.pk}/settings/", SETTINGS | {"mode": "preview"}, follow=True
    )

    connection.refresh_from_db()
    assert (connection.mode, connection.cursor_modified_at) == ("preview", NOON)
    assert (
        "Salesforce is in mode Preview. The history shows what would happen, and nothing is imported. "
        "Contracts made before continue to be billed, and are suspended if their deals are no longer won."
    ) in alerts(response)
    assert "Preview: the history shows what would happen" in browser.get("/settings/crm/").text
    assert AuditEntry.objects.get().after == {"mode": "preview"}


def test_a_mode_that_does_not_exist_is_refused(browser: Client) -> None:
    connection = connect()

    browser.post(f"/settings/crm/{connection.pk}/settings/", SETTINGS | {"mode": "silent"})

    connection.refresh_from_db()
    assert connection.mode == "live"
