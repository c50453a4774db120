"""Salesforce reference 5.3: what people see when a data call is refused, and that nothing is lost."""

import json
from collections.abc import Mapping

import pytest

from crm_sync.models import Connection
from demo.http_server import Server, text_response
from demo.salesforce.org import Org
from tests.crm_sync.clients.traps.salesforce_seen import (
    DEALS,
    LATER,
    OPERATORS,
    RECONNECT,
    Seen,
    assert_nothing_lost,
    broken,
    calls,
    degraded,
    passing,
    seen,
    sold_twice,
    waiting,
)
from tests.crm_sync.conftest import Run

READ_ACCESS = "Ask a Salesforce administrator for read access to Opportunity, Account and User."
NO_RIGHT = f"The connected Salesforce user may not read what Fincelo asks for. {READ_ACCESS}"
TOO_LONG = "Salesforce finds a request of Fincelo's too long. Map fewer fields, and tell Fincelo's operators."
FRESH = f"Salesforce refused a call although it had just renewed the session. {LATER}"
TOO_MANY = f"Salesforce is working on too many requests of this org at once. {LATER}"

ONCE: Mapping[str, tuple[str, Seen]] = {
    "400 MALFORMED_QUERY": (
        "malformed_query",
        degraded(f"Salesforce could not read a query of Fincelo's. {OPERATORS}"),
    ),
    "400 INVALID_QUERY_FILTER_OPERATOR": (
        "filter_operator",
        degraded(f"Salesforce does not accept a condition in a query of Fincelo's. {OPERATORS}"),
    ),
    "400 URL_NOT_RESET": (
        "url_not_reset",
        degraded(f"A data call went to the login address. {RECONNECT}"),
    ),
    "400 plain text, Access Declined": (
        "access_declined",
        waiting(f"Salesforce turns calls away that come too fast. {LATER}", minutes=1),
    ),
    "401 not valid for use with the REST API": (
        "not_for_rest",
        broken(
            "Salesforce does not let this app use its API. "
            "Ask a Salesforce administrator to allow the app in API Access Control."
        ),
    ),
    "401 not attached to Agent": (
        "not_attached_to_agent",
        broken(
            "Salesforce ties this app to an agent, and lets it do nothing else. "
            "Ask a Salesforce administrator for an app that is not attached to an agent."
        ),
    ),
    "403 REQUEST_LIMIT_EXCEEDED, TotalRequests": (
        "request_limit",
        waiting(
            "Salesforce's API limit is used up. Fincelo tries again in fifteen minutes, and then less often.",
            minutes=15,
        ),
    ),
    "403 REQUEST_LIMIT_EXCEEDED, ConcurrentRequests": (
        "concurrent_requests",
        waiting(TOO_MANY, minutes=1),
    ),
    "403 REQUEST_LIMIT_EXCEEDED, ConcurrentPerOrgLongTxn": (
        "concurrent_long_requests",
        waiting(TOO_MANY, minutes=1),
    ),
    "403 API_DISABLED_FOR_ORG": (
        "api_disabled_for_org",
        degraded(
            "This edition of Salesforce has no API access. "
            "Ask Salesforce for an edition or add-on with API access."
        ),
    ),
    "403 API_CURRENTLY_DISABLED": (
        "api_disabled_for_user",
        degraded(
            "The connected user has no API access. "
            "Ask a Salesforce administrator to tick API Enabled for that user."
        ),
    ),
    "403 TXN_SECURITY_METERING_ERROR": (
        "metering",
        degraded(
            "A transaction security policy of this Salesforce org stopped the call. "
            "Ask a Salesforce administrator to except the connected user from that policy."
        ),
    ),
    "403 INSUFFICIENT_ACCESS": ("insufficient_access", degraded(NO_RIGHT)),
    "403 INSUFFICIENT_ACCESS_OR_READONLY": ("insufficient_access_or_readonly", degraded(NO_RIGHT)),
    "403 FUNCTIONALITY_NOT_ENABLED": (
        "not_enabled",
        degraded(
            "This Salesforce org has a feature switched off that Fincelo needs. "
            "Ask a Salesforce administrator to switch it on."
        ),
    ),
    "404 NOT_FOUND": (
        "not_found",
        degraded(
            "Salesforce does not know the address that was asked. "
            "Ask a Salesforce administrator whether the connected user may read Opportunity."
        ),
    ),
    "409": (
        "version_mismatch",
        degraded(f"Salesforce found two calls of Fincelo's at odds with each other. {OPERATORS}"),
    ),
    "413 HTML": ("body_too_long", degraded(TOO_LONG)),
    "414 HTML": ("uri_too_long", degraded(TOO_LONG)),
    "431 HTML": ("headers_too_long", degraded(TOO_LONG)),
}
"""Refusals that are asked for once: another call in the same minute would meet the same."""


