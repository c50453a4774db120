"""Why is there no contract for this deal? One sentence and its cure for every cause."""

import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from crm_sync.connections import pausing
from crm_sync.enums import ConnectionState
from crm_sync.holds.deciding import dismiss
from crm_sync.models import Connection, CrmDeal, CrmOrg, Hold
from crm_sync.oversight.causes import Cause
from crm_sync.oversight.diagnosis import Diagnosis, diagnose
from demo.http_server import Response, Server
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.page_rows import connect
from tests.crm_sync.sales import sell, sell_in_hubspot
from tests.pages import alerts, rows, signed_in

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
VIEW = "crm_sync.view_syncrun"


def ask(typed: str, *, minutes: int | None = 4) -> Diagnosis:
    planned = NOW + timedelta(minutes=minutes) if minutes is not None else None
    return diagnose(typed=typed, now=NOW, next_poll_at=lambda _: planned)


def told(typed: str, **more: int | None) -> tuple[str, str, str]:
    answer = ask(typed, **more)
    return (answer.cause.value, answer.sentence, answer.cure)


def test_not_understood() -> None:
    assert told("https://example.com") == (
        "not_understood",
        "This link leads to no deal. Open the deal in the CRM and copy the address from there.",
        "An id, a link or the exact name will do.",
    )


def test_no_connection() -> None:
    assert told("479475667160") == (
        "no_connection",
        "This is a deal of HubSpot, and no HubSpot is connected.",
        "Connect HubSpot in Settings, CRM Integration.",
    )
    assert told("Acme")[:2] == ("no_connection", "No CRM is connected.")


def test_case_40_stage_is_not_selected(hubspot: Connection, portal: Portal) -> None:
    deal = sell_in_hubspot(portal, dealstage="20519881")

    assert told(deal) == (
        "stage",
        "The stage is 'Closed won', the connection imports 'Closed Won'.",
        "Select this stage on the connection, or correct it in the CRM.",
    )


def test_deal_that_is_still_open(salesforce: Connection, org: Org) -> None:
    deal = sell(org, StageName="Prospecting")

    assert told(deal[:15]) == (
        "stage",
        "The stage is 'Prospecting', the connection imports 'Closed Won'.",
        "Move it to 'Closed Won' in the CRM when it is won; the next poll reads it.",
    )


def test_closed_before_import_from(salesforce: Connection, org: Org) -> None:
    deal = sell(org, CloseDate=date(2025, 3, 1))

    assert told(deal) == (
        "too_early",
        "'Acme platform' closed on 2025-03-01, and Salesforce imports deals closed from 2026-01-01 on.",
        "Move Import from back on the connection; nothing is imported twice.",
    )


def test_held_with_all_its_problems(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org, Amount=None, Contract_Term__c=None)
    run(salesforce)

    cause, sentence, cure = told(deal)

    assert cause == "held"
    assert sentence.startswith("'Acme platform' is held: ")
    for problem in Hold.objects.get().problems:
        assert problem["sentence"] in sentence
        assert problem["cure"] in cure


def test_dismissed_says_by_whom_and_why(salesforce: Connection, org: Org, run: Run, finance: User) -> None:
    deal = sell(org, Amount=None)
    run(salesforce)
    dismiss(hold=Hold.objects.get(), actor=finance, reason="Sold twice by mistake.")

    cause, sentence, _ = told(deal)

    assert cause == "dismissed"
    assert sentence.startswith("'Acme platform' was dismissed by fiona on ")
    assert sentence.endswith(": Sold twice by mistake.")


