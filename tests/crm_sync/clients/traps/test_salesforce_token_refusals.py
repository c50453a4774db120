"""Salesforce reference 1.9 A: what people see when the token endpoint refuses, and that nothing is lost."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User

from crm_sync.errors import SyncError
from crm_sync.models import Connection
from demo.http_server import Server
from demo.salesforce.org import Org
from demo.salesforce.refusals import GRANT_REFUSALS
from tests.crm_sync.clients.traps.salesforce_seen import (
    LATER,
    OPERATORS,
    RECONNECT,
    TOKEN,
    assert_nothing_lost,
    broken,
    calls,
    connect_again,
    degraded,
    passing,
    seen,
    sold_twice,
    waiting,
)
from tests.crm_sync.conftest import Run
from tests.crm_sync.stored import row_versions

ACTIVE_USER = "Connect again with an active user."
ADD_PROFILE = "Ask a Salesforce administrator to add the user's profile to the app."
AGAIN = "Press Authorise again."
GOES_ON = "Fincelo keeps trying, less and less often."
OUTAGE = "Salesforce's sign-in service is not answering properly at the moment."
SLOWER = f"Salesforce's sign-in service asks for fewer calls. {LATER}"
SCOPES = "Tick the scopes listed on the connect page."
SECRET = (
    "Salesforce does not accept the consumer secret. "
    "Copy the consumer secret again, without spaces around it."
)
UNBLOCK = (
    "A Salesforce administrator has blocked the app. "
    "Have it unblocked under Connected Apps OAuth Usage, then authorise again."
)

RENEWING = {
    "expired_refresh_token": broken(f"Salesforce has revoked or expired this connection. {RECONNECT}"),
    "token_validity_expired": broken(f"The lifetime of this connection in Salesforce is over. {RECONNECT}"),
    "inactive_user": broken(
        f"The Salesforce user behind this connection is deactivated or frozen. {ACTIVE_USER}"
    ),
    "inactive_user_code": broken(f"The Salesforce user behind this connection is deactivated. {ACTIVE_USER}"),
    "inactive_org": broken("The Salesforce org is not active. Ask a Salesforce administrator."),
    "ip_restricted": waiting(
        "Salesforce refuses the address of this server. Ask a Salesforce administrator to allow it or to "
        f"relax the app's IP policy. {GOES_ON}",
        minutes=60,
    ),
    "ip_or_hours": waiting(
        "Salesforce refuses the address of this server, or this hour of the day. "
        f"Ask a Salesforce administrator about login IP ranges and login hours. {GOES_ON}",
        minutes=60,
    ),
    "authentication_failure": broken(f"Salesforce did not accept the sign-in. {RECONNECT}"),
    "not_approved": broken(f"This Salesforce user may not use the app. {ADD_PROFILE}"),
    "no_scopes": degraded(
        "The app in Salesforce has no OAuth scopes. Add the scopes listed on the connect page to the app."
    ),
    "login_rate": waiting(
        "The Salesforce user logs in too often. Fincelo tries again in fifteen minutes, and then less often. "
        "If it continues, give Fincelo a user of its own.",
        minutes=15,
    ),
    "wrong_domain": degraded(
        "This org does not accept the general login address. "
        "Choose My Domain and enter the org's own address."
    ),
    "invalid_client_id": broken(
        "Salesforce does not know this consumer key. Check the key and the login host. "
        "A new app needs about ten minutes before its key works."
    ),
    "invalid_client": broken(SECRET),
    "invalid_client_401": broken(SECRET),
    "missing_parameter": degraded(f"Salesforce could not read Fincelo's request for access. {OPERATORS}"),
    "scope_parameter": degraded(f"Fincelo named scopes where Salesforce takes none. {OPERATORS}"),
    "unsupported_grant_type": degraded(
        f"Salesforce does not know the way in which Fincelo asks for access. {OPERATORS}"
    ),
    "app_access": broken(f"This Salesforce user may not use the app. {ADD_PROFILE}"),
    "app_not_found": broken(
        "The app is not installed in this Salesforce org. "
        "Use an app that was made in this org, or have it installed there."
    ),
    "app_blocked": broken(UNBLOCK),
    "app_blocked_fail_close": broken(UNBLOCK),
    "flow_disabled": broken(
        "Salesforce has this way of signing in switched off. "
        "Ask a Salesforce administrator to allow it in OAuth and OpenID Connect Settings."
    ),
    "rate_limit": waiting(SLOWER, minutes=15),
    "slow_down": waiting(SLOWER, minutes=15),
    "server_error": passing(f"{OUTAGE} {LATER}"),
    "service_unavailable": passing(f"{OUTAGE} {LATER}"),
    "system_down": passing(f"{OUTAGE} {LATER}"),
    "unknown_error": passing(f"{OUTAGE} {LATER}"),
    "unheard_of": degraded(
        "Salesforce refused the authorisation for a reason that Fincelo does not know. "
        "Ask a Salesforce administrator about the error 'an_error_of_next_year'."
    ),
}
"""What a poll shows whose session has run out."""

CONNECTING = {
    "expired_code": f"Salesforce's answer was more than 15 minutes old or was used before. {AGAIN}",
    "invalid_code": f"Salesforce did not accept its own answer code. {AGAIN}",
    "invalid_verifier": f"Salesforce's proof key check failed. {AGAIN}",
    "authentication_failure": f"Salesforce did not accept the sign-in. {RECONNECT}",
    "redirect_uri_mismatch": (
        "The callback URL is not registered in the Salesforce app. "
        "Copy the callback URL from the connect page into the app, character by character."
    ),
    "invalid_scope": f"The app in Salesforce does not allow the scopes that Fincelo asks for. {SCOPES}",
    "invalid_client_id": RENEWING["invalid_client_id"].text,
    "invalid_client": SECRET,
    "ip_restricted": RENEWING["ip_restricted"].text,
    "wrong_domain": RENEWING["wrong_domain"].text,
    "server_error": f"{OUTAGE} {AGAIN}",
    "being_processed": f"Another request was renewing this connection at the same moment. {AGAIN}",
}
"""What a person reads who has just come back from Salesforce."""

EVERY_CODE = (
    "access_denied app_blocked app_not_found authorization_pending bad_jti_claim app_attest_failed "
    "app_attest_failed_retry ecapp_policy_not_found exceeded_registration_limit fail_close_app_blocked "
    "failed_registration immediate_unsuccessful installation_error invalid_app_access "
    "invalid_assertion_type invalid_basic_auth_header invalid_dpop_proof invalid_client invalid_client_id "
    "invalid_distribution_state invalid_expid invalid_grant invalid_otp invalid_request invalid_scope "
    "invalid_session_level invalid_token login_error oauth_flow_disabled oauth_policy_not_found otp_error "
    "redirect_uri_missing redirect_uri_mismatch registration_error server_error service_unavailable "
    "slow_down system_down unknown_error unsupported_expid unsupported_grant_type "
    "unsupported_response_type unsupported_token_type use_dpop_nonce"
)


def row(name: str) -> str:
    return ": ".join(GRANT_REFUSALS.get(name, (name,)))


@pytest.mark.parametrize("name", [pytest.param(name, id=row(name)) for name in RENEWING])
def test_row_of_1_9_a_when_a_session_is_renewed(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, name: str
) -> None:
    cursor = sold_twice(org=org, connection=salesforce, run=run)
    org.expire_access_tokens()
    salesforce_server.faults.add("refusal", name=name, endpoint=TOKEN)
    salesforce_server.reset_requests()

    stopped = run(salesforce)

    assert seen(stopped, salesforce) == RENEWING[name]
    assert calls(salesforce_server, "/token") == 1
    assert_nothing_lost(org=org, connection=salesforce, run=run, server=salesforce_server, cursor=cursor)


@pytest.mark.slow
def test_row_of_1_9_a_token_request_is_already_being_processed(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    """Three more tries, one to three seconds apart."""
    cursor = sold_twice(org=org, connection=salesforce, run=run)
    org.expire_access_tokens()
    salesforce_server.faults.add("refusal", name="being_processed", endpoint=TOKEN)
    salesforce_server.reset_requests()

    stopped = run(salesforce)

    assert seen(stopped, salesforce) == passing(
        f"Another request was renewing this connection at the same moment. {LATER}"
    )
    assert calls(salesforce_server, "/token") == 4
    assert_nothing_lost(org=org, connection=salesforce, run=run, server=salesforce_server, cursor=cursor)


@pytest.mark.parametrize("name", [pytest.param(name, id=row(name)) for name in CONNECTING])
def test_row_of_1_9_a_when_a_person_connects(
    salesforce: Connection, org: Org, salesforce_server: Server, finance: User, name: str
) -> None:
    """The connection that was there continues as it was."""
    before = row_versions()
    salesforce_server.faults.add("refusal", name=name, endpoint=TOKEN)
    salesforce_server.reset_requests()

    with pytest.raises(SyncError) as refusal:
        connect_again(org=org, connection=salesforce)

    assert (str(refusal.value), calls(salesforce_server, "/token")) == (CONNECTING[name], 1)
    assert row_versions() == before


@pytest.mark.parametrize(
    ("error", "description", "sentence"),
    [
        ("invalid_grant", "Inactive user.", "deactivated or frozen"),
        ("INVALID_GRANT", "  inactive   USER ", "deactivated or frozen"),
        ("invalid_grant", "user hasn\u2019t approved this consumer", "may not use the app"),
        ("invalid_grant", None, "Salesforce refused the authorisation."),
        ("invalid_grant", ["a", {"b": 1}], "Salesforce refused the authorisation."),
        ("invalid_grant", "worded again", "Salesforce refused the authorisation."),
    ],
    ids=["a full stop", "capitals and blanks", "an apostrophe", "nothing", "no text", "another text"],
)
def test_rule_of_1_9_a_wordings_change_over_the_years(
    salesforce: Connection,
    org: Org,
    salesforce_server: Server,
    run: Run,
    error: str,
    description: Any,
    sentence: str,
) -> None:
    org.expire_access_tokens()
    text = json.dumps({"error": error, "error_description": description})
    salesforce_server.faults.add("body", endpoint=TOKEN, code=400, text=text)

    found = seen(run(salesforce), salesforce)

    assert (found.connection, sentence in found.text) == ("broken", True)


def test_rule_of_1_9_a_no_error_value_crashes_the_client(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    sold_twice(org=org, connection=salesforce, run=run)
    strange = ["", "\x00", "\ud800", "x" * 5000, "<script>alert(1)</script>", None, 7, ["invalid_grant"], {}]
    crashed = []
    for code in [*EVERY_CODE.split(), *strange]:
        Connection.objects.update(state="connected", not_before=None)
        org.expire_access_tokens()
        salesforce_server.faults.clear()
        salesforce_server.faults.add("body", endpoint=TOKEN, code=400, text=json.dumps({"error": code}))
        stopped = run(salesforce)
        if stopped.state != "failed" or len(stopped.error) > 300:
            crashed.append((code, stopped.state, stopped.error))

    assert crashed == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"behaviour": "html_page"}, "127.0.0.1 answered 200 with text/html instead of JSON."),
        ({"behaviour": "status", "code": 503}, OUTAGE),
        ({"behaviour": "status", "code": 404}, OUTAGE),
        ({"behaviour": "status", "code": 429}, "Salesforce's sign-in service asks for fewer calls."),
        ({"behaviour": "redirected"}, "The login address of this Salesforce org has changed."),
    ],
    ids=["a page with 200", "503", "404", "429", "a redirect"],
)
def test_answer_of_the_token_endpoint_that_is_no_json_breaks_nothing(
    salesforce: Connection,
    org: Org,
    salesforce_server: Server,
    run: Run,
    fault: dict[str, Any],
    expected: str,
) -> None:
    cursor = sold_twice(org=org, connection=salesforce, run=run)
    org.expire_access_tokens()
    salesforce_server.faults.add(endpoint=TOKEN, **fault)

    stopped = run(salesforce)

    assert stopped.error.startswith(expected)
    assert seen(stopped, salesforce).connection in ("connected", "degraded")
    assert_nothing_lost(org=org, connection=salesforce, run=run, server=salesforce_server, cursor=cursor)
