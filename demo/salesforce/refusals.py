"""The refusals of Salesforce by name: status, code and message, or the two words of OAuth."""

from demo.http_server import Response, html_response
from demo.salesforce.answers import rest_error

REST_REFUSALS = {
    "session_expired": (401, "INVALID_SESSION_ID", "Session expired or invalid"),
    "not_for_rest": (401, "INVALID_SESSION_ID", "This session is not valid for use with the REST API"),
    "not_attached_to_agent": (401, "INVALID_SESSION_ID", "Connected app is not attached to Agent"),
    "request_limit": (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    "concurrent_requests": (
        403,
        "REQUEST_LIMIT_EXCEEDED",
        "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
    ),
    "concurrent_long_requests": (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded"),
    "api_disabled_for_org": (
        403,
        "API_DISABLED_FOR_ORG",
        "The REST API is not enabled for this Organization.",
    ),
    "api_disabled_for_user": (403, "API_CURRENTLY_DISABLED", "API is disabled for this User"),
    "metering": (403, "TXN_SECURITY_METERING_ERROR", "The action was refused by a transaction policy."),
    "insufficient_access": (403, "INSUFFICIENT_ACCESS", "insufficient access rights on entity"),
    "insufficient_access_or_readonly": (
        403,
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "insufficient access rights on object id",
    ),
    "not_enabled": (403, "FUNCTIONALITY_NOT_ENABLED", "This feature is not enabled."),
    "not_found": (404, "NOT_FOUND", "The requested resource does not exist"),
    "malformed_query": (400, "MALFORMED_QUERY", "unexpected token: 'FROM'"),
    "filter_operator": (400, "INVALID_QUERY_FILTER_OPERATOR", "invalid operator for field Id"),
    "query_locator": (400, "INVALID_QUERY_LOCATOR", "invalid query locator"),
    "query_locator_404": (404, "INVALID_QUERY_LOCATOR", "invalid query locator"),
    "query_timeout": (400, "QUERY_TIMEOUT", "Your query request was running for too long."),
    "operation_too_large": (400, "OPERATION_TOO_LARGE", "exceeded 100000 distinct who/what's"),
    "url_not_reset": (
        400,
        "URL_NOT_RESET",
        "Destination URL not reset. The URL returned from login must be set",
    ),
    "not_acceptable": (406, "NOT_ACCEPTABLE", "Not acceptable"),
    "version_mismatch": (409, "API_ERROR", "The job was made with another API version"),
    "gone": (410, "GONE", "The requested API version has been retired"),
    "unknown_exception": (
        500,
        "UNKNOWN_EXCEPTION",
        "An unexpected error occurred. Please include this ErrorId if you contact support: 1-2 (3)",
    ),
    "server_unavailable": (
        503,
        "SERVER_UNAVAILABLE",
        "The server is currently busy. Please try again later.",
    ),
}
GRANT_REFUSALS = {
    "expired_refresh_token": ("invalid_grant", "expired access/refresh token"),
    "token_validity_expired": ("invalid_grant", "token validity expired"),
    "inactive_user": ("invalid_grant", "inactive user"),
    "inactive_user_code": ("inactive_user", "user is inactive"),
    "inactive_org": ("inactive_org", "organization is inactive"),
    "expired_code": ("invalid_grant", "expired authorization code"),
    "invalid_code": ("invalid_grant", "invalid authorization code"),
    "invalid_verifier": ("invalid_grant", "invalid code verifier"),
    "ip_restricted": ("invalid_grant", "ip restricted"),
    "ip_or_hours": ("invalid_grant", "IP restricted or invalid login hours"),
    "authentication_failure": ("invalid_grant", "authentication failure"),
    "not_approved": ("invalid_grant", "user hasn't approved this consumer"),
    "no_scopes": ("invalid_grant", "no valid scopes defined"),
    "being_processed": ("invalid_grant", "token request is already being processed"),
    "login_rate": ("invalid_grant", "login rate exceeded"),
    "wrong_domain": ("invalid_grant", "request not supported on this domain"),
    "invalid_client_id": ("invalid_client_id", "client identifier invalid"),
    "invalid_client": ("invalid_client", "invalid client credentials"),
    "redirect_uri_mismatch": ("redirect_uri_mismatch", "redirect_uri must match configuration"),
    "missing_parameter": ("invalid_request", "missing required parameter: refresh_token"),
    "scope_parameter": ("invalid_request", "scope parameter not supported"),
    "unsupported_grant_type": ("unsupported_grant_type", "grant type not supported"),
    "invalid_scope": ("invalid_scope", "the requested scope is not allowed"),
    "app_access": ("invalid_app_access", "user is not admin approved to access this app"),
    "app_not_found": ("app_not_found", "external client app is not installed in this org"),
    "app_blocked": ("app_blocked", "this app is blocked by admin"),
    "app_blocked_fail_close": ("fail_close_app_blocked", "this app is blocked"),
    "flow_disabled": ("oauth_flow_disabled", "this flow is not enabled"),
    "rate_limit": ("rate_limit_exceeded", "too many requests"),
    "slow_down": ("slow_down", "polling too fast"),
    "server_error": ("server_error", "server error"),
    "service_unavailable": ("service_unavailable", "service unavailable"),
    "system_down": ("system_down", "system is down"),
    "unknown_error": ("unknown_error", "unknown error"),
    "unheard_of": ("an_error_of_next_year", "nobody has heard of this"),
}


def refused(name: str) -> Response:
    status, code, message = REST_REFUSALS[name]
    return rest_error(code, message, status=status)


def uri_too_long() -> Response:
    return html_response("<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>", status=414)


def body_too_long() -> Response:
    return html_response("<h1>413 Request Entity Too Large</h1>", status=413)


def headers_too_long() -> Response:
    text = "<h1>Bad Message 431</h1><pre>reason: Request Header Fields Too Large</pre>"
    return html_response(text, status=431)
