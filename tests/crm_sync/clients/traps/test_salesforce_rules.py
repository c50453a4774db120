"""Salesforce reference 5.1 and 5.4 to 5.7, with the rows of 5.3 that need more than a refusal.

5.2, the usage header, is tests/crm_sync/connections/test_pacing.py; 410 and QUERY_TIMEOUT are tests/crm_sync/importing/test_walks.py.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django_q.models import OrmQ

from crm_sync import tasks
from crm_sync.clients import http
from crm_sync.clients.salesforce.oauth import is_salesforce_origin
from crm_sync.connections import authorising, watch
from crm_sync.errors import LeaseHeld
from crm_sync.models import Alert, Connection, SyncRun
from crm_sync.runs import UnableToSync
from demo.http_server import Request, Response, Server
from demo.salesforce.app import build_app
from demo.salesforce.org import Org
from tests.crm_sync.clients.traps.salesforce_seen import (
    DEALS,
    LATER,
    RECONNECT,
    Seen,
    assert_nothing_lost,
    calls,
    degraded,
    passing,
    seen,
    sold_twice,
)
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell

QUERY = ("GET", "/services/data/v66.0/queryAll/")


@pytest.fixture
def other_host(org: Org, settings: Any) -> Iterator[Server]:
    """Where the org has moved to."""
    with Server(build_app(org)) as server:
        settings.CRM_TRUSTED_ORIGINS = [*settings.CRM_TRUSTED_ORIGINS, server.url]
        yield server


def test_rule_5_1_a_poll_with_nothing_new_costs_one_call(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    """288 a day, of at least 15,000."""
    sell(org)
    run(salesforce)
    salesforce_server.reset_requests()

    quiet = run(salesforce)

    assert (quiet.state, quiet.api_calls, salesforce_server.requests) == ("done", 1, [QUERY])


@pytest.mark.parametrize(
    ("message", "times", "expected"),
    [
        ("No such column 'Amount' on entity 'Opportunity'.", 1, ("done", 0, 1)),
        ("Didn't understand relationship 'Owner' in field path.", 1, ("done", 1, 0)),
        ("worded in another way", None, ("failed", 0, 0)),
    ],
    ids=["a column", "a relationship that may be missing", "nobody can tell what"],
)
def test_row_of_5_3_400_invalid_field(
    salesforce: Connection,
    org: Org,
    salesforce_server: Server,
    run: Run,
    message: str,
    times: int | None,
    expected: tuple[str, int, int],
) -> None:
    """What is missing is left out and told; a deal that needs it is held."""
    sold_twice(org=org, connection=salesforce, run=run)
    text = json.dumps([{"message": f"\nSELECT\n ^\nERROR at Row:1\n{message}", "errorCode": "INVALID_FIELD"}])
    salesforce_server.faults.add("body", code=400, text=text, endpoint=DEALS, times=times)

    ended = run(salesforce)

    salesforce.refresh_from_db()
    assert (ended.state, ended.created, ended.held) == expected
    assert salesforce.state == "degraded"


def test_row_of_5_3_400_operation_too_large(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    cursor = sold_twice(org=org, connection=salesforce, run=run)
    salesforce_server.faults.add("refusal", name="operation_too_large", endpoint="FROM Opportunity")

    stopped = run(salesforce)

    assert seen(stopped, salesforce) == passing(f"Salesforce found a query too large. {LATER}")
    assert_nothing_lost(org=org, connection=salesforce, run=run, server=salesforce_server, cursor=cursor)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    ["reset_before_headers", "reset_after_headers", "close_mid_body", "chunk_cut_off", "truncated_gzip"],
)
def test_rule_5_4_a_broken_connection_is_tried_three_times(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, fault: str
) -> None:
    cursor = sold_twice(org=org, connection=salesforce, run=run)
    salesforce_server.faults.add(fault, endpoint=DEALS)
    salesforce_server.reset_requests()

    stopped = run(salesforce)

    assert (stopped.state, stopped.error_kind, salesforce.state) == ("failed", "transient", "connected")
    assert 1 <= calls(salesforce_server, "/query") <= 3
    assert_nothing_lost(org=org, connection=salesforce, run=run, server=salesforce_server, cursor=cursor)


@pytest.mark.slow
def test_rule_5_4_a_silent_server_is_given_up(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = sold_twice(org=org, connection=salesforce, run=run)
    salesforce_server.faults.add("silence", endpoint=DEALS)
    monkeypatch.setattr(http, "READ_SECONDS", 0.2)
    salesforce_server.reset_requests()

    stopped = run(salesforce)

    assert seen(stopped, salesforce) == Seen(
        kind="transient",
        connection="degraded",
        wait=2,
        text=f"127.0.0.1 accepted the call and did not answer within 0.2 seconds. {http.LEFT_ALONE}",
    )
    assert calls(salesforce_server, "/query") == 1
    monkeypatch.undo()
    assert_nothing_lost(org=org, connection=salesforce, run=run, server=salesforce_server, cursor=cursor)


def test_rule_5_4_one_poll_at_a_time(salesforce: Connection, org: Org, run: Run) -> None:
    sell(org)
    refused = []

    def poll_as_well(page: SyncRun) -> None:
        with pytest.raises(LeaseHeld):
            run(salesforce)
        refused.append(page.pk)

    done = run(salesforce, on_page=poll_as_well)

    assert (done.created, refused, SyncRun.objects.count()) == (1, [done.pk], 1)


def test_rule_5_4_after_a_permanent_refusal_nobody_calls(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    """A dead token that is tried on and on fills the customer's login history."""
    cursor = sold_twice(org=org, connection=salesforce, run=run)
    org.revoke_tokens()
    run(salesforce)
    salesforce_server.reset_requests()

    tasks.poll_due()
    tasks.sweep_due()
    tasks.poll(salesforce.pk)
    with pytest.raises(UnableToSync):
        run(salesforce)

    assert (salesforce_server.requests, OrmQ.objects.count()) == ([], 0)
    assert_nothing_lost(org=org, connection=salesforce, run=run, server=salesforce_server, cursor=cursor)


