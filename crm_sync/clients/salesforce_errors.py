"""One table from Salesforce's error codes to what we do about them.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
"""

import re
from dataclasses import dataclass

from crm_sync.clients.http import Answer, retry_after
from crm_sync.errors import ConfigError, ErrorKind, SyncError, TransientError

MISSING_FIELD = re.compile(r"No such column '([^']+)' on entity '([^']+)'")
MISSING_RELATION = re.compile(r"Didn't understand relationship '([^']+)'")
NOT_ALLOWED_SESSIONS = ("not valid for use with the rest api", "not attached to agent")
ADMIN = "Ask a Salesforce administrator."
RECONNECT = "Authorise Salesforce again in Settings, CRM Integration."
LATER = "The next poll tries again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    sentence: str
    next_step: str = ADMIN
    kind: ErrorKind = ErrorKind.CONFIG
    breaks: bool = False
    wait: float | None = None
    """Seconds until the next call, for errors that come without a Retry-After."""


DATA_RULES = {
    "API_DISABLED_FOR_ORG": Rule(
        sentence="This edition of Salesforce has no API access.",
        next_step="Ask Salesforce for an edition or add-on with API access.",
        breaks=True,
    ),
    "API_CURRENTLY_DISABLED": Rule(
        sentence="The connected user has no API access.",
        next_step="Ask a Salesforce administrator to tick API Enabled for that user.",
        breaks=True,
    ),
    "INVALID_TYPE": Rule(
        sentence="The connected user may not read an object that Fincelo needs.",
        next_step="Give the user read access to Opportunity, Account and User.",
    ),
    "REQUEST_LIMIT_EXCEEDED": Rule(
        sentence="Salesforce's API limit is used up.",
        next_step="Fincelo tries again in fifteen minutes, and then less often.",
        kind=ErrorKind.TRANSIENT,
        wait=900.0,
    ),
    "QUERY_TIMEOUT": Rule(
        sentence="Salesforce gave up on a query that ran too long.", next_step=LATER, kind=ErrorKind.TRANSIENT
    ),
    "INVALID_QUERY_LOCATOR": Rule(
        sentence="Salesforce no longer knows the next page of a query.",
        next_step="The next poll goes on from the last page that was stored.",
        kind=ErrorKind.TRANSIENT,
    ),
    "NOT_FOUND": Rule(sentence="Salesforce does not know the address that was asked."),
    "URL_NOT_RESET": Rule(
        sentence="A data call went to the login address.", next_step=RECONNECT, breaks=True
    ),
}
TOKEN_RULES = {
    ("invalid_grant", "expired access/refresh token"): Rule(
        sentence="Salesforce has revoked or expired this connection.", next_step=RECONNECT, breaks=True
    ),
    ("invalid_grant", "token validity expired"): Rule(
        sentence="The lifetime of this connection in Salesforce is over.", next_step=RECONNECT, breaks=True
    ),
    ("invalid_grant", "inactive user"): Rule(
        sentence="The Salesforce user behind this connection is deactivated or frozen.",
        next_step="Connect again with an active user.",
        breaks=True,
    ),
    ("invalid_grant", "ip restricted"): Rule(
        sentence="Salesforce refuses the address of this server.",
        next_step="Ask a Salesforce administrator to allow it or to relax the app's IP policy.",
    ),
    ("invalid_grant", "ip restricted or invalid login hours"): Rule(
        sentence="Salesforce refuses the address of this server, or this hour of the day.",
        next_step="Ask a Salesforce administrator about login IP ranges and login hours.",
    ),
    ("invalid_grant", "expired authorization code"): Rule(
        sentence="Salesforce's answer was more than 15 minutes old or was used before.",
        next_step="Press Authorise again.",
    ),
    ("invalid_grant", "invalid authorization code"): Rule(
        sentence="Salesforce did not accept its own answer code.", next_step="Press Authorise again."
    ),
    ("invalid_grant", "invalid code verifier"): Rule(
        sentence="Salesforce's proof key check failed.", next_step="Press Authorise again."
    ),
    ("invalid_grant", "user hasn't approved this consumer"): Rule(
        sentence="This Salesforce user may not use the app.",
        next_step="Ask a Salesforce administrator to add the user's profile to the app.",
        breaks=True,
    ),
    ("invalid_grant", "no valid scopes defined"): Rule(
        sentence="The app in Salesforce has no OAuth scopes.",
        next_step="Add the scopes listed on the connect page to the app.",
    ),
    ("invalid_grant", "token request is already being processed"): Rule(
        sentence="Another request was renewing this connection at the same moment.",
        next_step=LATER,
        kind=ErrorKind.TRANSIENT,
    ),
    ("invalid_grant", "login rate exceeded"): Rule(
        sentence="The Salesforce user logs in too often.", next_step=LATER, kind=ErrorKind.TRANSIENT
    ),
    ("invalid_grant", "request not supported on this domain"): Rule(
        sentence="This org does not accept the general login address.",
        next_step="Choose My Domain and enter the org's own address.",
    ),
    ("invalid_request", "invalid code verifier"): Rule(
        sentence="Salesforce's proof key check failed.", next_step="Press Authorise again."
    ),
    "invalid_grant": Rule(sentence="Salesforce refused the authorisation.", next_step=RECONNECT, breaks=True),
    "inactive_user": Rule(
        sentence="The Salesforce user behind this connection is deactivated.",
        next_step="Connect again with an active user.",
        breaks=True,
    ),
    "inactive_org": Rule(sentence="The Salesforce org is not active.", breaks=True),
    "invalid_client_id": Rule(
        sentence="Salesforce does not know this consumer key.",
        next_step="Check the key and the login host. A new app needs about ten minutes before its key works.",
        breaks=True,
    ),
    "invalid_client": Rule(
        sentence="Salesforce does not accept the consumer secret.",
        next_step="Copy the consumer secret again, without spaces around it.",
        breaks=True,
    ),
    "redirect_uri_mismatch": Rule(
        sentence="The callback URL is not registered in the Salesforce app.",
        next_step="Copy the callback URL from the connect page into the app, character by character.",
    ),
    "invalid_scope": Rule(
        sentence="The app in Salesforce does not allow the scopes that Fincelo asks for.",
        next_step="Tick the scopes listed on the connect page.",
    ),
    "invalid_app_access": Rule(sentence="This Salesforce user may not use the app.", breaks=True),
    "app_not_found": Rule(sentence="The app is not installed in this Salesforce org.", breaks=True),
    "app_blocked": Rule(sentence="A Salesforce administrator has blocked the app.", breaks=True),
    "fail_close_app_blocked": Rule(sentence="A Salesforce administrator has blocked the app.", breaks=True),
    "oauth_flow_disabled": Rule(
        sentence="Salesforce has this way of signing in switched off.",
        next_step="Ask a Salesforce administrator to allow it in OAuth and OpenID Connect Settings.",
        breaks=True,
    ),
    "access_denied": Rule(
        sentence="Access was denied in Salesforce.", next_step="Press Authorise again and choose Allow."
    ),
    "access-denied": Rule(
        sentence="Access was denied in Salesforce.", next_step="Press Authorise again and choose Allow."
    ),
    "OAUTH_APP_ACCESS_DENIED": Rule(sentence="This Salesforce user may not use the app."),
    "immediate_unsuccessful": Rule(
        sentence="Salesforce needs you to sign in.", next_step="Press Authorise again."
    ),
}
TOO_MANY_AT_ONCE = Rule(
    sentence="Salesforce is working on too many requests of this org at once.",
    next_step=LATER,
    kind=ErrorKind.TRANSIENT,
    wait=60.0,
)
PASSING_TOKEN_CODES = frozenset(
    {
        "rate_limit_exceeded",
        "slow_down",
        "server_error",
        "service_unavailable",
        "system_down",
        "unknown_error",
    }
)