def test_imported(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    record = CrmDeal.objects.get()
    assert record.contract is not None

    answer = ask(deal)

    assert (answer.cause, answer.contract_id) == (Cause.IMPORTED, record.contract.pk)
    assert answer.sentence == f"There is one: 'Acme platform' became the contract '{record.contract}'."


@pytest.mark.parametrize(
    ("minutes", "cure"),
    [
        (4, "The next poll comes in 4 minutes; Sync now is quicker."),
        (0, "The next poll comes in 1 minute; Sync now is quicker."),
        (None, "No poll is planned: press Sync now, and tell your operators that the worker is not running."),
    ],
)
def test_not_yet_read(salesforce: Connection, org: Org, minutes: int | None, cure: str) -> None:
    deal = sell(org)

    assert told(deal, minutes=minutes) == (
        "not_yet_read",
        "'Acme platform' is won and has not been read yet.",
        cure,
    )


def test_unknown_id(salesforce: Connection, hubspot: Connection) -> None:
    cause, sentence, _ = told("006Da000000JiwRIAS")
    assert (cause, sentence) == (
        "unknown",
        f"Salesforce ({salesforce.org}) does not know the deal 006Da000000JiwRIAS.",
    )
    assert told("99999999")[0] == "unknown"
    assert told("No such deal")[1].endswith("is named 'No such deal'.")


def test_only_the_named_connection_is_asked(salesforce: Connection, hubspot: Connection, org: Org) -> None:
    """A connection that is broken does not answer for another one (F41)."""
    other = Connection.objects.get(pk=salesforce.pk)
    other.pk, other.name, other.state, other.state_reason = None, "A dead one", "broken", "Refused."
    other.org = CrmOrg.objects.create(provider="salesforce", external_id="00D000000000000AAA")
    other.save()
    sell(org, Name="Acme platform")

    def answer(typed: str, *, only: Connection | None) -> tuple[str, str]:
        found = diagnose(typed=typed, now=NOW, next_poll_at=lambda _: None, only=only)
        return found.cause.value, str(found.connection or "")

    unknown_id = "006000000000000AAA"
    assert answer(unknown_id, only=None) == ("broken", "A dead one")
    assert answer(unknown_id, only=salesforce) == ("unknown", "Salesforce")
    assert answer(unknown_id, only=other) == ("broken", "A dead one")
    assert answer(unknown_id, only=hubspot) == ("other_org", "HubSpot")
    assert answer("Acme platform", only=salesforce) == ("not_yet_read", "Salesforce")
    assert answer("Acme platform", only=hubspot)[0] == "unknown"


def test_link_to_another_org(salesforce: Connection, hubspot: Connection) -> None:
    assert told("https://app.hubspot.com/contacts/4711/record/0-3/5")[:2] == (
        "other_org",
        "This link leads to HubSpot portal 4711, which is not connected here.",
    )
    assert told("https://beta.lightning.force.com/lightning/r/Opportunity/006Da000000JiwRIAS/view")[:2] == (
        "other_org",
        "This link leads to beta.lightning.force.com, which is not connected here.",
    )


def test_deleted_and_archived(salesforce: Connection, hubspot: Connection, org: Org, portal: Portal) -> None:
    deal, archived = sell(org), sell_in_hubspot(portal)
    org.delete(deal)
    portal.archive_deal(archived)

    assert told(deal) == (
        "deleted",
        f"The deal {deal} was deleted in Salesforce.",
        "Restore it in the CRM; the next poll reads it.",
    )
    assert told(archived)[:2] == ("deleted", f"The deal {archived} was deleted in HubSpot.")


@pytest.mark.parametrize(
    ("change", "cause", "sentence"),
    [
        (
            {"state": ConnectionState.BROKEN, "state_reason": "Salesforce has revoked this connection."},
            "broken",
            "Salesforce is broken: Salesforce has revoked this connection.",
        ),
        ({"state": ConnectionState.PAUSED}, "paused", "Salesforce is paused, so no deal is read."),
        (
            {"state": ConnectionState.NOT_CONNECTED},
            "not_connected",
            "Salesforce is not connected, so no deal is read.",
        ),
        ({"mapping_version": None}, "mapping", "The field mapping of Salesforce is not confirmed."),
    ],
)
def test_state_of_the_connection(change: dict[str, object], cause: str, sentence: str) -> None:
    connection = connect()
    Connection.objects.filter(pk=connection.pk).update(**change)

    assert told("006Da000000JiwRIAS")[:2] == (cause, sentence)
    assert told("A name")[:2] == (cause, sentence)


def test_crm_that_does_not_answer(salesforce: Connection, org: Org) -> None:
    org.intercept = lambda _: Response(status=503, headers={"Retry-After": "60"})

    cause, sentence, _ = told("006Da000000JiwRIAS")

    assert (cause, sentence) == (
        "no_answer",
        "Salesforce could not be asked: Salesforce is not answering properly at the moment (503).",
    )


def test_refused_credential_breaks_the_connection(hubspot: Connection, portal: Portal) -> None:
    portal.revoke_token(next(iter(portal.tokens)))

    assert told("4711")[0] == "broken"
    hubspot.refresh_from_db()
    assert hubspot.state == "broken"


def test_name_and_namesakes(salesforce: Connection, hubspot: Connection, org: Org, portal: Portal) -> None:
    sell(org, Name="O'Neil & Söhne", StageName="Prospecting")
    assert told("O'Neil & Söhne")[0] == "stage"
    sell_in_hubspot(portal, dealname="O'Neil & Söhne")
    portal.catch_up_search("deals")

    answer = ask("O'Neil & Söhne")

    assert (answer.cause, answer.sentence) == (Cause.SEVERAL, "2 deals are named 'O'Neil & Söhne'.")
    assert [(one.connection, one.stage) for one in answer.namesakes] == [
        ("HubSpot", "Closed Won"),
        ("Salesforce", "Prospecting"),
    ]


def test_one_of_two_connections_knows_it(salesforce: Connection, org: Org) -> None:
    connect("A broken one", state=ConnectionState.BROKEN, state_reason="Revoked.")
    deal = sell(org)

    assert told(deal)[0] == "not_yet_read"


def test_paused_deal_that_is_imported_is_still_found(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    pausing.pause(connection=salesforce, actor=None)

    assert told(deal)[0] == "imported"


def test_page_answers_and_leads_on(salesforce: Connection, org: Org) -> None:
    deal = sell(org, StageName="closed <b>won</b>", Name="<script>x</script>")
    client = signed_in(VIEW)

    page = client.post(
        "/history/why/", {"deal": f"https://x.lightning.force.com/lightning/r/Opportunity/{deal}/view"}
    )

    assert alerts(page) == ["The stage is 'closed <b>won</b>', the connection imports 'Closed Won'."]
    assert "<b>won" not in page.text
    assert f'href="/settings/crm/{salesforce.pk}/#stages">Choose stages</a>' in page.text
    named = client.post("/history/why/", {"deal": "<script>x</script>"})
    assert "<script>x" not in named.text


def test_page_offers_to_sync_what_has_not_been_read_yet(salesforce: Connection, org: Org) -> None:
    deal = sell(org)

    page = signed_in(VIEW, "crm_sync.change_syncrun").post("/history/why/", {"deal": deal})

    assert alerts(page) == ["'Acme platform' is won and has not been read yet."]
    assert f'action="/settings/crm/{salesforce.pk}/sync/"' in page.text


def test_page_leads_to_the_connection_whose_crm_does_not_answer(
    salesforce: Connection, org: Org, salesforce_server: Server
) -> None:
    deal = sell(org)
    salesforce_server.stop()

    page = signed_in(VIEW).post("/history/why/", {"deal": deal})

    assert f'href="/settings/crm/{salesforce.pk}/">Open the connection</a>' in page.text


def test_page_lists_namesakes(salesforce: Connection, org: Org) -> None:
    first, second = sell(org), sell(org)

    page = signed_in(VIEW).post("/history/why/", {"deal": "Acme platform"})

    assert sorted(row[0] for row in rows(page)) == sorted([first, second])


def test_link_with_a_question_asks_nothing(client: Client) -> None:
    page = signed_in(VIEW).get("/history/why/", {"deal": "006Da000000JiwRIAS"})

    assert 'value="006Da000000JiwRIAS"' in page.text
    assert alerts(page) == []


def test_lists_lead_to_the_page(db: None) -> None:
    browser = signed_in(VIEW, "crm_sync.view_hold", "contracts.view_contract")

    for path in ("/history/", "/holds/", "/contracts/"):
        assert 'href="/history/why/"' in browser.get(path).text


def test_search_that_finds_no_contract_asks_why_for_that_text() -> None:
    page = signed_in(VIEW, "contracts.view_contract").get("/contracts/", {"q": "Acme & <i>Söhne</i>"})

    assert 'href="/history/why/?deal=Acme%20%26%20%3Ci%3ES%C3%B6hne%3C%2Fi%3E"' in page.text
    assert "<i>S" not in page.text


def test_command(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    answer = StringIO()
    call_command("sync_crm", "--why", deal, "--json", stdout=answer)
    assert json.loads(answer.getvalue())["cause"] == "imported"

    other = sell(org, StageName="closed won")
    said = StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command("sync_crm", "--why", other, stdout=said)
    assert stop.value.code == 1
    assert said.getvalue() == (
        "The stage is 'closed won', the connection imports 'Closed Won'. "
        "Select this stage on the connection, or correct it in the CRM.\n"
    )
