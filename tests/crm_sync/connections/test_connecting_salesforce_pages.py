"""Connecting Salesforce from the pages, against the simulated one."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client

from crm_sync.enums import ConnectionState
from crm_sync.models import Connection, ConnectionCredentials, CrmOrg
from demo.http_server import Server
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.salesforce_round_trip import CALLBACK, allowed, sent_to
from tests.crm_sync.stored import row_versions
from tests.pages import alerts, give, signed_in, words

pytestmark = pytest.mark.django_db
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


def authorised(browser: Client, org: Org, entered: dict[str, str]) -> Connection:
    address = sent_to(browser.post("/settings/crm/add/salesforce/", entered))
    browser.get(CALLBACK, allowed(org, address), follow=True)
    return Connection.objects.get()


def test_salesforce_is_authorised_and_comes_back_connected(
    browser: Client, org: Org, entered: dict[str, str]
) -> None:
    address = sent_to(browser.post("/settings/crm/add/salesforce/", entered))
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
    address = sent_to(browser.post("/settings/crm/add/salesforce/", entered))
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
    address = sent_to(browser.post("/settings/crm/add/salesforce/", entered | {"client_secret": "mistyped"}))

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
    address = sent_to(browser.post("/settings/crm/add/salesforce/", entered))
    answer = allowed(org, address)
    browser.get(CALLBACK, answer)
    before = row_versions()

    browser.get(CALLBACK, answer)

    assert row_versions() == before


def test_answer_to_another_user_is_refused(
    browser: Client, org: Org, entered: dict[str, str], finance
) -> None:
    address = sent_to(browser.post("/settings/crm/add/salesforce/", entered))
    stranger = Client()
    finance.is_superuser = True
    finance.save()
    ensure_legal_entity()
    stranger.force_login(finance)

    page = stranger.get(CALLBACK, allowed(org, address), follow=True)

    assert alerts(page) == ["This authorisation was started by someone else, or in another browser."]
    assert Connection.objects.get().state == ConnectionState.NOT_CONNECTED


def test_answer_in_another_browser_of_the_same_user_is_refused(
    browser: Client, org: Org, entered: dict[str, str]
) -> None:
    address = sent_to(browser.post("/settings/crm/add/salesforce/", entered))
    other = Client()
    other.force_login(User.objects.get(username="dana"))

    page = other.get(CALLBACK, allowed(org, address), follow=True)

    assert alerts(page) == ["This authorisation was started by someone else, or in another browser."]


def test_callback_of_somebody_signed_out_leaves_no_code_in_an_address(
    browser: Client, org: Org, entered: dict[str, str]
) -> None:
    address = sent_to(browser.post("/settings/crm/add/salesforce/", entered))

    page = Client().get(CALLBACK, allowed(org, address), follow=True)

    assert page.redirect_chain == [("/login/?next=/settings/crm/", 302)]
    assert "Sign in, then press Authorise once more." in page.text
    assert Connection.objects.get().state == "not_connected"


def test_callback_takes_no_post(browser: Client) -> None:
    assert browser.post(CALLBACK).status_code == 405


def test_another_org_asks_to_confirm_and_then_takes_it(
    browser: Client, org: Org, entered: dict[str, str]
) -> None:
    connection = authorised(browser, org, entered)
    here = connection.org
    connection.org = CrmOrg.objects.create(provider="salesforce", external_id="00DOTHER", name="Old org")
    connection.save()
    again = f"/settings/crm/{connection.pk}/authorise/"

    confirmed = sent_to(browser.post(again, {"confirmed_org": here.external_id}))
    operator = browser.get(CALLBACK, allowed(org, confirmed), follow=True)
    give("crm_sync.change_billing_meaning")
    page = browser.get(CALLBACK, allowed(org, sent_to(browser.post(again))), follow=True)

    connection.refresh_from_db()
    assert "somebody of Finance connects it" in operator.text
    assert connection.org.name == "Old org"
    assert f'name="confirmed_org" value="{here.external_id}"' in page.text
    assert "What came from Old org stays as it is" in page.text

    address = sent_to(browser.post(again, {"confirmed_org": here.external_id}))
    browser.get(CALLBACK, allowed(org, address))

    connection.refresh_from_db()
    assert connection.org == here


def test_reconnecting_keeps_the_stored_secret_when_none_is_typed(
    browser: Client, org: Org, entered: dict[str, str]
) -> None:
    connection = authorised(browser, org, entered)
    details = {name: entered[name] for name in ("login_choice", "my_domain", "client_id")}

    address = sent_to(
        browser.post(f"/settings/crm/{connection.pk}/authorise/", details | {"client_secret": ""})
    )
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