def code_and_message(answer: Answer) -> tuple[str, str]:
    """Salesforce's error code and text, whatever shape the answer has. Never raises."""
    body = answer.json_or_none()
    if isinstance(body, list) and body and isinstance(body[0], dict):
        return str(body[0].get("errorCode", "")), str(body[0].get("message", ""))
    if isinstance(body, dict):
        code = body.get("error") or body.get("errorCode") or ""
        return str(code), str(body.get("error_description") or body.get("message") or "")
    return "", answer.text[:200]


def data_error(answer: Answer) -> SyncError:
    """What a refused data call means."""
    code, message = code_and_message(answer)
    if code == "INVALID_FIELD":
        return missing_field(message=message, status=answer.status)
    if answer.status == 401 and is_policy(message):
        return ConfigError(
            "Salesforce does not let this app use its API.",
            next_step="Ask a Salesforce administrator to allow the app in API Access Control.",
            breaks=True,
            code=code,
            status=401,
        )
    if answer.status == 401:
        return from_rule(TOKEN_RULES["invalid_grant"], code=code, answer=answer)
    if answer.status == 410:
        return ConfigError(
            "Salesforce has retired the API version in use.",
            next_step="Connect again to take a newer one.",
            code=code,
            status=410,
        )
    if 300 <= answer.status < 400:
        return ConfigError(
            "The Salesforce org has moved to another address.",
            next_step=RECONNECT,
            code="MOVED",
            status=answer.status,
        )
    if code == "REQUEST_LIMIT_EXCEEDED" and message.startswith("Concurrent"):
        return from_rule(TOO_MANY_AT_ONCE, code=code, answer=answer)
    rule = DATA_RULES.get(code)
    if rule is not None:
        return from_rule(rule, code=code, answer=answer)
    if answer.status >= 500 or answer.status in (406, 408, 420, 429):
        return from_rule(
            Rule(
                sentence=f"Salesforce is not answering properly at the moment ({answer.status}).",
                next_step=LATER,
                kind=ErrorKind.TRANSIENT,
            ),
            code=code,
            answer=answer,
        )
    return ConfigError(
        f"Salesforce refused a request ({answer.status} {code}).".replace(" )", ")"),
        next_step="Tell Fincelo's operators: the run's details hold the code.",
        code=code,
        status=answer.status,
    )


