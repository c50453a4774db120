"""Salesforce's OAuth 2.0 web-server flow with PKCE.

https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_web_server_flow.htm
"""

import base64
import hmac
import logging
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from requests_oauthlib import OAuth2Session

from crm_sync.clients.grants import AppKeys, Grant, UnusableGrant
from crm_sync.clients.http import Transport, is_https_host, origin_of
from crm_sync.clients.salesforce.errors import code_and_message, token_error
from crm_sync.clients.salesforce.rules import START_AGAIN
from crm_sync.clients.salesforce.values import ORG_AND_USER, to_18
from crm_sync.errors import ConfigError, TransientError
from crm_sync.findings.catalogue import FINDINGS
from crm_sync.findings.codes import FindingCode

PRODUCTION = "https://login.salesforce.com"
SANDBOX = "https://test.salesforce.com"
LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")
DOMAIN_SUFFIXES = (".my.salesforce.com", ".my.salesforce.mil", ".my.sfcrmproducts.cn")
OVER = frozenset({"invalid_token", "invalid_grant", "unsupported_token_type"})
"""What Salesforce calls a token that it does not know any more."""
JSON_ONLY = {"Accept": "application/json"}
log = logging.getLogger(__name__)


def is_salesforce_origin(origin: str) -> bool:
    return is_https_host(origin, hosts=LOGIN_HOSTS, suffixes=DOMAIN_SUFFIXES)


def authorise_url(
    *, login_url: str, client_id: str, redirect_uri: str, scopes: str, state: str
) -> tuple[str, str]:
    """The address to send the browser to, and the PKCE verifier to keep for the exchange."""
    session = OAuth2Session(client_id, redirect_uri=redirect_uri, scope=scopes.split(), pkce="S256")
    # Built for an https host and moved: the library refuses the http addresses of a simulated Salesforce.
    url, _ = session.authorization_url(f"{PRODUCTION}/services/oauth2/authorize", state=state)
    return login_url + url.removeprefix(PRODUCTION), session._code_verifier


def exchange_code(
    *, transport: Transport, keys: AppKeys, code: str, verifier: str, redirect_uri: str
) -> Grant:
    """Turns the code of the callback into tokens. Sent once: a code works a single time."""
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
    try:
        grant = ask_for_token(transport=transport, keys=keys, form={**form, "redirect_uri": redirect_uri})
    except TransientError as error:
        next_step = START_AGAIN if error.waits_for_poll else error.next_step  # no poll repeats this
        raise TransientError(
            error.sentence, next_step=next_step, code=error.code, status=error.status
        ) from error
    if not grant.refresh_token:
        raise ConfigError(
            "Salesforce gave no lasting access.",
            next_step="Tick the scope refresh_token (Perform requests at any time) in the app, "
            "then authorise again.",
            code="NO_REFRESH_TOKEN",
        )
    return grant


def renew(*, transport: Transport, keys: AppKeys, refresh_token: str) -> Grant:
    """A new access token. Never sends a scope: Salesforce refuses it here."""
    return ask_for_token(
        transport=transport, keys=keys, form={"grant_type": "refresh_token", "refresh_token": refresh_token}
    )


def revoke(*, transport: Transport, login_url: str, refresh_token: str) -> bool:
    """Ends the connection at Salesforce, and every access token of it. False when it was over already.

    TransientError for any other answer: only Salesforce's own word for it ends a grant.
    """
    answer = transport.send(
        method="POST",
        url=f"{login_url}/services/oauth2/revoke",
        headers=JSON_ONLY,
        form={"token": refresh_token},
    )
    if answer.is_success and not answer.text.startswith("<"):
        return True
    code, _ = code_and_message(answer)
    if answer.status == HTTPStatus.BAD_REQUEST and code in OVER:
        return False
    raise TransientError(
        f"Salesforce did not say whether the access is ended ({answer.status}).",
        next_step="Fincelo tries again automatically.",
        code="NOT_REVOKED",
        status=answer.status,
    )


def ask_for_token(*, transport: Transport, keys: AppKeys, form: dict[str, str]) -> Grant:
    answer = transport.send(
        method="POST",
        url=f"{keys.login_url}/services/oauth2/token",
        headers=JSON_ONLY,
        form={**form, "client_id": keys.client_id, "client_secret": keys.client_secret},
        retry=False,
    )
    if not answer.is_success:
        raise token_error(answer)
    return read_grant(body=answer.json_object(), transport=transport, client_secret=keys.client_secret)


def read_grant(*, body: dict[str, Any], transport: Transport, client_secret: str) -> Grant:
    """Checks every address and id in a token response before anything of it is believed."""
    instance_url = origin_of(str(body.get("instance_url", "")))
    access_token, refresh_token = token_in(body, "access_token"), token_in(body, "refresh_token")
    if not transport.is_allowed(instance_url):
        raise UnusableGrant(
            "Salesforce named an address for its data that is none of Salesforce's.",
            refresh_token=refresh_token,
            next_step="Check the login host and try again.",
            code="INSTANCE_NOT_ALLOWED",
        )
    try:
        org_id, user_id = org_and_user(str(body.get("id", "")))
    except ValueError:
        org_id = user_id = ""
    if not org_id or not access_token or (body.get("refresh_token") and not refresh_token):
        raise UnusableGrant(
            "Salesforce's answer names no org or no token.",
            refresh_token=refresh_token,
            next_step=START_AGAIN,
            code="BAD_GRANT",
        )
    is_signed = has_good_signature(body=body, client_secret=client_secret)
    if not is_signed:
        log.warning(FINDINGS.sentence(FindingCode.NOT_SIGNED, {}))
    return Grant(
        access_token=access_token,
        refresh_token=refresh_token,
        instance_url=instance_url,
        org_id=org_id,
        user_id=user_id,
        scopes=frozenset(str(body.get("scope", "")).split()),
        is_signed=is_signed,
    )


def token_in(body: dict[str, Any], name: str) -> str:
    """Empty for what no header could carry and no token is."""
    value = body.get(name)
    return value if isinstance(value, str) and value.isascii() and value.isprintable() else ""


def has_good_signature(*, body: dict[str, Any], client_secret: str) -> bool:
    """True without a signature as well: it proves little over TLS, and its absence nothing."""
    given = str(body.get("signature") or "")
    signed = f"{body.get('id', '')}{body.get('issued_at', '')}".encode("utf-8", "replace")
    expected = base64.b64encode(hmac.digest(client_secret.encode(), signed, "sha256"))
    return not given or hmac.compare_digest(expected, given.encode("utf-8", "replace"))


def org_and_user(identity_url: str) -> tuple[str, str]:
    """The two ids of an identity URL, which itself is never called; ValueError when it names none."""
    found = ORG_AND_USER.fullmatch(urlsplit(identity_url).path)
    if found is None:
        raise ValueError("an identity URL without ids")
    return to_18(found[1]), to_18(found[2])
