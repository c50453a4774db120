"""The fault switch in front of the simulated org."""

import pytest
import requests

from demo.http_server import Server
from demo.salesforce.faults import ENDPOINTS
from demo.salesforce.org import Org
from demo.salesforce.refusals import GRANT_REFUSALS, REST_REFUSALS
from tests.demo.salesforce.visitor import Client

SOQL = "SELECT Name FROM Opportunity ORDER BY SystemModstamp, Id"
LATER_PAGES = ENDPOINTS["Any query, later pages"]


def walk(client: Client, *, limit: int = 5) -> list[list[str]]:
    """The last digits of the names on each page, through no more than so many pages."""
    page = client.query(SOQL)
    pages = [page]
    while not page["done"] and len(pages) < limit:
        page = client.get(page["nextRecordsUrl"]).json()
        pages.append(page)
    return [[record["Name"][-2:] for record in each["records"]] for each in pages]


@pytest.mark.parametrize("name", sorted(REST_REFUSALS))
def test_refusal_of_the_data_api(connected: Client, server: Server, name: str) -> None:
    server.faults.add("refusal", name=name, endpoint="/limits")
    status, code, message = REST_REFUSALS[name]

    response = connected.get("/services/data/v66.0/limits")

    assert (response.status_code, response.json()) == (status, [{"message": message, "errorCode": code}])


@pytest.mark.parametrize("name", sorted(GRANT_REFUSALS))
def test_refusal_of_a_token(client: Client, server: Server, org: Org, name: str) -> None:
    server.faults.add("refusal", name=name, endpoint=ENDPOINTS["Token"])
    error, description = GRANT_REFUSALS[name]

    response = client.refresh(org.connect().refresh_token)

    assert (response.status_code, response.json()) == (
        400,
        {"error": error, "error_description": description},
    )


def test_refusal_of_the_secret_with_the_other_status(client: Client, server: Server, org: Org) -> None:
    server.faults.add("refusal", name="invalid_client_401")

    response = client.refresh(org.connect().refresh_token)

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("name", "status", "kind", "text"),
    [
        ("bad_oauth_token", 403, "text/plain", "Bad_OAuth_Token"),
        ("access_declined", 400, "text/plain", "ERROR_HTTP_400: Access Declined"),
        (
            "being_set_up",
            420,
            "text/html",
            "<html><body><h1>We are setting things up</h1><p>Come back in a while.</p></body></html>",
        ),
        ("uri_too_long", 414, "text/html", "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>"),
        (
            "headers_too_long",
            431,
            "text/html",
            "<h1>Bad Message 431</h1><pre>reason: Request Header Fields Too Large</pre>",
        ),
        ("body_too_long", 413, "text/html", "<h1>413 Request Entity Too Large</h1>"),
    ],
)
def test_refusal_that_is_no_json(
    connected: Client, server: Server, name: str, status: int, kind: str, text: str
) -> None:
    server.faults.add("refusal", name=name)

    response = connected.get("/services/data/v66.0/limits")

    assert (response.status_code, response.headers["Content-Type"], response.text) == (
        status,
        f"{kind};charset=UTF-8",
        text,
    )


@pytest.mark.parametrize(
    ("name", "rule", "pages"),
    [
        ("delay", {"seconds": 0}, [["00", "01"], ["02", "03"], ["04"]]),
        ("previous_page", {"nth": 2, "times": 1}, [["00", "01"], ["00", "01"], ["02", "03"], ["04"]]),
        ("self_link", {"endpoint": LATER_PAGES}, [["00", "01"], *[["02", "03"]] * 4]),
        ("empty_page", {"endpoint": LATER_PAGES, "times": 1}, [["00", "01"], [], ["04"]]),
        ("swapped_pages", {"nth": 2, "times": 2}, [["00", "01"], ["04"], ["02", "03"]]),
        (
            "duplicate_rows",
            {"endpoint": "FROM Opportunity"},
            [["00", "00", "01", "01"], ["02", "03"], ["04"]],
        ),
    ],
)
def test_paging(
    connected: Client, server: Server, org: Org, name: str, rule: dict[str, int], pages: list[list[str]]
) -> None:
    org.add_won_deals(5)
    org.max_page_size = 2
    server.faults.add(name, **{"endpoint": "/query/", **rule})  # type: ignore[arg-type]

    assert walk(connected) == pages


