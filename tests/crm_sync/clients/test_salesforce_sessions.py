"""Sessions that end, and orgs that move, against the simulated org."""

import pytest

from crm_sync.clients.http import Transport
from crm_sync.clients.salesforce.client import SalesforceClient
from crm_sync.errors import ConfigError, TransientError
from demo.http_server import Server, redirect
from demo.salesforce.answers import rest_error
from demo.salesforce.org import Org
from tests.crm_sync.clients.salesforce_reading import NOON, Renewals, add_deal, asked, ids, read


@pytest.fixture
def client(salesforce_client: SalesforceClient) -> SalesforceClient:
    return salesforce_client


def test_an_expired_session_is_renewed_once_and_the_call_repeated(
    client: SalesforceClient, org: Org, renewals: Renewals
) -> None:
    org.max_page_size = 200
    expected = org.add_won_deals(300, modified_at=NOON)
    first_token = client.access_token
    pages = client.changed_deals(query=asked())
    seen = [next(pages)]

    org.expire_access_tokens()
    seen += list(pages)

    assert ids(seen) == expected
    assert renewals.stale == [first_token]
    assert client.access_token != first_token


def test_a_session_is_renewed_once_in_five_minutes(
    client: SalesforceClient, org: Org, renewals: Renewals, transport: Transport
) -> None:
    org.expire_access_tokens()
    read(client, asked())
    org.expire_access_tokens()

    with pytest.raises(TransientError) as failure:
        read(client, asked())

    assert (failure.value.code, len(renewals.stale)) == ("SESSION_ENDED_AGAIN", 1)
    transport.clock = lambda: 301.0
    read(client, asked())
    assert len(renewals.stale) == 2


def test_a_fresh_token_that_is_refused_too_is_left_to_the_next_poll(
    client: SalesforceClient, org: Org
) -> None:
    org.expire_access_tokens()
    client.renew = lambda stale: ("00D!not-a-token", client.instance_url)

    with pytest.raises(TransientError) as refusal:
        read(client, asked())

    assert str(refusal.value) == (
        "Salesforce refused a call although it had just renewed the session. The next poll tries again."
    )
    assert client.calls == 2


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (
            "This session is not valid for use with the REST API",
            "Salesforce does not let this app use its API. "
            "Ask a Salesforce administrator to allow the app in API Access Control.",
        ),
        (
            "Connected app is not attached to Agent",
            "Salesforce ties this app to an agent, and lets it do nothing else. "
            "Ask a Salesforce administrator for an app that is not attached to an agent.",
        ),
    ],
)
def test_a_refusal_by_policy_is_not_renewed(
    client: SalesforceClient, org: Org, renewals: Renewals, message: str, text: str
) -> None:
    org.intercept = lambda request: rest_error("INVALID_SESSION_ID", message, status=401)

    with pytest.raises(ConfigError) as refusal:
        read(client, asked())

    assert str(refusal.value) == text
    assert (refusal.value.breaks, renewals.stale, client.calls) == (True, [], 1)


def test_an_org_that_moved_is_found_by_renewing(
    client: SalesforceClient, org: Org, renewals: Renewals, salesforce_server: Server
) -> None:
    deal_id = add_deal(org)
    with Server(lambda request: redirect(f"{salesforce_server.url}{request.target}")) as old:
        client.instance_url = old.url
        assert ids(read(client, asked())) == [deal_id]
        assert (client.instance_url, len(old.requests)) == (salesforce_server.url, 1)

        client.instance_url = renewals.url = old.url
        with pytest.raises(ConfigError) as refusal:
            read(client, asked())

    assert (refusal.value.sentence, refusal.value.code, refusal.value.breaks) == (
        "The Salesforce org has moved to another address.",
        "MOVED",
        False,
    )
