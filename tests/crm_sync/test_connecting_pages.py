"""Connecting from the pages, against the simulated CRMs."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client

from contracts.models import AuditEntry
from crm_sync.enums import ConnectionState, Provider
from crm_sync.models import Connection, ConnectionCredentials, CrmOrg, FieldMapping
from demo.http_server import Server
from demo.hubspot.portal import Portal
from demo.hubspot.scopes import SEED_SCOPES
from demo.salesforce.org import Org
from tests.crm_sync.stored import row_versions
from tests.pages import alerts, signed_in, words

pytestmark = pytest.mark.django_db
CALLBACK = "/api/crm/salesforce/callback"
RIGHTS = ("crm_sync.view_connection", "crm_sync.change_connection", "crm_sync.view_fieldmapping")


@pytest.fixture
def browser() -> Client:
    return signed_in(*RIGHTS)


@pytest.fixture
def entered(org: Org, salesforce_server: Server) -> dict[str, str]:
    """The form of a new Salesforce connection, filled in."""
    app = next(iter(org.grants.apps.values()))
    return {
        "name": "Salesforce",
        "login_choice": "my_domain",
        "my_domain": salesforce_server.url,
        "client_id": app.consumer_key,
        "client_secret": app.consumer_secret,
        "import_from": "2026-01-01",
        "default_currency": "EUR",
    }


def allowed(org: Org, address: str) -> dict[str, str]:
    """What Salesforce sends back once the user has logged in and allowed."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    code = org.grants.issue_code(
        app=org.grants.apps[asked["client_id"]],
        user_id=next(iter(org.tables["User"])),
        redirect_uri=asked["redirect_uri"],
        scopes=asked["scope"].split(),
        challenge=asked["code_challenge"],
    )
    return {"code": code, "state": asked["state"]}


def authorised(browser: Client, org: Org, entered: dict[str, str]) -> Connection:
    address = browser.post("/settings/crm/add/salesforce/", entered).url
    browser.get(CALLBACK, allowed(org, address), follow=True)
    return Connection.objects.get()


def test_salesforce_is_authorised_and_comes_back_connected(
    browser: Client, org: Org, entered: dict[str, str]
) -> None:
    address = browser.post("/settings/crm/add/salesforce/", entered).url
    response = browser.get(CALLBACK, allowed(org, address))
    page = browser.get(response.url)

    connection = Connection.objects.get()
    assert address.startswith(f"{entered['my_domain']}/services/oauth2/authorize?")
    assert (response.status_code, response.url) == (302, f"/settings/crm/{connection.pk}/")
    assert response["Referrer-Policy"] == "no-referrer"
    assert (connection.state, connection.default_currency) == (ConnectionState.CONNECTED, "EUR")
    assert alerts(page) == [
        f"Connected to {connection.org} in Salesforce. Next: confirm the field mapping.",
        "Next: confirm the field mapping.",
    ]
    assert 'hx-trigger="load, submit"' in page.text
    assert 'hx-trigger="load, submit"' not in browser.get(response.url).text