def token_error(answer: Answer) -> SyncError:
    """What a refusal of the token endpoint means. Unknown codes never crash."""
    code, description = code_and_message(answer)
    if answer.status >= 500 or answer.status == 429 or code in PASSING_TOKEN_CODES or not code:
        return TransientError(
            "Salesforce's sign-in service is not answering properly at the moment.",
            next_step=LATER,
            code=code,
            status=answer.status,
            retry_after=retry_after(answer.headers),
        )
    return from_rule(token_rule(code=code, description=description), code=code, answer=answer)


def token_rule(*, code: str, description: str) -> Rule:
    known = TOKEN_RULES.get((code, description.strip().lower())) or TOKEN_RULES.get(code)
    return known or Rule(
        sentence="Salesforce refused the authorisation for a reason that Fincelo does not know.",
        next_step=f"Ask a Salesforce administrator about the error {code[:60]!r}.",
    )


def from_rule(rule: Rule, *, code: str, answer: Answer) -> SyncError:
    if rule.kind is ErrorKind.TRANSIENT:
        told = retry_after(answer.headers)
        return TransientError(
            rule.sentence,
            next_step=rule.next_step,
            code=code,
            status=answer.status,
            retry_after=told or rule.wait,
            grows=told is None,
        )
    return ConfigError(
        rule.sentence, next_step=rule.next_step, breaks=rule.breaks, code=code, status=answer.status
    )


def missing_field(*, message: str, status: int) -> ConfigError:
    column = MISSING_FIELD.search(message)
    relation = MISSING_RELATION.search(message)
    name = column[1] if column else relation[1] if relation else ""
    return ConfigError(
        f"{name or 'A mapped field'} is not in Salesforce, or the connected user may not see it.",
        next_step="Give the user read access to it, or choose another field in Field Mapping.",
        code="INVALID_FIELD",
        status=status,
        subject=name,
    )


def is_policy(message: str) -> bool:
    """A 401 that a new token does not cure."""
    return any(text in message.lower() for text in NOT_ALLOWED_SESSIONS)