@pytest.mark.parametrize("row", ONCE)
def test_row_of_5_3(salesforce: Connection, org: Org, salesforce_server: Server, run: Run, row: str) -> None:
    name, expected = ONCE[row]
    cursor = sold_twice(org=org, connection=salesforce, run=run)
    salesforce_server.faults.add("refusal", name=name, endpoint=DEALS)
    salesforce_server.reset_requests()

    stopped = run(salesforce)

    assert seen(stopped, salesforce) == expected
    assert (calls(salesforce_server, "/query"), calls(salesforce_server, "/token")) == (1, 0)
    assert_nothing_lost(org=org, connection=salesforce, run=run, server=salesforce_server, cursor=cursor)


def test_row_of_5_3_400_url_not_reset_of_a_host_that_only_signs_people_in(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    cursor = sold_twice(org=org, connection=salesforce, run=run)
    org.login_hosts = {f"127.0.0.1:{salesforce_server.port}"}

    stopped = run(salesforce)

    assert seen(stopped, salesforce).connection == "degraded"
    org.login_hosts = set()
    assert_nothing_lost(org=org, connection=salesforce, run=run, server=salesforce_server, cursor=cursor)


def test_row_of_5_3_400_invalid_type(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    """The user has lost the right to read deals."""
    cursor = sold_twice(org=org, connection=salesforce, run=run)
    org.hide_object("Opportunity")

    stopped = run(salesforce)

    assert seen(stopped, salesforce) == degraded(
        "The connected user may not read an object that Fincelo needs. "
        "Give the user read access to Opportunity, Account and User."
    )
    org.show_object("Opportunity")
    assert_nothing_lost(org=org, connection=salesforce, run=run, server=salesforce_server, cursor=cursor)


def test_row_of_5_3_401_session_expired(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    """Refreshed once, asked again once."""
    sold_twice(org=org, connection=salesforce, run=run)
    org.expire_access_tokens()
    salesforce_server.reset_requests()

    done = run(salesforce)

    assert (done.state, done.created, salesforce.state) == ("done", 1, "connected")
    assert salesforce_server.requests[:3] == [
        ("GET", "/services/data/v66.0/queryAll/"),
        ("POST", "/services/oauth2/token"),
        ("GET", "/services/data/v66.0/queryAll/"),
    ]
    assert calls(salesforce_server, "/token") == 1


def test_row_of_5_3_401_session_expired_whatever_is_done(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    """A fresh token is refused as well: no loop."""
    cursor = sold_twice(org=org, connection=salesforce, run=run)
    salesforce_server.faults.add("refusal", name="session_expired", endpoint=DEALS)
    salesforce_server.reset_requests()

    stopped = run(salesforce)

    assert seen(stopped, salesforce) == passing(FRESH)
    assert (calls(salesforce_server, "/query"), calls(salesforce_server, "/token")) == (2, 1)
    assert_nothing_lost(org=org, connection=salesforce, run=run, server=salesforce_server, cursor=cursor)


@pytest.mark.parametrize("name", ["query_locator", "query_locator_404"], ids=["400", "404"])
def test_row_of_5_3_invalid_query_locator(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, name: str
) -> None:
    """What the pages before brought is stored; the query starts again."""
    org.max_page_size = 10
    org.add_won_deals(25)
    salesforce_server.faults.add("refusal", name=name, endpoint=r"query/0r8", nth=2, times=1)

    runs = [run(salesforce), run(salesforce)]

    assert runs[-1].state == "done"
    assert sum(each.created for each in runs) == 25
    assert {each.state for each in runs} <= {"done", "failed"}
    assert [each.error for each in runs if each.error] in (
        [],
        [
            "Salesforce no longer knows the next page of a query. "
            "The next poll continues from the last page that was stored."
        ],
    )


STATUS = "Salesforce is not answering properly at the moment"
PASSING: Mapping[str, tuple[int, Seen]] = {
    "406": (406, passing(f"{STATUS} (406). {LATER}")),
    "420 HTML": (
        420,
        passing(
            "Salesforce is still setting up the address of this org. The next poll tries again. "
            "After days of this, authorise again: the address has changed."
        ),
    ),
    "429": (429, waiting(f"Salesforce asks for fewer calls. {LATER}", minutes=1)),
    "500 HTML": (500, passing(f"{STATUS} (500). {LATER}")),
    "502": (502, passing(f"{STATUS} (502). {LATER}")),
    "503 HTML": (503, passing(f"{STATUS} (503). {LATER}")),
    "504": (504, passing(f"{STATUS} (504). {LATER}")),
}


@pytest.mark.parametrize("row", PASSING)
def test_row_of_5_3_that_passes(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, row: str
) -> None:
    """Tried three times in one poll, then left to the next. It is asked to come back at once, to be quick."""
    status, expected = PASSING[row]
    cursor = sold_twice(org=org, connection=salesforce, run=run)
    salesforce_server.faults.add("status", code=status, retry_after="0", endpoint=DEALS)
    salesforce_server.reset_requests()

    stopped = run(salesforce)

    assert (seen(stopped, salesforce), calls(salesforce_server, "/query")) == (expected, 3)
    assert_nothing_lost(org=org, connection=salesforce, run=run, server=salesforce_server, cursor=cursor)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("unknown_exception", f"{STATUS} (500, ErrorId 1-2 (3)). {LATER}"),
        ("server_unavailable", f"{STATUS} (503). {LATER}"),
        ("not_acceptable", f"{STATUS} (406). {LATER}"),
        ("being_set_up", PASSING["420 HTML"][1].text),
    ],
    ids=["500 UNKNOWN_EXCEPTION keeps its ErrorId", "503 SERVER_UNAVAILABLE", "406", "420 HTML"],
)
def test_row_of_5_3_that_passes_and_does_not_say_when(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, name: str, text: str
) -> None:
    cursor = sold_twice(org=org, connection=salesforce, run=run)
    salesforce_server.faults.add("refusal", name=name, endpoint=DEALS)

    assert seen(run(salesforce), salesforce) == passing(text)
    assert_nothing_lost(org=org, connection=salesforce, run=run, server=salesforce_server, cursor=cursor)


def test_row_of_5_3_200_html(salesforce: Connection, org: Org, salesforce_server: Server, run: Run) -> None:
    """A login page in place of data is no empty answer."""
    cursor = sold_twice(org=org, connection=salesforce, run=run)
    salesforce_server.faults.add("html_page", endpoint=DEALS)

    stopped = run(salesforce)

    assert seen(stopped, salesforce) == passing(
        "127.0.0.1 answered 200 with text/html instead of JSON. "
        "The next poll tries again. If it continues, check that the address is right."
    )
    assert_nothing_lost(org=org, connection=salesforce, run=run, server=salesforce_server, cursor=cursor)


@pytest.mark.parametrize(
    "text",
    [
        '[{"errorCode":"A_CODE_OF_NEXT_YEAR","message":"No idea."}]',
        '[{"errorCode":"UNABLE_TO_LOCK_ROW","message":"unable to obtain exclusive access"}]',
        "[]",
        "{}",
        "null",
        "7",
        '["text"]',
        '[{"message":null}]',
        '[{"errorCode":["list"],"message":{"a":1}}]',
        json.dumps([{"errorCode": "N\x00UL", "message": "\ud800"}]),
        json.dumps([{"errorCode": "INVALID_FIELD", "message": "No such column '\x00\ud800' on entity 'X'"}]),
        json.dumps([{"errorCode": "x" * 5000}]),
        "<html>",
        "",
    ],
    ids=lambda text: text[:40].encode("ascii", "replace").decode(),
)
@pytest.mark.parametrize("status", [400, 403])
def test_rule_of_5_3_unknown_refusals_crash_nothing(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, status: int, text: str
) -> None:
    cursor = sold_twice(org=org, connection=salesforce, run=run)
    salesforce_server.faults.add("body", code=status, text=text, endpoint=DEALS)

    stopped = run(salesforce)

    found = seen(stopped, salesforce)
    assert (found.run, found.kind, found.connection) == ("failed", "config", "degraded")
    assert len(stopped.error) < 300
    assert_nothing_lost(org=org, connection=salesforce, run=run, server=salesforce_server, cursor=cursor)


def test_row_of_5_3_403_bad_oauth_token(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    """How the identity address words a session that has ended: refreshed once, asked again once."""
    sold_twice(org=org, connection=salesforce, run=run)
    salesforce_server.faults.add("refusal", name="bad_oauth_token", endpoint=DEALS, times=1)
    salesforce_server.reset_requests()

    done = run(salesforce)

    assert (done.state, done.created, calls(salesforce_server, "/token")) == ("done", 1, 1)


def test_row_of_5_3_403_bad_oauth_token_whatever_is_done(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    cursor = sold_twice(org=org, connection=salesforce, run=run)
    org.intercept = lambda request: (
        text_response("Bad_OAuth_Token", status=403) if "/query" in request.path else None
    )

    stopped = run(salesforce)

    assert seen(stopped, salesforce) == passing(FRESH)
    assert_nothing_lost(org=org, connection=salesforce, run=run, server=salesforce_server, cursor=cursor)
