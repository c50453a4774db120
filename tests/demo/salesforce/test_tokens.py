import base64
import hmac
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
import requests

from demo.salesforce.org import Org
from tests.demo.salesforce.visitor import CALLBACK, Client, StoppedClock, Visitor

EXPIRED = {"error": "invalid_grant", "error_description": "expired access/refresh token"}


def outcome(response: requests.Response) -> tuple[int, dict[str, str]]:
    return response.status_code, response.json()


def signature(org: Org, token: dict[str, str]) -> str:
    message = (token["id"] + token["issued_at"]).encode()
    return base64.b64encode(hmac.digest(org.app.consumer_secret.encode(), message, "sha256")).decode()


def test_exchange_answers_a_token(visitor: Visitor, client: Client, org: Org) -> None:
    response = client.exchange(visitor.allow())

    token = response.json()
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert response.headers["Cache-Control"] == "no-cache, no-store"
    assert token == {
        "access_token": token["access_token"],
        "refresh_token": token["refresh_token"],
        "signature": signature(org, token),
        "scope": "refresh_token full",
        "instance_url": client.url,
        "id": f"https://login.salesforce.com/id/{org.org_id}/{org.admin_id}",
        "token_type": "Bearer",
        "issued_at": "1795342447250",
    }
    assert token["access_token"].split("!")[0] == org.org_id[:15]
    assert token["refresh_token"].startswith("5Aep861")


def test_exchange_takes_basic_authentication(visitor: Visitor, client: Client, org: Org) -> None:
    form = {"grant_type": "authorization_code", "code": visitor.allow(), "redirect_uri": CALLBACK}
    form["code_verifier"] = "verifier-" + "v" * 60

    response = requests.post(
        f"{client.url}/services/oauth2/token",
        data=form,
        auth=(org.app.consumer_key, org.app.consumer_secret),
        timeout=5,
    )

    assert response.status_code == 200


def test_without_the_refresh_scope_there_is_no_refresh_token(visitor: Visitor, client: Client) -> None:
    token = client.exchange(visitor.allow(scope="full")).json()

    assert token["scope"] == "full"
    assert "refresh_token" not in token


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type", "grant type not supported"),
        ({"grant_type": ""}, "unsupported_grant_type", "grant type not supported"),
        ({"client_id": "other"}, "invalid_client_id", "client identifier invalid"),
        ({"client_secret": "other"}, "invalid_client", "invalid client credentials"),
        ({"client_secret": ""}, "invalid_client", "invalid client credentials"),
        ({"scope": "full refresh_token"}, "invalid_request", "scope parameter not supported"),
        ({"code": ""}, "invalid_request", "missing required parameter: code"),
        ({"code": "aPrxunknown=="}, "invalid_grant", "invalid authorization code"),
        (
            {"redirect_uri": CALLBACK + "/"},
            "redirect_uri_mismatch",
            "redirect_uri must match configuration",
        ),
        ({"code_verifier": "another-" + "v" * 60}, "invalid_grant", "invalid code verifier"),
        ({"code_verifier": ""}, "invalid_grant", "invalid code verifier"),
    ],
)
def test_exchange_refused(
    visitor: Visitor, client: Client, changes: dict[str, str], error: str, description: str
) -> None:
    response = client.exchange(visitor.allow(), **changes)

    assert outcome(response) == (400, {"error": error, "error_description": description})


def test_challenge_without_its_method_never_matches(visitor: Visitor, client: Client) -> None:
    response = client.exchange(visitor.allow(code_challenge_method=""))

    assert outcome(response) == (
        400,
        {"error": "invalid_grant", "error_description": "invalid code verifier"},
    )


def test_code_encoded_twice_is_invalid(visitor: Visitor, client: Client) -> None:
    response = client.exchange(quote(visitor.allow()))

    assert outcome(response) == (
        400,
        {"error": "invalid_grant", "error_description": "invalid authorization code"},
    )


def test_code_works_once_and_its_second_use_revokes_nothing(visitor: Visitor, client: Client) -> None:
    code = visitor.allow()
    client.token = client.exchange(code).json()["access_token"]

    second = client.exchange(code)

    assert outcome(second) == (
        400,
        {"error": "invalid_grant", "error_description": "expired authorization code"},
    )
    assert client.get("/services/data/v66.0/limits").status_code == 200


