"""Who gets a token and for how long, beyond the web-server flow."""

import base64
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
import requests

from demo.http_server import Server
from demo.salesforce.org import Org
from tests.demo.salesforce.visitor import Client, StoppedClock

DEAD = {"error": "invalid_grant", "error_description": "expired access/refresh token"}
OVER = {"error": "invalid_grant", "error_description": "token validity expired"}


def test_client_credentials_give_an_access_token_alone(client: Client, org: Org) -> None:
    org.app.run_as = org.admin_id

    body = client.post("token", grant_type="client_credentials", **client.credentials()).json()
    client.token = body["access_token"]

    assert sorted(body) == [
        "access_token",
        "id",
        "instance_url",
        "issued_at",
        "scope",
        "signature",
        "token_type",
    ]
    assert body["scope"] == "full"
    assert client.get("/services/data/v66.0/limits").status_code == 200


def test_client_credentials_by_basic_authorization(client: Client, org: Org) -> None:
    org.app.run_as = org.admin_id
    basic = base64.b64encode(":".join(client.credentials().values()).encode()).decode()

    response = requests.post(
        f"{client.url}/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {basic}"},
        timeout=5,
    )

    assert response.status_code == 200


def test_client_credentials_need_a_user(client: Client, org: Org) -> None:
    without = client.post("token", grant_type="client_credentials", **client.credentials()).json()
    org.app.run_as = org.admin_id
    org.edit(org.admin_id, IsActive=False)
    inactive = client.post("token", grant_type="client_credentials", **client.credentials()).json()

    assert [without, inactive] == [
        {"error": "invalid_grant", "error_description": "no client credentials user enabled"},
        {"error": "invalid_grant", "error_description": "inactive user"},
    ]


def test_client_credentials_push_no_consent_out(client: Client, org: Org) -> None:
    org.app.run_as = org.admin_id
    issued = org.connect()
    for _ in range(6):
        client.post("token", grant_type="client_credentials", **client.credentials())

    assert client.refresh(issued.refresh_token).status_code == 200


def test_refresh_token_of_limited_life(client: Client, org: Org, clock: StoppedClock) -> None:
    org.app.refresh_seconds = 3600
    token = org.connect().refresh_token

    answers = []
    for minutes in (59, 1):
        clock.forward(minutes=minutes)
        answers.append(client.refresh(token))

    assert [each.status_code for each in answers] == [200, 400]
    assert answers[1].json() == OVER


def test_refresh_token_that_is_not_used(client: Client, org: Org, clock: StoppedClock) -> None:
    org.app.refresh_idle_seconds = 30 * 24 * 3600
    token = org.connect().refresh_token

    answers = []
    for days in (29, 29, 30):
        clock.forward(days=days)
        answers.append(client.refresh(token))

    assert [each.status_code for each in answers] == [200, 200, 400]
    assert answers[2].json() == DEAD


def test_new_consumer_secret_ends_all_tokens(connected: Client, org: Org) -> None:
    issued, old = org.connect(), org.app.consumer_secret

    secret = org.rotate_secret()

    assert connected.refresh(issued.refresh_token).json() == DEAD
    assert connected.refresh(issued.refresh_token, client_secret=old).json() == {
        "error": "invalid_client",
        "error_description": "invalid client credentials",
    }
    assert connected.get("/services/data/v66.0/limits").status_code == 401
    assert (secret == org.app.consumer_secret, len(secret)) == (True, 64)


@pytest.mark.parametrize(
    ("accept", "form", "kind"),
    [
        ("*/*", {}, "application/json"),
        ("application/json, application/xml;q=0.5", {}, "application/json"),
        ("application/xml", {}, "application/xml"),
        ("*/*", {"format": "xml"}, "application/xml"),
        ("application/xml", {"format": "json"}, "application/json"),
        ("application/x-www-form-urlencoded", {}, "application/x-www-form-urlencoded"),
    ],
)
def test_format_of_a_token_answer(
    client: Client, org: Org, accept: str, form: dict[str, str], kind: str
) -> None:
    refresh = {"grant_type": "refresh_token", "refresh_token": str(org.connect().refresh_token)}

    response = requests.post(
        f"{client.url}/services/oauth2/token",
        data={**refresh, **client.credentials(), **form},
        headers={"Accept": accept},
        timeout=5,
    )

    assert response.headers["Content-Type"] == f"{kind};charset=UTF-8"
    if kind.endswith("json"):
        names = sorted(response.json())
    elif kind.endswith("xml"):
        names = sorted(each.tag for each in ElementTree.fromstring(response.content))
    else:
        names = sorted(parse_qs(response.text))
    assert names == ["access_token", "id", "instance_url", "issued_at", "scope", "signature", "token_type"]


def test_configuration_names_the_endpoints(server: Server) -> None:
    body = requests.get(f"{server.url}/.well-known/openid-configuration", timeout=5).json()

    endpoints = {name: address for name, address in body.items() if name.endswith("_endpoint")}
    assert endpoints == {
        "authorization_endpoint": f"{server.url}/services/oauth2/authorize",
        "token_endpoint": f"{server.url}/services/oauth2/token",
        "revocation_endpoint": f"{server.url}/services/oauth2/revoke",
        "userinfo_endpoint": f"{server.url}/services/oauth2/userinfo",
        "introspection_endpoint": f"{server.url}/services/oauth2/introspect",
    }
