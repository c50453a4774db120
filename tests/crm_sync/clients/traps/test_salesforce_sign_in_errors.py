"""Salesforce reference 1.9 B and C: errors shown by Salesforce itself, and those the browser brings back."""

from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.test import Client

from crm_sync.models import Connection
from demo.http_server import Server
from demo.salesforce.org import Org
from tests.crm_sync.salesforce_round_trip import CALLBACK, sent_to
from tests.crm_sync.stored import row_versions
from tests.pages import alerts, rows, signed_in

RIGHTS = ("crm_sync.view_connection", "crm_sync.change_connection", "crm_sync.view_fieldmapping")
SCOPES = (
    "Add the scopes of step 3 to the app, and make the app in the org you sign in to. "
    "Else ask for the permission Approve Uninstalled Connected Apps."
)
SHOWN = {
    "redirect_uri_mismatch redirect_uri must match configuration": (
        "Copy the callback URL from step 2 into the app, to the last character."
    ),
    "invalid_client_id client identifier invalid": (
        "Compare the key, and Production with Sandbox. A new app takes about ten minutes."
    ),
    "invalid_request missing required code challenge": (
        "Fincelo always sends it: start again with the Authorise button on this page."
    ),
    "We can't authorize you because of an OAuth error OAUTH_APPROVAL_ERROR_GENERIC": SCOPES,
    "OAUTH_APP_ACCESS_DENIED": (
        "Have your profile or permission set added under the app's policies, or its IP rules relaxed."
    ),
    "OAUTH_APP_BLOCKED": "Have it unblocked under Connected Apps OAuth Usage.",
    "OAUTH_AUTHORIZATION_BLOCKED": "Ask an administrator to lift the block for this app.",
    "OAUTH_EC_APP_NOT_FOUND External client app is not installed in this org": (
        "Create the app in the org you sign in to, or sign in to the org that has it."
    ),
}
DENIED = "Access was denied in Salesforce. Press Authorise again and choose Allow."
BROUGHT_BACK = {
    "access_denied": DENIED,
    "access-denied": DENIED,
    "immediate_unsuccessful": "Salesforce needs you to sign in. Press Authorise again.",
    "invalid_scope": (
        "The app in Salesforce does not allow the scopes that Fincelo asks for. "
        "Tick the scopes listed on the connect page."
    ),
    "server_error": (
        "Salesforce's sign-in service is not answering properly at the moment. Press Authorise again."
    ),
    "OAUTH_APP_ACCESS_DENIED": (
        "This Salesforce user may not use the app. "
        "Have the user's profile or permission set added under the app's policies."
    ),
    "<b>new</b>": (
        "Salesforce refused the authorisation for a reason that Fincelo does not know. "
        "Ask a Salesforce administrator about the error '<b>new</b>'."
    ),
}


@pytest.fixture
def browser(db: None) -> Client:
    return signed_in(*RIGHTS)


@pytest.mark.parametrize("text", SHOWN)
@pytest.mark.parametrize("page", ["a new connection", "one that is not connected"])
def test_row_of_1_9_b_is_on_the_connect_page_with_its_cure(browser: Client, text: str, page: str) -> None:
    path = "/settings/crm/add/salesforce/"
    if page != "a new connection":
        path = Connection.objects.create(
            provider="salesforce", name="S", import_from="2026-01-01"
        ).get_absolute_url()

    cures = {cells[0]: cells[-1] for cells in rows(browser.get(path)) if len(cells) == 3}

    assert cures[text] == SHOWN[text]


