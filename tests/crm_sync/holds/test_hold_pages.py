"""Holds: the list, one hold, what people decide about it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from contracts.models import AuditEntry
from crm_sync.enums import ConnectionState, DealState, HoldCode
from crm_sync.mapping.problems import HIDDEN
from crm_sync.models import CrmDeal, Hold
from crm_sync.views.holds.cures import WHY
from tests.billing.builders import Deal, sign
from tests.crm_sync.page_rows import NOON, connect, deal, hold, problem, ran, recorded
from tests.pages import alerts, field_errors, heading, rows, signed_in, words

pytestmark = pytest.mark.django_db
UNKNOWN = problem(
    HoldCode.FREQUENCY_UNKNOWN,
    field="Billing Cycle",
    raw="Bi-annual",
    sentence="Billing Cycle “Bi-annual” can mean twice a year or every two years; add a translation for it.",
    cure="Add a translation in Field Mapping.",
)
EMPTY = problem(HoldCode.AMOUNT_MISSING)
TWICE = problem(HoldCode.DUPLICATE_SUSPECT, sentence="Another contract is the same.")


@pytest.fixture
def browser() -> Client:
    return signed_in(
        "crm_sync.view_hold",
        "crm_sync.change_hold",
        "crm_sync.change_syncrun",
        "crm_sync.view_fieldmapping",
        "crm_sync.view_syncrun",
    )


def test_nothing_held_says_so(browser: Client) -> None:
    assert "Nothing is held" in browser.get("/holds/").text


def test_open_holds_are_listed_with_their_causes_counted(browser: Client) -> None:
    connection = connect()
    hold(deal(connection, "A", name="Alpha"), UNKNOWN, EMPTY, opened_at=NOON)
    hold(deal(connection, "B", name="Beta"), EMPTY, opened_at=NOON + timedelta(hours=1))
    hold(deal(connection, "C", name="Gamma"), EMPTY, opened_at=NOON - timedelta(hours=1))
    hold(deal(connection, "D", name="Settled"), EMPTY, resolved_at=NOON)

    page = browser.get("/holds/list/")

    assert rows(page) == [
        ["Beta", "Salesforce", "Contract Value is empty.", "20 Nov 2026, 13:00", "Open"],
        ["Alpha", "Salesforce", f"{UNKNOWN['sentence']} And 1 more.", "20 Nov 2026, 12:00", "Open"],
        ["Gamma", "Salesforce", "Contract Value is empty.", "20 Nov 2026, 11:00", "Open"],
    ]
    assert "2 amount missing 1 billing cycle unknown" in words(page.text)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("code=AMOUNT_MISSING", ["Beta"]),
        ("code=nonsense", ["Beta", "Alpha"]),
        ("connection={other}", ["Beta"]),
        ("q=alp", ["Alpha"]),
        ("q=006B", ["Beta"]),
        ("q=nobody", []),
    ],
)
def test_holds_are_filtered(browser: Client, query: str, expected: list[str]) -> None:
    other = connect("Other")
    hold(deal(connect(), "006A", name="Alpha"), UNKNOWN, opened_at=NOON)
    hold(deal(other, "006B", name="Beta"), EMPTY, opened_at=NOON + timedelta(hours=1))

    page = browser.get(f"/holds/list/?{query.format(other=other.pk)}")

    assert [row[0] for row in rows(page)] == expected
    assert ("No hold matches" in page.text) is (not expected)


def test_hold_tells_each_problem_in_three_lines(browser: Client) -> None:
    connection = connect()
    opened = hold(deal(connection), UNKNOWN, EMPTY)

    page = browser.get(f"/holds/{opened.pk}/")

    assert heading(page) == "Holds Acme renewal Held Won in Salesforce, and not billed until this is cured."
    assert alerts(page) == [UNKNOWN["sentence"], EMPTY["sentence"]]
    assert WHY[HoldCode.FREQUENCY_UNKNOWN] in page.text
    assert "Billing Cycle: the CRM says Bi-annual" in words(page.text)
    assert f'href="/settings/mapping/{connection.pk}/#billing-cycle">Change the field mapping' in page.text
    assert f'href="/settings/mapping/{connection.pk}/#contract-value">Change the field mapping' in page.text
    assert 'href="https://acme.my.salesforce.com/006A"' in page.text


def test_hidden_field_is_cured_by_another_field_and_not_by_a_default(browser: Client) -> None:
    connection = connect()
    opened = hold(deal(connection), problem(HoldCode.AMOUNT_MISSING, fact=HIDDEN))

    page = browser.get(f"/holds/{opened.pk}/").text

    assert f'href="/settings/mapping/{connection.pk}/#contract-value">Choose another field' in page
    assert "Set a default value" not in page


def test_every_code_has_its_reason() -> None:
    assert set(WHY) == set(HoldCode)


def test_holds_of_every_code_can_be_opened(browser: Client) -> None:
    connection = connect()
    opened = [hold(deal(connection, code.value), problem(code, raw="x")) for code in HoldCode]

    shown = {one.code: alerts(browser.get(f"/holds/{one.pk}/")) for one in opened}

    assert shown == {code.value: ["Contract Value is empty."] for code in HoldCode}


def test_hold_shows_what_could_be_read(browser: Client) -> None:
    connection = connect()
    held = deal(connection)
    step = {"field": "Currency", "source": "Deal: C", "raw": "usd", "transform": "as is", "value": "USD"}
    run = ran(connection)
    recorded(run, held, sentence="Contract Value is empty.", trace=[step])
    opened = hold(held)

    page = browser.get(f"/holds/{opened.pk}/")

    assert rows(page) == [["Currency", "Deal: C", "usd", "as is", "USD"]]
    assert f'href="/history/{run.pk}/"' in page.text


def test_dismissal_needs_a_reason_and_is_audited(browser: Client) -> None:
    opened = hold(deal(connect()))

    refused = browser.post(f"/holds/{opened.pk}/dismiss/", {"reason": "  "})
    page = browser.post(f"/holds/{opened.pk}/dismiss/", {"reason": "A test deal."}, follow=True)

    assert field_errors(refused) == {"id_reason": "This field is required."}
    assert alerts(page) == ["Acme renewal is dismissed. It will not be billed."]
    assert CrmDeal.objects.get().state == DealState.DISMISSED
    settled = browser.get(f"/holds/{opened.pk}/")
    assert heading(settled) == "Holds Acme renewal Dismissed Dismissed: not to be billed."
    assert "A test deal." in settled.text
    assert ("dana", "hold dismissed", "A test deal.") in AuditEntry.objects.values_list(
        "actor_name", "action", "reason"
    )


@pytest.mark.parametrize("action", ["dismiss", "accept"])
def test_hold_settled_meanwhile_is_left_alone(browser: Client, action: str) -> None:
    opened = hold(deal(connect()), TWICE, resolved_at=NOON, resolution="imported")

    page = browser.post(f"/holds/{opened.pk}/{action}/", {"reason": "Late."}, follow=True)

    assert alerts(page)[0] == "This hold has since been settled."
    assert Hold.objects.get().reason == ""


def test_duplicate_is_imported_anyway(browser: Client, django_capture_on_commit_callbacks) -> None:
    opened = hold(deal(connect()), TWICE)

    offered = browser.get(f"/holds/{opened.pk}/").text
    page = browser.post(f"/holds/{opened.pk}/accept/", follow=True)

    assert "Import anyway" in offered
    assert (
        "Acme renewal counts as a sale of its own. Fincelo was asked to read it again from Salesforce."
        in alerts(page)
    )
    assert CrmDeal.objects.get().duplicate_accepted


def test_other_holds_are_not_offered_as_duplicates(browser: Client) -> None:
    opened = hold(deal(connect()), EMPTY)

    page = browser.post(f"/holds/{opened.pk}/accept/", follow=True)

    assert alerts(page)[0] == "Only a possible duplicate can be imported anyway."
    assert "Import anyway" not in browser.get(f"/holds/{opened.pk}/").text


def test_sync_again_asks_the_worker(browser: Client) -> None:
    opened = hold(deal(connect()))

    page = browser.post(f"/holds/{opened.pk}/replay/", follow=True)

    assert "Acme renewal: Fincelo was asked to read it again from Salesforce." in alerts(page)


def test_sync_again_needs_a_connection() -> None:
    client = signed_in("crm_sync.view_hold", "crm_sync.change_syncrun", "crm_sync.view_connection")
    opened = hold(deal(connect(state=ConnectionState.BROKEN, state_reason="Revoked.")))

    page = client.post(f"/holds/{opened.pk}/replay/", follow=True)

    assert "Salesforce is not connected. Connect it first, then sync again." in alerts(page)


def test_settled_hold_offers_no_decision(browser: Client) -> None:
    (contract,) = sign(Deal())
    opened = hold(
        deal(connect(), contract=contract),
        resolved_at=NOON,
        resolution="imported",
        resolved_by=User.objects.get(),
    )

    page = browser.get(f"/holds/{opened.pk}/").text

    assert "Settled: the deal has become a contract." in page
    for word in ("Sync again", "Dismiss this deal", "Set a default value"):
        assert word not in page


def test_text_of_the_crm_is_escaped(browser: Client) -> None:
    bad = "<script>alert(1)</script>"
    held = deal(connect(), name=bad, stage=bad, url=f"https://x/{bad}")
    opened = hold(held, problem(HoldCode.FREQUENCY_UNKNOWN, raw=bad, sentence=bad, cure=bad, field=bad))

    for path in ("/holds/", "/holds/list/", f"/holds/{opened.pk}/"):
        assert "<script>alert" not in browser.get(path).text
