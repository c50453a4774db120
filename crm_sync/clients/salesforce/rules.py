"""What each of Salesforce's error codes means, and the next step of the person who can act.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
"""

from dataclasses import dataclass

from crm_sync.errors import ErrorKind

ADMIN = "Ask a Salesforce administrator."
RECONNECT = "Authorise Salesforce again in Settings, CRM Integration."
START_AGAIN = "Press Authorise again."
OURS = "Tell Fincelo's operators: the run's details hold the code."
MINUTE, QUARTER_HOUR, HOUR = 60.0, 900.0, 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    sentence: str
    next_step: str = ADMIN
    kind: ErrorKind = ErrorKind.CONFIG
    breaks: bool = False
    wait: float | None = None
    """Seconds until the next call, for errors that come without a Retry-After."""


def passing(sentence: str, *, next_step: str = "", wait: float | None = None) -> Rule:
    """It heals automatically. Without a next step the next poll is one."""
    return Rule(sentence=sentence, next_step=next_step, kind=ErrorKind.TRANSIENT, wait=wait)


NO_RIGHT = Rule(
    sentence="The connected Salesforce user may not read what Fincelo asks for.",
    next_step="Ask a Salesforce administrator for read access to Opportunity, Account and User.",
)
DATA_RULES = {
    "API_DISABLED_FOR_ORG": Rule(
        sentence="This edition of Salesforce has no API access.",
        next_step="Ask Salesforce for an edition or add-on with API access.",
    ),
    "API_CURRENTLY_DISABLED": Rule(
        sentence="The connected user has no API access.",
        next_step="Ask a Salesforce administrator to tick API Enabled for that user.",
    ),
    "MALFORMED_QUERY": Rule(sentence="Salesforce could not read a query of Fincelo's.", next_step=OURS),
    "INVALID_QUERY_FILTER_OPERATOR": Rule(
        sentence="Salesforce does not accept a condition in a query of Fincelo's.", next_step=OURS
    ),
    "INVALID_TYPE": Rule(
        sentence="The connected user may not read an object that Fincelo needs.",
        next_step="Give the user read access to Opportunity, Account and User.",
    ),
    "INSUFFICIENT_ACCESS": NO_RIGHT,
    "INSUFFICIENT_ACCESS_OR_READONLY": NO_RIGHT,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": NO_RIGHT,
    "FUNCTIONALITY_NOT_ENABLED": Rule(
        sentence="This Salesforce org has a feature switched off that Fincelo needs.",
        next_step="Ask a Salesforce administrator to switch it on.",
    ),
    "TXN_SECURITY_METERING_ERROR": Rule(
        sentence="A transaction security policy of this Salesforce org stopped the call.",
        next_step="Ask a Salesforce administrator to except the connected user from that policy.",
    ),
    "REQUEST_LIMIT_EXCEEDED": passing(
        "Salesforce's API limit is used up.",
        next_step="Fincelo tries again in fifteen minutes, and then less often.",
        wait=QUARTER_HOUR,
    ),
    "QUERY_TIMEOUT": passing("Salesforce gave up on a query that ran too long."),
    "OPERATION_TOO_LARGE": passing("Salesforce found a query too large."),
    "INVALID_QUERY_LOCATOR": passing(
        "Salesforce no longer knows the next page of a query.",
        next_step="The next poll continues from the last page that was stored.",
    ),
    "NOT_FOUND": Rule(
        sentence="Salesforce does not know the address that was asked.",
        next_step="Ask a Salesforce administrator whether the connected user may read Opportunity.",
    ),
    "URL_NOT_RESET": Rule(sentence="A data call went to the login address.", next_step=RECONNECT),
}
TOO_MANY_AT_ONCE = passing("Salesforce is working on too many requests of this org at once.", wait=MINUTE)
DECLINED = passing("Salesforce turns calls away that come too fast.", wait=MINUTE)
TOO_LONG = Rule(
    sentence="Salesforce finds a request of Fincelo's too long.",
    next_step="Map fewer fields, and tell Fincelo's operators.",
)
NOT_FOR_REST = Rule(
    sentence="Salesforce does not let this app use its API.",
    next_step="Ask a Salesforce administrator to allow the app in API Access Control.",
    breaks=True,
)
NOT_FOR_AGENT = Rule(
    sentence="Salesforce ties this app to an agent, and lets it do nothing else.",
    next_step="Ask a Salesforce administrator for an app that is not attached to an agent.",
    breaks=True,
)
STATUS_RULES = {
    401: passing("Salesforce refused a call although it had just renewed the session."),
    409: Rule(sentence="Salesforce found two calls of Fincelo's at odds with each other.", next_step=OURS),
    410: Rule(
        sentence="Salesforce has retired the API version in use.",
        next_step="Connect again to take a newer one.",
    ),
    413: TOO_LONG,
    414: TOO_LONG,
    420: passing(
        "Salesforce is still setting up the address of this org.",
        next_step="The next poll tries again. After days of this, authorise again: the address has changed.",
    ),
    429: passing("Salesforce asks for fewer calls.", wait=MINUTE),
    431: TOO_LONG,
}
"""For answers whose code says nothing more. 3xx, 5xx and the unheard-of are worded by their status."""