def test_no_secret_is_on_any_page(browser: Client, org: Org, entered: dict[str, str]) -> None:
    connection = authorised(browser, org, entered)
    kept = ConnectionCredentials.objects.get(pk=connection.pk)

    pages = "".join(
        browser.get(path).text
        for path in ("/settings/crm/", connection.get_absolute_url(), "/settings/mapping/")
    )

    for secret in (entered["client_secret"], kept.access_token, kept.refresh_token):
        assert secret
        assert secret not in pages


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"my_domain": "https://evil.example"},
            "Enter the address of your org, such as https://acme.my.salesforce.com.",
        ),
        ({"my_domain": ""}, "Enter the address of your org, such as https://acme.my.salesforce.com."),
        (
            {"login_choice": "elsewhere"},
            "Select a valid choice. elsewhere is not one of the available choices.",
        ),
        ({"client_id": ""}, "This field is required."),
        ({"client_secret": ""}, "This field is required."),
        ({"import_from": ""}, "This field is required."),
        ({"default_currency": ""}, "This field is required."),
    ],
)
def test_bad_details_are_refused_beside_their_field(
    browser: Client, entered: dict[str, str], change: dict[str, str], sentence: str
) -> None:
    response = browser.post("/settings/crm/add/salesforce/", entered | change)

    assert sentence in words(response.text)
    assert alerts(response) == ["Not connected: something in the last step cannot be used."]
    assert entered["client_secret"] not in response.text
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"error": "access_denied"}, "Access was denied in Salesforce."),
        ({"error": "OAUTH_APP_ACCESS_DENIED"}, "This Salesforce user may not use the app."),
        (
            {"error": "<script>"},
            "Salesforce refused the authorisation for a reason that Fincelo does not know.",
        ),
        ({"code": "made-up"}, "Salesforce did not accept its own answer code."),
        ({}, "Salesforce refused the authorisation for a reason that Fincelo does not know."),
    ],
)
def test_refusal_of_salesforce_is_told_and_can_be_cured(
    browser: Client, org: Org, entered: dict[str, str], answer: dict[str, str], sentence: str
) -> None:
    address = browser.post("/settings/crm/add/salesforce/", entered).url
    state = parse_qs(urlsplit(address).query)["state"][0]

    page = browser.get(CALLBACK, answer | {"state": state}, follow=True)

    connection = Connection.objects.get()
    assert page.redirect_chain == [(f"/settings/crm/{connection.pk}/", 302)]
    assert alerts(page) == [sentence]
    assert "Until Salesforce is connected, none of its deals is imported." in page.text
    assert f'action="/settings/crm/{connection.pk}/authorise/"' in page.text
    assert "<script>" not in page.text
    assert connection.state == ConnectionState.NOT_CONNECTED


def test_wrong_secret_leads_back_to_the_details(browser: Client, org: Org, entered: dict[str, str]) -> None:
    address = browser.post("/settings/crm/add/salesforce/", entered | {"client_secret": "mistyped"}).url

    page = browser.get(CALLBACK, allowed(org, address), follow=True)

    assert alerts(page) == ["Salesforce does not accept the consumer secret."]
    assert "Correct the app&#x27;s details" in page.text


def test_unknown_state_changes_nothing(browser: Client, org: Org, entered: dict[str, str]) -> None:
    authorised(browser, org, entered)
    before = row_versions()

    page = browser.get(CALLBACK, {"code": "a-code", "state": "made-up"}, follow=True)

    assert page.redirect_chain == [("/settings/crm/", 302)]
    assert alerts(page) == ["Fincelo did not start this authorisation, or has its answer already."]
    assert row_versions() == before


def test_answer_used_twice_changes_nothing(browser: Client, org: Org, entered: dict[str, str]) -> None:
    address = browser.post("/settings/crm/add/salesforce/", entered).url
    answer = allowed(org, address)
    browser.get(CALLBACK, answer)
    before = row_versions()

    browser.get(CALLBACK, answer)

    assert row_versions() == before


def test_answer_to_another_user_is_refused(
    browser: Client, org: Org, entered: dict[str, str], finance
) -> None:
    address = browser.post("/settings/crm/add/salesforce/", entered).url
    stranger = Client()
    finance.is_superuser = True
    finance.save()
    stranger.force_login(finance)

    page = stranger.get(CALLBACK, allowed(org, address), follow=True)

    assert alerts(page) == ["This authorisation was started by someone else, or in another browser."]
    assert Connection.objects.get().state == ConnectionState.NOT_CONNECTED


def test_answer_in_another_browser_of_the_same_user_is_refused(
    browser: Client, org: Org, entered: dict[str, str]
) -> None:
    address = browser.post("/settings/crm/add/salesforce/", entered).url
    other = Client()
    other.force_login(User.objects.get(username="dana"))

    page = other.get(CALLBACK, allowed(org, address), follow=True)

    assert alerts(page) == ["This authorisation was started by someone else, or in another browser."]