def test_code_expires_after_fifteen_minutes(visitor: Visitor, client: Client, clock: StoppedClock) -> None:
    code = visitor.allow()

    clock.forward(minutes=15, seconds=1)

    assert outcome(client.exchange(code)) == (
        400,
        {"error": "invalid_grant", "error_description": "expired authorization code"},
    )


def test_refresh_answers_without_a_refresh_token(client: Client, org: Org, clock: StoppedClock) -> None:
    issued = org.connect()
    clock.forward(hours=3)

    response = client.refresh(issued.refresh_token)

    token = response.json()
    assert outcome(response) == (
        200,
        {
            "access_token": token["access_token"],
            "signature": signature(org, token),
            "scope": "refresh_token full",
            "instance_url": client.url,
            "id": f"https://login.salesforce.com/id/{org.org_id}/{org.admin_id}",
            "token_type": "Bearer",
            "issued_at": "1795353247250",
        },
    )
    client.token = token["access_token"]
    assert client.get("/services/data/v66.0/limits").status_code == 200


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"scope": "full"}, "invalid_request", "scope parameter not supported"),
        ({"refresh_token": ""}, "invalid_request", "missing required parameter: refresh_token"),
        ({"refresh_token": "5Aep861unknown"}, "invalid_grant", "expired access/refresh token"),
        ({"client_secret": "rotated"}, "invalid_client", "invalid client credentials"),
    ],
)
def test_refresh_refused(
    client: Client, org: Org, changes: dict[str, str], error: str, description: str
) -> None:
    response = client.refresh(org.connect().refresh_token, **changes)

    assert outcome(response) == (400, {"error": error, "error_description": description})


def test_refresh_for_a_frozen_user(client: Client, org: Org) -> None:
    issued = org.connect()

    org.edit(org.admin_id, IsActive=False)

    assert outcome(client.refresh(issued.refresh_token)) == (
        400,
        {"error": "invalid_grant", "error_description": "inactive user"},
    )


def test_rotation_replaces_the_refresh_token(client: Client, org: Org) -> None:
    org.app.rotate = True
    first = org.connect().refresh_token

    second = client.refresh(first).json()["refresh_token"]
    third = client.refresh(second).json()["refresh_token"]

    assert len({first, second, third}) == 3


def test_reuse_of_a_rotated_token_ends_everything_from_it(client: Client, org: Org) -> None:
    org.app.rotate = True
    issued = org.connect()
    client.token = issued.access_token
    second = client.refresh(issued.refresh_token).json()["refresh_token"]

    reused = client.refresh(issued.refresh_token)

    assert outcome(reused) == (400, EXPIRED)
    assert outcome(client.refresh(second)) == (400, EXPIRED)
    assert client.get("/services/data/v66.0/limits").status_code == 401


def test_parallel_refresh_is_turned_away(client: Client, org: Org) -> None:
    org.grants.refresh_seconds = 0.3
    token = org.connect().refresh_token
    together = threading.Barrier(2)

    def refresh(_: int) -> requests.Response:
        together.wait()
        return client.refresh(token)

    with ThreadPoolExecutor(2) as pool:
        first, second = sorted(pool.map(refresh, range(2)), key=lambda response: response.status_code)

    assert first.status_code == 200
    assert outcome(second) == (
        400,
        {"error": "invalid_grant", "error_description": "token request is already being processed"},
    )


def test_sixth_consent_pushes_the_first_out(client: Client, org: Org) -> None:
    first, *later = [org.connect().refresh_token for _ in range(6)]

    assert outcome(client.refresh(first)) == (400, EXPIRED)
    assert [client.refresh(token).status_code for token in later] == [200] * 5