def test_row_of_1_9_b_no_other_row_is_on_the_connect_page(browser: Client) -> None:
    found = [cells[0] for cells in rows(browser.get("/settings/crm/add/salesforce/")) if len(cells) == 3]

    assert found == list(SHOWN)


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"callback_urls": []}, "redirect_uri must match configuration"),
        ({"require_pkce": True, "code_challenge": ""}, "missing required code challenge"),
        ({"scopes": ["api"]}, "OAUTH_APPROVAL_ERROR_GENERIC"),
        ({"refuse_with": "OAUTH_APP_ACCESS_DENIED"}, "OAUTH_APP_ACCESS_DENIED"),
        ({"refuse_with": "OAUTH_APP_BLOCKED"}, "OAUTH_APP_BLOCKED"),
        ({"refuse_with": "OAUTH_AUTHORIZATION_BLOCKED"}, "OAUTH_AUTHORIZATION_BLOCKED"),
        ({"refuse_with": "OAUTH_EC_APP_NOT_FOUND"}, "OAUTH_EC_APP_NOT_FOUND"),
        ({"client_id": "made-up"}, "client identifier invalid"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_row_of_1_9_b_is_what_salesforce_shows(
    salesforce: Connection, org: Org, browser: Client, change: dict[str, object], shown: str
) -> None:
    """The browser stays at Salesforce with a text that the connect page explains; nothing changes here."""
    before = row_versions(but=["Authorisation"])
    address = sent_to(browser.post(f"/settings/crm/{salesforce.pk}/authorise/", {}))
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    org.app.callback_urls = [asked["redirect_uri"]]
    for name, value in change.items():
        if name in asked:
            asked[name] = str(value)
        else:
            setattr(org.app, name, value)

    page = requests.get(address.partition("?")[0], params=asked, timeout=5)

    assert (urlsplit(page.url).netloc, shown in unescape(page.text)) == (urlsplit(address).netloc, True)
    assert any(shown in text for text in SHOWN)
    assert row_versions(but=["Authorisation"]) == before


@pytest.mark.parametrize("error", BROUGHT_BACK)
def test_row_of_1_9_c_is_told_and_leaves_the_connection_alone(
    salesforce: Connection, browser: Client, error: str
) -> None:
    address = sent_to(browser.post(f"/settings/crm/{salesforce.pk}/authorise/", {}))
    state = parse_qs(urlsplit(address).query)["state"][0]
    before = row_versions(but=["Authorisation"])
    hostile = "<script>alert(1)</script><img src=x onerror=alert(2)>"

    page = browser.get(CALLBACK, {"error": error, "error_description": hostile, "state": state}, follow=True)

    what, _, _ = BROUGHT_BACK[error].partition(". ")
    assert alerts(page) == [f"{what}."]
    assert BROUGHT_BACK[error].removeprefix(f"{what}. ") in unescape(page.text)
    assert "Salesforce was not changed: it continues with the access it had." in page.text
    assert [text for text in (hostile, "<b>new</b>", "onerror") if text in page.text] == []
    assert row_versions(but=["Authorisation"]) == before


def test_row_of_1_9_c_as_salesforce_sends_it(
    salesforce: Connection, org: Org, browser: Client, salesforce_server: Server
) -> None:
    address = sent_to(browser.post(f"/settings/crm/{salesforce.pk}/authorise/", {}))
    org.app.callback_urls = [parse_qs(urlsplit(address).query)["redirect_uri"][0]]
    org.app.refuse_back_with = "OAUTH_APP_ACCESS_DENIED"
    before = row_versions(but=["Authorisation"])

    back = requests.get(address, allow_redirects=False, timeout=5).headers["Location"]
    page = browser.get(CALLBACK + "?" + urlsplit(back).query, follow=True)

    assert alerts(page) == ["This Salesforce user may not use the app."]
    assert row_versions(but=["Authorisation"]) == before


def test_row_of_1_9_c_without_the_state_it_was_sent_with(salesforce: Connection, browser: Client) -> None:
    sent_to(browser.post(f"/settings/crm/{salesforce.pk}/authorise/", {}))
    before = row_versions()

    page = browser.get(CALLBACK, {"error": "access_denied", "state": "guessed"}, follow=True)

    assert alerts(page) == ["Fincelo did not start this authorisation, or has its answer already."]
    assert row_versions() == before
