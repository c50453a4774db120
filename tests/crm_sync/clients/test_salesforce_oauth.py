import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest

from crm_sync.clients.http import Transport
from crm_sync.clients.salesforce.oauth import (
    AppKeys,
    Grant,
    UnusableGrant,
    authorise_url,
    exchange_code,
    read_grant,
    renew,
    revoke,
)
from crm_sync.errors import ConfigError, TransientError
from demo.http_server import Response, Server, json_response
from demo.salesforce.grants import App
from demo.salesforce.org import Org
from tests.crm_sync.clients.wire import Script
from tests.crm_sync.told import NOT_SIGNED

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


def token_answer(**changes: object) -> dict[str, object]:
    """Salesforce's answer to an exchange, signed with the secret `s`."""
    body: dict[str, object] = {
        "access_token": "00Dx0000000BV7z!AR8A",
        "refresh_token": "5Aep861",
        "instance_url": "https://acme.my.salesforce.com",
        "id": "https://login.salesforce.com/id/00Dx0000000BV7zEAG/005x00000012Q9PAAU",
        "issued_at": "1278448101416",
        "signature": "sjXF0raoeiYsENsKxHUf2sSTelKTuKNiEkIbK1N5fGc=",
    }
    return body | changes


@pytest.mark.parametrize(
    ("changes", "is_signed"),
    [
        ({}, True),
        ({"signature": None}, True),
        ({"signature": "AAAA"}, False),
        ({"signature": "\u00e9"}, False),
        ({"issued_at": "1278448101417"}, False),
        ({"issued_at": "\ud800"}, False),
        ({"id": "https://login.salesforce.com/id/00Dx0000000BV7zEAG/005x00000012Q9QAAU"}, False),
    ],
)
def test_a_signature_that_does_not_match_is_told_and_stops_nothing(
    transport: Transport, caplog: pytest.LogCaptureFixture, changes: dict[str, object], is_signed: bool
) -> None:
    grant = read_grant(body=token_answer(**changes), transport=transport, client_secret="s")

    assert (grant.access_token, grant.is_signed) == ("00Dx0000000BV7z!AR8A", is_signed)
    assert [record.message for record in caplog.records] == ([] if is_signed else [NOT_SIGNED])


@pytest.mark.parametrize(
    ("changes", "code", "refresh_token"),
    [
        ({"access_token": None}, "BAD_GRANT", "5Aep861"),
        ({"access_token": "half \ud800 a pair"}, "BAD_GRANT", "5Aep861"),
        ({"access_token": ["00D"]}, "BAD_GRANT", "5Aep861"),
        ({"id": None}, "BAD_GRANT", "5Aep861"),
        ({"id": None, "refresh_token": None}, "BAD_GRANT", ""),
        ({"id": None, "refresh_token": "tab\t"}, "BAD_GRANT", ""),
    ],
)
def test_an_answer_that_cannot_be_used_gives_its_refresh_token_away(
    transport: Transport, changes: dict[str, object], code: str, refresh_token: str
) -> None:
    with pytest.raises(UnusableGrant) as unusable:
        read_grant(body=token_answer(**changes), transport=transport, client_secret="s")

    assert (unusable.value.code, unusable.value.refresh_token) == (code, refresh_token)


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
        "Grant(instance_url='https://acme.my.salesforce.com', org_id='o', user_id='u', scopes=frozenset(),"
        " is_signed=True)"
    )
    assert keys.client_secret not in repr(keys)


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_token_call_that_failed_is_not_repeated(transport: Transport, status: int) -> None:
    """Salesforce has spoken: the next poll asks again."""
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