BLOCKED = Rule(
    sentence="A Salesforce administrator has blocked the app.",
    next_step="Have it unblocked under Connected Apps OAuth Usage, then authorise again.",
    breaks=True,
)
DENIED = Rule(
    sentence="Access was denied in Salesforce.", next_step="Press Authorise again and choose Allow."
)
UNDER_WAY = passing("Another request was renewing this connection at the same moment.")
OUTAGE = passing("Salesforce's sign-in service is not answering properly at the moment.")
SLOWER = passing("Salesforce's sign-in service asks for fewer calls.", wait=QUARTER_HOUR)
WRONG_PROOF = Rule(sentence="Salesforce's proof key check failed.", next_step=START_AGAIN)
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
    ("invalid_grant", "ip restricted"): passing(
        "Salesforce refuses the address of this server.",
        next_step="Ask a Salesforce administrator to allow it or to relax the app's IP policy. "
        "Fincelo keeps trying, less and less often.",
        wait=HOUR,
    ),
    ("invalid_grant", "ip restricted or invalid login hours"): passing(
        "Salesforce refuses the address of this server, or this hour of the day.",
        next_step="Ask a Salesforce administrator about login IP ranges and login hours. "
        "Fincelo keeps trying, less and less often.",
        wait=HOUR,
    ),
    ("invalid_grant", "expired authorization code"): Rule(
        sentence="Salesforce's answer was more than 15 minutes old or was used before.",
        next_step=START_AGAIN,
    ),
    ("invalid_grant", "invalid authorization code"): Rule(
        sentence="Salesforce did not accept its own answer code.", next_step=START_AGAIN
    ),
    ("invalid_grant", "invalid code verifier"): WRONG_PROOF,
    ("invalid_grant", "authentication failure"): Rule(
        sentence="Salesforce did not accept the sign-in.", next_step=RECONNECT, breaks=True
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
    ("invalid_grant", "token request is already being processed"): UNDER_WAY,
    ("invalid_grant", "login rate exceeded"): passing(
        "The Salesforce user logs in too often.",
        next_step="Fincelo tries again in fifteen minutes, and then less often. "
        "If it continues, give Fincelo a user of its own.",
        wait=QUARTER_HOUR,
    ),
    ("invalid_grant", "request not supported on this domain"): Rule(
        sentence="This org does not accept the general login address.",
        next_step="Choose My Domain and enter the org's own address.",
    ),
    ("invalid_request", "invalid code verifier"): WRONG_PROOF,
    ("invalid_request", "scope parameter not supported"): Rule(
        sentence="Fincelo named scopes where Salesforce takes none.", next_step=OURS
    ),
    "invalid_grant": Rule(sentence="Salesforce refused the authorisation.", next_step=RECONNECT, breaks=True),
    "invalid_request": Rule(
        sentence="Salesforce could not read Fincelo's request for access.", next_step=OURS
    ),
    "unsupported_grant_type": Rule(
        sentence="Salesforce does not know the way in which Fincelo asks for access.", next_step=OURS
    ),
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
    "invalid_app_access": Rule(
        sentence="This Salesforce user may not use the app.",
        next_step="Ask a Salesforce administrator to add the user's profile to the app.",
        breaks=True,
    ),
    "app_not_found": Rule(
        sentence="The app is not installed in this Salesforce org.",
        next_step="Use an app that was made in this org, or have it installed there.",
        breaks=True,
    ),
    "app_blocked": BLOCKED,
    "fail_close_app_blocked": BLOCKED,
    "oauth_flow_disabled": Rule(
        sentence="Salesforce has this way of signing in switched off.",
        next_step="Ask a Salesforce administrator to allow it in OAuth and OpenID Connect Settings.",
        breaks=True,
    ),
    "rate_limit_exceeded": SLOWER,
    "slow_down": SLOWER,
    "server_error": OUTAGE,
    "service_unavailable": OUTAGE,
    "system_down": OUTAGE,
    "unknown_error": OUTAGE,
    "access_denied": DENIED,
    "access-denied": DENIED,
    "oauth_app_access_denied": Rule(
        sentence="This Salesforce user may not use the app.",
        next_step="Have the user's profile or permission set added under the app's policies.",
    ),
    "immediate_unsuccessful": Rule(sentence="Salesforce needs you to sign in.", next_step=START_AGAIN),
}
"""By code and description in lower case, or by the code alone."""