def test_callback_takes_no_post(browser: Client) -> None:
    assert browser.post(CALLBACK).status_code == 405


def test_another_org_asks_to_confirm_and_then_takes_it(
    browser: Client, org: Org, entered: dict[str, str]
) -> None:
    connection = authorised(browser, org, entered)
    here = connection.org
    connection.org = CrmOrg.objects.create(
        provider=Provider.SALESFORCE, external_id="00DOTHER", name="Old org"
    )
    connection.save()
    again = f"/settings/crm/{connection.pk}/authorise/"

    page = browser.get(CALLBACK, allowed(org, browser.post(again).url), follow=True)

    connection.refresh_from_db()
    assert connection.org.name == "Old org"
    assert f'name="confirmed_org" value="{here.external_id}"' in page.text
    assert "What came from Old org stays as it is" in page.text

    address = browser.post(again, {"confirmed_org": here.external_id}).url
    browser.get(CALLBACK, allowed(org, address))

    connection.refresh_from_db()
    assert connection.org == here


def test_reconnecting_keeps_the_stored_secret_when_none_is_typed(
    browser: Client, org: Org, entered: dict[str, str]
) -> None:
    connection = authorised(browser, org, entered)
    details = {name: entered[name] for name in ("login_choice", "my_domain", "client_id")}

    address = browser.post(f"/settings/crm/{connection.pk}/authorise/", details | {"client_secret": ""}).url
    page = browser.get(CALLBACK, allowed(org, address), follow=True)

    assert alerts(page)[0].startswith("Connected to ")


def test_after_a_disconnect_the_secret_is_asked_for_again(
    browser: Client, org: Org, entered: dict[str, str]
) -> None:
    connection = authorised(browser, org, entered)

    page = browser.post(f"/settings/crm/{connection.pk}/disconnect/", follow=True)
    refused = browser.post(f"/settings/crm/{connection.pk}/authorise/")

    connection.refresh_from_db()
    assert connection.state == ConnectionState.NOT_CONNECTED
    assert alerts(page) == ["Salesforce is disconnected. What it imported stays and is billed."]
    assert not ConnectionCredentials.objects.exists()
    assert "This field is required." in refused.text


def test_preflight_lists_each_line(browser: Client, org: Org, entered: dict[str, str]) -> None:
    connection = authorised(browser, org, entered)

    whole = browser.post(f"/settings/crm/{connection.pk}/preflight/")
    part = browser.post(f"/settings/crm/{connection.pk}/preflight/", headers={"HX-Request": "true"})

    for page in (whole, part):
        assert "Deals can be read." in page.text
    assert "<html" in whole.text
    assert "<html" not in part.text


def test_preflight_with_a_revoked_access_says_so(browser: Client, org: Org, entered: dict[str, str]) -> None:
    connection = authorised(browser, org, entered)
    org.grants.revoke_all()

    page = browser.post(f"/settings/crm/{connection.pk}/preflight/")

    assert "Salesforce has revoked or expired this connection." in page.text
    assert "can be read" not in page.text


def test_schema_is_read_again(browser: Client, org: Org, entered: dict[str, str]) -> None:
    connection = authorised(browser, org, entered)

    here = browser.post(f"/settings/crm/{connection.pk}/schema/", follow=True)
    mapping = browser.post(f"/settings/crm/{connection.pk}/schema/", {"mapping": "1"}, follow=True)

    assert here.redirect_chain == [(f"/settings/crm/{connection.pk}/", 302)]
    assert mapping.redirect_chain == [(f"/settings/mapping/{connection.pk}/", 302)]
    assert "Fields and stages of Salesforce are up to date." in alerts(here)


PASTED = {"name": "HubSpot", "import_from": "2026-01-01", "default_currency": ""}