def test_foreign_link(connected: Client, server: Server, org: Org) -> None:
    org.add_won_deals(1)
    server.faults.add("foreign_link", to="https://crm.evil.example/x")

    page = connected.query(SOQL)

    assert (page["done"], page["nextRecordsUrl"]) == (False, "https://crm.evil.example/x")


def test_expired_token_is_answered_and_can_be_refreshed(connected: Client, server: Server, org: Org) -> None:
    issued = org.connect()
    server.faults.add("expired_token", endpoint="/limits", times=1)

    before = connected.get("/services/data/v66.0/limits")
    connected.token = connected.refresh(issued.refresh_token).json()["access_token"]
    after = connected.get("/services/data/v66.0/limits")

    assert (before.status_code, after.status_code) == (401, 200)


def test_revoked_token_stays_dead(connected: Client, server: Server, org: Org) -> None:
    issued = org.connect()
    server.faults.add("revoked_token", endpoint="/limits", times=1)

    response = connected.get("/services/data/v66.0/limits")

    assert response.status_code == 401
    assert connected.refresh(issued.refresh_token).json() == {
        "error": "invalid_grant",
        "error_description": "expired access/refresh token",
    }


def test_lost_answer_of_a_rotating_refresh_costs_the_token(
    connected: Client, server: Server, org: Org
) -> None:
    org.app.rotate = True
    token = org.connect().refresh_token
    server.faults.add("reset_before_headers", endpoint=ENDPOINTS["Token"], times=1)

    with pytest.raises(requests.ConnectionError):
        connected.refresh(token)

    assert connected.refresh(token).json() == {
        "error": "invalid_grant",
        "error_description": "expired access/refresh token",
    }


@pytest.mark.parametrize(
    ("label", "requests_made", "struck"),
    [
        ("Every call of the API", ["versions", "token", "query", "identity"], 4),
        ("Token", ["versions", "token", "query"], 1),
        ("Any query, first page", ["query", "stages", "describe"], 2),
        ("Deals, first page", ["query", "stages"], 1),
        ("Stages", ["query", "stages"], 1),
        ("Describe", ["query", "describe"], 1),
        ("Versions", ["versions", "query"], 1),
        ("Identity", ["identity", "query"], 1),
    ],
)
def test_offered_endpoints(
    connected: Client, server: Server, org: Org, label: str, requests_made: list[str], struck: int
) -> None:
    data = "/services/data/v66.0"
    calls = {
        "versions": lambda: connected.get("/services/data/"),
        "token": lambda: connected.refresh("x"),
        "query": lambda: connected.get(f"{data}/query/", q=SOQL),
        "stages": lambda: connected.get(f"{data}/query", q="SELECT Id FROM OpportunityStage"),
        "describe": lambda: connected.get(f"{data}/sobjects/Opportunity/describe"),
        "identity": lambda: connected.get(f"/id/{org.org_id}/{org.admin_id}"),
    }
    server.faults.add("no_content", endpoint=ENDPOINTS[label])

    statuses = [calls[each]().status_code for each in requests_made]

    assert statuses.count(204) == struck


def test_page_of_the_switch_is_in_the_menu(server: Server) -> None:
    text = requests.get(f"{server.url}/faults", timeout=5).text

    assert '<a href="/faults">Faults</a>' in text
    assert "<title>Faults - Simulated Salesforce</title>" in text
    assert '<option value="FROM Opportunity\\b" >Deals, first page</option>' in text
