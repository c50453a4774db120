import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from demo.http_server import Server
from demo.salesforce.app import build_app
from demo.salesforce.org import Org
from demo.salesforce.refusals import REST_REFUSALS
from tests.demo.salesforce.visitor import Client, StoppedClock

LIMITS = "/services/data/v66.0/limits"
QUERY = "/services/data/v66.0/query"


def refusal(name: str) -> tuple[int, list[dict[str, str]]]:
    status, code, message = REST_REFUSALS[name]
    return status, [{"message": message, "errorCode": code}]


def answer(response: requests.Response) -> tuple[int, Any]:
    return response.status_code, response.json()


def test_daily_limit_is_enforced_and_still_told(connected: Client, org: Org) -> None:
    org.api_limit, org.api_used = 100, 99

    answers = [connected.get(LIMITS) for _ in range(3)]

    assert [each.status_code for each in answers] == [200, 403, 403]
    assert answer(answers[2]) == (
        403,
        [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}],
    )
    assert answers[2].headers["Sforce-Limit-Info"] == "api-usage=100/100"


def test_daily_limit_rolls_on(connected: Client, org: Org, clock: StoppedClock) -> None:
    org.api_limit, org.api_used = 100, 60
    clock.forward(hours=12)
    org.count_calls(40)
    connected.token = org.connect().access_token
    full = connected.get(LIMITS).status_code

    clock.forward(hours=12)
    connected.token = org.connect().access_token
    response = connected.get(LIMITS)

    assert (full, response.status_code, org.api_used) == (403, 200, 41)


def test_versions_and_tokens_do_not_count(connected: Client, org: Org) -> None:
    refresh_token = org.connect().refresh_token

    connected.get("/services/data/")
    connected.refresh(refresh_token)
    connected.get(f"/id/{org.org_id}/{org.admin_id}")

    assert org.api_used == 0


def test_long_requests_are_limited_in_number(connected: Client, org: Org) -> None:
    org.query_seconds, org.long_request_seconds, org.long_request_limit = 0.4, 0.1, 2
    long_ones = [
        threading.Thread(target=connected.query, args=["SELECT Id FROM Opportunity"]) for _ in range(2)
    ]
    before = connected.get(LIMITS).status_code
    for each in long_ones:
        each.start()
    while org.running.longer_than(0.1) < 2:
        pass

    during = answer(connected.get(LIMITS))
    for each in long_ones:
        each.join()

    assert (before, during, connected.get(LIMITS).status_code) == (200, refusal("concurrent_requests"), 200)


def test_query_times_out_until_it_is_narrowed(connected: Client, org: Org) -> None:
    org.add_won_deals(5)
    org.query_timeout_rows = 3

    wide = answer(connected.get(QUERY, q="SELECT Id FROM Opportunity"))
    narrow = connected.get(QUERY, q="SELECT Id FROM Opportunity LIMIT 3").status_code
    count = connected.get(QUERY, q="SELECT COUNT() FROM Opportunity").status_code

    assert (wide, narrow, count) == (refusal("query_timeout"), 200, 200)


@pytest.mark.parametrize(
    "name", ["not_for_rest", "not_attached_to_agent", "api_disabled_for_org", "api_disabled_for_user"]
)
def test_policy_refuses_data_and_nothing_else(connected: Client, org: Org, name: str) -> None:
    org.refuse_data_with = name

    data = answer(connected.get(QUERY, q="SELECT Id FROM Opportunity"))
    others = [
        connected.get(path).status_code for path in ("/services/data/", f"/id/{org.org_id}/{org.admin_id}")
    ]

    assert (data, others) == (refusal(name), [200, 200])


@pytest.fixture
def old_host(org: Org) -> Iterator[Server]:
    with Server(build_app(org)) as server:
        yield server


@pytest.mark.parametrize("status", [301, 302, 307])
def test_moved_host_redirects_data_and_still_gives_tokens(
    server: Server, old_host: Server, org: Org, status: int
) -> None:
    issued = org.connect()
    org.instance_url = server.url
    org.moved_hosts, org.moved_status = {f"{old_host.host}:{old_host.port}"}, status
    old, new = (Client(url=each.url, org=org, token=issued.access_token) for each in (old_host, server))

    moved = old.get(QUERY, q="SELECT Id FROM Opportunity")
    token = old.refresh(issued.refresh_token).json()

    assert (moved.status_code, moved.headers["Location"], moved.content) == (
        status,
        f"{server.url}{QUERY}?q=SELECT+Id+FROM+Opportunity",
        b"",
    )
    assert token["instance_url"] == server.url
    assert new.get(QUERY, q="SELECT Id FROM Opportunity").status_code == 200


def test_login_host_serves_no_data(connected: Client, server: Server, org: Org) -> None:
    org.login_hosts = {f"{server.host}:{server.port}"}

    assert answer(connected.get(LIMITS)) == refusal("url_not_reset")
    assert connected.refresh(org.connect().refresh_token).status_code == 200


def test_headers_and_uri_together_are_limited(connected: Client) -> None:
    response = connected.get(LIMITS, headers={"X-Long": "x" * 16_300})

    assert (response.status_code, response.text) == (
        431,
        "<h1>Bad Message 431</h1><pre>reason: Request Header Fields Too Large</pre>",
    )
