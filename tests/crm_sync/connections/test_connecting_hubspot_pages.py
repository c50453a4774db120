"""Connecting HubSpot from the pages, against the simulated one."""

import pytest
from django.test import Client

from contracts.models import AuditEntry
from crm_sync.enums import ConnectionState
from crm_sync.models import Connection, ConnectionCredentials, CrmOrg, FieldMapping
from demo.http_server import Server
from demo.hubspot.portal import Portal
from demo.hubspot.scopes import SEED_SCOPES
from tests.pages import alerts, give, signed_in

pytestmark = pytest.mark.django_db
PASTED = {"name": "HubSpot", "import_from": "2026-01-01", "default_currency": ""}


@pytest.fixture
def browser() -> Client:
    return signed_in("crm_sync.view_connection", "crm_sync.change_connection")


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
    connection.org = CrmOrg.objects.create(provider="hubspot", external_id="1", name="Old portal")
    connection.save()
    token = portal.issue_token()

    path, confirmed = f"/settings/crm/{connection.pk}/token/", {"confirmed_org": here.external_id}
    operator = browser.post(path, {"token": token} | confirmed, follow=True)
    connection.refresh_from_db()
    old = connection.org
    give("crm_sync.change_billing_meaning")
    asked = browser.post(path, {"token": token}, follow=True)
    browser.post(path, {"token": token} | confirmed)
    connection.refresh_from_db()

    assert "somebody of Finance connects it" in operator.text
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