def test_hubspot_connects_with_a_pasted_token(
    browser: Client, portal: Portal, hubspot_server: Server
) -> None:
    token = portal.issue_token()

    page = browser.post("/settings/crm/add/hubspot/", PASTED | {"token": f' Bearer "{token}" '}, follow=True)

    connection = Connection.objects.get()
    assert page.redirect_chain == [(f"/settings/crm/{connection.pk}/", 302)]
    assert alerts(page)[0] == f"Connected to {connection.org} in HubSpot. Next: confirm the field mapping."
    assert (connection.state, connection.default_currency) == (ConnectionState.CONNECTED, "USD")
    assert FieldMapping.objects.filter(connection=connection).exists()
    assert token not in page.text


@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        (
            "pat-na1-made-up",
            "HubSpot does not accept the access token: it was revoked, replaced or mistyped.",
        ),
        ("", ""),
    ],
)
def test_token_that_does_not_work_leaves_nothing_behind(
    browser: Client, hubspot_server: Server, token: str, sentence: str
) -> None:
    page = browser.post("/settings/crm/add/hubspot/", PASTED | {"token": token})

    assert alerts(page)[0] == sentence or "This field is required." in page.text
    assert not Connection.objects.exists()
    assert not ConnectionCredentials.objects.exists()


def test_token_without_a_needed_scope_is_refused_by_its_name(
    browser: Client, portal: Portal, hubspot_server: Server
) -> None:
    token = portal.issue_token(scopes=("crm.objects.companies.read", "crm.objects.contacts.read"))

    page = browser.post("/settings/crm/add/hubspot/", PASTED | {"token": token})

    assert "crm.objects.deals.read" in alerts(page)[0]


def test_token_without_owners_degrades_the_connection(
    browser: Client, portal: Portal, hubspot_server: Server
) -> None:
    token = portal.issue_token(scopes=SEED_SCOPES)
    browser.post("/settings/crm/add/hubspot/", PASTED | {"token": token})
    connection = Connection.objects.get()

    page = browser.post(f"/settings/crm/{connection.pk}/preflight/").text

    assert "crm.objects.owners.read" in page


def test_token_of_another_portal_asks_to_confirm(
    browser: Client, portal: Portal, hubspot_server: Server
) -> None:
    browser.post("/settings/crm/add/hubspot/", PASTED | {"token": portal.issue_token()})
    connection = Connection.objects.get()
    here = connection.org
    connection.org = CrmOrg.objects.create(provider=Provider.HUBSPOT, external_id="1", name="Old portal")
    connection.save()
    token = portal.issue_token()

    asked = browser.post(f"/settings/crm/{connection.pk}/token/", {"token": token}, follow=True)
    connection.refresh_from_db()
    old = connection.org
    browser.post(
        f"/settings/crm/{connection.pk}/token/",
        {"token": token, "confirmed_org": here.external_id},
    )
    connection.refresh_from_db()

    assert f'name="confirmed_org" value="{here.external_id}"' in asked.text
    assert old.name == "Old portal"
    assert connection.org == here


def test_second_connection_to_the_same_portal_is_refused(
    browser: Client, portal: Portal, hubspot_server: Server
) -> None:
    browser.post("/settings/crm/add/hubspot/", PASTED | {"token": portal.issue_token()}, follow=True)

    page = browser.post(
        "/settings/crm/add/hubspot/", PASTED | {"name": "Twice", "token": portal.issue_token()}
    )

    assert "is connected already, as HubSpot." in alerts(page)[0]
    assert [row.name for row in Connection.objects.all()] == ["HubSpot"]


def test_suggested_name_is_free(browser: Client, portal: Portal, hubspot_server: Server) -> None:
    browser.post("/settings/crm/add/hubspot/", PASTED | {"token": portal.issue_token()})

    assert 'value="HubSpot 2"' in browser.get("/settings/crm/add/hubspot/").text


def test_connecting_is_audited_without_secrets(
    browser: Client, portal: Portal, hubspot_server: Server
) -> None:
    token = portal.issue_token()
    browser.post("/settings/crm/add/hubspot/", PASTED | {"token": token})

    entries = list(AuditEntry.objects.values_list("actor_name", "action"))

    assert entries == [("dana", "connection authorised")]
    assert token not in str(list(AuditEntry.objects.values()))
