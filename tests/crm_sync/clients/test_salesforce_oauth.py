import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest

from crm_sync.clients.http import Transport
from crm_sync.clients.salesforce_oauth import AppKeys, Grant, authorise_url, exchange_code, renew, revoke
from crm_sync.errors import ConfigError, TransientError
from demo.http_server import Response, Server, json_response
from demo.salesforce.grants import App
from demo.salesforce.org import Org
from tests.crm_sync.clients.wire import Script

CALLBACK = "https://fincelo.example/api/crm/salesforce/callback"


@pytest.fixture
def app(org: Org) -> App:
    return next(iter(org.grants.apps.values()))


@pytest.fixture
def keys(app: App, salesforce_server: Server) -> AppKeys:
    return AppKeys(
        login_url=salesforce_server.url, client_id=app.consumer_key, client_secret=app.consumer_secret
    )


def authorised(org: Org, app: App, *, scopes: tuple[str, ...] = ("full", "refresh_token")) -> tuple[str, str]:
    """(code, verifier), as if a person had allowed the app."""
    url, verifier = authorise_url(
        login_url="https://acme.my.salesforce.com",
        client_id=app.consumer_key,
        redirect_uri=CALLBACK,
        scopes=" ".join(scopes),
        state="a-state",
    )
    code = org.grants.issue_code(
        app=app,
        user_id=org.admin_id,
        redirect_uri=CALLBACK,
        scopes=list(scopes),
        challenge=parse_qs(urlsplit(url).query)["code_challenge"][0],
    )
    return code, verifier


def test_the_browser_is_sent_away_with_state_and_proof_key() -> None:
    url, verifier = authorise_url(
        login_url="https://acme.my.salesforce.com",
        client_id="key",
        redirect_uri=CALLBACK,
        scopes="api refresh_token",
        state="a-state",
    )

    parts = urlsplit(url)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == (
        "https://acme.my.salesforce.com/services/oauth2/authorize"
    )
    assert parse_qs(parts.query) == {
        "response_type": ["code"],
        "client_id": ["key"],
        "redirect_uri": [CALLBACK],
        "scope": ["api refresh_token"],
        "state": ["a-state"],
        "code_challenge": [challenge],
        "code_challenge_method": ["S256"],
    }
    assert len(verifier) >= 43


def test_two_authorisations_share_nothing() -> None:
    verifiers = {
        authorise_url(login_url="", client_id="key", redirect_uri=CALLBACK, scopes="api", state="s")[1]
        for _ in range(5)
    }

    assert len(verifiers) == 5


def test_a_code_becomes_tokens_once(org: Org, app: App, keys: AppKeys, transport: Transport) -> None:
    code, verifier = authorised(org, app)

    grant = exchange_code(transport=transport, keys=keys, code=code, verifier=verifier, redirect_uri=CALLBACK)

    assert (grant.instance_url, grant.org_id, grant.user_id, grant.scopes) == (
        keys.login_url,
        org.org_id,
        org.admin_id,
        frozenset({"full", "refresh_token"}),
    )
    assert org.grants.authenticate(grant.access_token) is not None
    with pytest.raises(ConfigError) as refusal:
        exchange_code(transport=transport, keys=keys, code=code, verifier=verifier, redirect_uri=CALLBACK)
    assert refusal.value.sentence == "Salesforce's answer was more than 15 minutes old or was used before."


def test_a_wrong_proof_key_is_refused(org: Org, app: App, keys: AppKeys, transport: Transport) -> None:
    code, _ = authorised(org, app)

    with pytest.raises(ConfigError) as refusal:
        exchange_code(
            transport=transport, keys=keys, code=code, verifier="another" * 8, redirect_uri=CALLBACK
        )

    assert refusal.value.sentence == "Salesforce's proof key check failed."


def test_an_app_without_the_refresh_scope(org: Org, app: App, keys: AppKeys, transport: Transport) -> None:
    code, verifier = authorised(org, app, scopes=("api",))

    with pytest.raises(ConfigError) as refusal:
        exchange_code(transport=transport, keys=keys, code=code, verifier=verifier, redirect_uri=CALLBACK)

    assert str(refusal.value) == (
        "Salesforce gave no lasting access. Tick the scope refresh_token "
        "(Perform requests at any time) in the app, then authorise again."
    )


@pytest.mark.parametrize("rotate", [False, True])
def test_renewing(org: Org, app: App, keys: AppKeys, transport: Transport, rotate: bool) -> None:
    org.grants.refresh_seconds = 0
    app.rotate = rotate
    refresh_token = org.connect().refresh_token
    assert refresh_token is not None

    grant = renew(transport=transport, keys=keys, refresh_token=refresh_token)

    assert org.grants.authenticate(grant.access_token) is not None
    assert (grant.refresh_token not in ("", refresh_token)) is rotate


def test_case_75_a_revoked_refresh_token_is_refused_for_good(
    org: Org, app: App, keys: AppKeys, transport: Transport
) -> None:
    org.grants.refresh_seconds = 0
    refresh_token = org.connect().refresh_token or ""
    org.revoke_tokens()

    with pytest.raises(ConfigError) as refusal:
        renew(transport=transport, keys=keys, refresh_token=refresh_token)

    assert (refusal.value.sentence, refusal.value.breaks, transport.calls) == (
        "Salesforce has revoked or expired this connection.",
        True,
        1,
    )


def test_disconnecting_ends_the_tokens_at_salesforce(
    org: Org, app: App, keys: AppKeys, transport: Transport
) -> None:
    issued = org.connect()

    first = revoke(transport=transport, login_url=keys.login_url, refresh_token=issued.refresh_token or "")
    again = revoke(transport=transport, login_url=keys.login_url, refresh_token=issued.refresh_token or "")

    assert (first, again, org.grants.authenticate(issued.access_token)) == (True, False, None)


def test_no_secret_shows_in_a_grant_or_in_the_keys(keys: AppKeys) -> None:
    grant = Grant(
        access_token="00D!canary",
        refresh_token="5Aep-canary",
        instance_url="https://acme.my.salesforce.com",
        org_id="o",
        user_id="u",
        scopes=frozenset(),
    )

    assert repr(grant) == (
        "Grant(instance_url='https://acme.my.salesforce.com', org_id='o', user_id='u', scopes=frozenset())"
    )
    assert keys.client_secret not in repr(keys)


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_token_call_that_failed_is_not_repeated(transport: Transport, status: int) -> None:
    """The answer may be lost after Salesforce has rotated the token: the next poll finds out."""
    with Server(Script(json_response({}, status=status))) as server, pytest.raises(TransientError):
        renew(
            transport=transport,
            keys=AppKeys(login_url=server.url, client_id="k", client_secret="s"),
            refresh_token="r",
        )

    assert transport.calls == 1


@pytest.mark.parametrize(
    "response",
    [
        Response(body=b"<html>maintenance</html>", content_type="text/html"),
        Response(status=204),
        json_response([]),
    ],
    ids=["a page", "nothing", "a list"],
)
def test_a_token_answer_that_is_none(transport: Transport, response: Response) -> None:
    with Server(Script(response)) as server, pytest.raises(TransientError) as failure:
        renew(
            transport=transport,
            keys=AppKeys(login_url=server.url, client_id="k", client_secret="s"),
            refresh_token="r",
        )

    assert failure.value.code == "UNUSABLE_ANSWER"