def test_rule_5_4_three_failed_polls_warn(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    run(salesforce)
    salesforce_server.faults.add("status", code=503, retry_after="0", endpoint=DEALS)
    told = []
    for _ in range(3):
        run(salesforce)
        told.append(Alert.objects.count())
        Connection.objects.update(
            last_success_at=F("last_success_at") - timedelta(minutes=5, seconds=1),
            live_since=F("live_since") - timedelta(minutes=5, seconds=1),
            created_at=F("created_at") - timedelta(minutes=5, seconds=1),
        )
        watch.look()

    assert told == [0, 0, 0]
    assert list(Alert.objects.values_list("kind", flat=True)) == ["silent"]


def test_rule_5_5_headers_of_a_request_and_of_a_real_answer(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    """A packed answer with a charset behind its type, and cookies that mean nothing."""
    org.add_won_deals(5)
    requested: list[Request] = []

    def answer(request: Request) -> Response | None:
        requested.append(request)
        if "/query" not in request.path:
            return None
        org.intercept = None
        response = salesforce_server.app(request)
        org.intercept = answer
        response.content_type = "Application/JSON ; charset=utf-8"
        response.headers["Set-Cookie"] = "BrowserId=x; domain=.salesforce.com; path=/; secure"
        return response

    org.intercept = answer
    done = run(salesforce)

    headers = [
        (each.headers["Accept"], "gzip" in each.headers["Accept-Encoding"], each.headers["Authorization"][:7])
        for each in requested
    ]
    assert (done.state, done.created) == ("done", 5)
    assert set(headers) == {("application/json", True, "Bearer ")}


@pytest.mark.parametrize("status", [301, 302, 307])
def test_rule_5_6_an_org_that_moved_is_followed_by_renewing(
    salesforce: Connection, org: Org, salesforce_server: Server, other_host: Server, run: Run, status: int
) -> None:
    """The redirect itself is not: the token would go wherever it points."""
    sold_twice(org=org, connection=salesforce, run=run)
    org.moved_hosts = {f"127.0.0.1:{salesforce_server.port}"}
    org.moved_status = status
    org.instance_url = other_host.url
    salesforce_server.reset_requests()

    done = run(salesforce)

    salesforce.refresh_from_db()
    assert (done.state, done.created, salesforce.instance_url) == ("done", 1, other_host.url)
    assert salesforce_server.requests == [QUERY, ("POST", "/services/oauth2/token")]
    assert other_host.requests[:1] == [QUERY]


@pytest.mark.parametrize("to", ["self", "http", "other_host", "metadata"])
def test_rule_5_6_an_org_that_moved_and_does_not_say_where(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, to: str
) -> None:
    cursor = sold_twice(org=org, connection=salesforce, run=run)
    salesforce_server.faults.add("redirected", to=to, endpoint=DEALS)
    salesforce_server.reset_requests()

    stopped = run(salesforce)

    assert seen(stopped, salesforce) == degraded(
        f"The Salesforce org has moved to another address. {RECONNECT}"
    )
    assert (calls(salesforce_server, "/query"), calls(salesforce_server, "/token")) == (2, 1)
    assert_nothing_lost(org=org, connection=salesforce, run=run, server=salesforce_server, cursor=cursor)


@pytest.mark.parametrize(
    "address",
    ["http://login.salesforce.com", "http://acme.my.salesforce.com", "ftp://acme.my.salesforce.com"],
)
def test_rule_5_7_nothing_but_https(address: str) -> None:
    with pytest.raises(ValueError, match="Enter the address of your org"):
        authorising.login_address(provider="salesforce", choice="my_domain", own_address=address)
    assert not is_salesforce_origin(address)