def test_introspection_of_both_tokens(client: Client, org: Org) -> None:
    issued = org.connect()
    known = {
        "active": True,
        "scope": "refresh_token full",
        "client_id": org.app.consumer_key,
        "username": "ada@acme.example",
        "sub": f"https://login.salesforce.com/id/{org.org_id}/{org.admin_id}",
    }

    access = client.post("introspect", token=issued.access_token, **client.credentials())
    refresh = client.post("introspect", token=issued.refresh_token or "", **client.credentials())
    unknown = client.post("introspect", token="unknown", **client.credentials())

    assert access.json() == {
        **known,
        "token_type": "access_token",
        "exp": 1795349647,
        "iat": 1795342447,
        "nbf": 1795342447,
    }
    assert refresh.json() == {**known, "token_type": "refresh_token"}
    assert outcome(unknown) == (200, {"active": False})


def test_revoking_the_refresh_token_ends_its_access_tokens(client: Client, org: Org) -> None:
    issued = org.connect()
    client.token = issued.access_token

    response = client.post("revoke", token=issued.refresh_token or "")

    assert (response.status_code, response.content) == (200, b"")
    assert client.get("/services/data/v66.0/limits").status_code == 401
    assert outcome(client.refresh(issued.refresh_token)) == (400, EXPIRED)


def test_revoking_an_access_token_leaves_the_refresh_token(client: Client, org: Org) -> None:
    issued = org.connect()

    client.post("revoke", token=issued.access_token)

    assert client.refresh(issued.refresh_token).status_code == 200


def test_revoking_an_unknown_token(client: Client) -> None:
    assert outcome(client.post("revoke", token="unknown")) == (
        400,
        {"error": "invalid_token", "error_description": "invalid token"},
    )


def test_identity(connected: Client, org: Org) -> None:
    rest = f"{connected.url}/services/data/v{{version}}/"

    response = connected.get(f"/id/{org.org_id}/{org.admin_id}")

    assert response.json() == {
        "id": f"https://login.salesforce.com/id/{org.org_id}/{org.admin_id}",
        "asserted_user": True,
        "user_id": org.admin_id,
        "organization_id": org.org_id,
        "username": "ada@acme.example",
        "nick_name": "ada",
        "display_name": "Ada Admin",
        "email": "ada@acme.example",
        "email_verified": True,
        "first_name": "Ada",
        "last_name": "Admin",
        "timezone": "Europe/Dublin",
        "photos": {
            "picture": f"{connected.url}/profilephoto/005/F",
            "thumbnail": f"{connected.url}/profilephoto/005/T",
        },
        "status": {"created_date": None, "body": None},
        "urls": {
            "enterprise": f"{connected.url}/services/Soap/c/{{version}}/{org.org_id}",
            "rest": rest,
            "sobjects": f"{rest}sobjects/",
            "query": f"{rest}query/",
        },
        "active": True,
        "user_type": "STANDARD",
        "language": "en_US",
        "locale": "en_IE",
        "utcOffset": 0,
        "last_modified_date": "2026-11-22T10:14:07Z",
    }


def test_identity_takes_the_token_as_a_parameter(connected: Client, org: Org) -> None:
    path, token = f"/id/{org.org_id}/{org.admin_id}", connected.token
    connected.token = ""

    assert connected.get(path, oauth_token=token).json()["user_id"] == org.admin_id


def test_userinfo(connected: Client, org: Org) -> None:
    claims = connected.get("/services/oauth2/userinfo").json()

    assert {name: claims[name] for name in ("user_id", "organization_id", "preferred_username", "email")} == {
        "user_id": org.admin_id,
        "organization_id": org.org_id,
        "preferred_username": "ada@acme.example",
        "email": "ada@acme.example",
    }


@pytest.mark.parametrize("path", ["/services/oauth2/userinfo", "/id/{org}/{user}"])
def test_bad_token_at_identity_is_plain_text(client: Client, org: Org, path: str) -> None:
    client.token = "expired"

    response = client.get(path.format(org=org.org_id, user=org.admin_id))

    assert (response.status_code, response.headers["Content-Type"], response.text) == (
        403,
        "text/plain;charset=UTF-8",
        "Bad_OAuth_Token",
    )


def test_session_slides_after_half_of_its_life(connected: Client, clock: StoppedClock) -> None:
    statuses = []
    for minutes in (50, 50, 100, 121):
        clock.forward(minutes=minutes)
        statuses.append(connected.get("/services/data/v66.0/limits").status_code)

    assert statuses == [200, 200, 200, 401]
