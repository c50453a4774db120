import uuid
from typing import Any

import pytest

from demo.http_server import Application, Request, Response, Server
from demo.hubspot.app import build_app
from demo.hubspot.portal import Portal
from demo.hubspot.scopes import SEED_SCOPES
from tests.demo.hubspot.caller import Caller, StoppedClock, error_body

DEALS = "/crm/objects/2026-09/deals"
OWNERS = "/crm/owners/2026-09"
INTROSPECTION = "/oauth/v2/private-apps/get/access-token-info"

NOT_AUTHENTICATED = {
    "status": "error",
    "message": "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can"
    " find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
    "category": "INVALID_AUTHENTICATION",
}
NEVER_A_TOKEN = {
    "status": "error",
    "message": "The OAuth token used to make this call expired 20779 day(s) ago.",
    "category": "EXPIRED_AUTHENTICATION",
    "context": {"expire time": ["1970-01-01T00:00:00Z"]},
}


def missing(quantity: str, *scopes: str) -> dict[str, Any]:
    return {
        "status": "error",
        "message": "This app hasn't been granted all required scopes to make this call. Read more about"
        " required scopes here: https://developers.hubspot.com/scopes.",
        "errors": [
            {
                "message": f"{quantity} of the following scopes are required.",
                "context": {"requiredGranularScopes": list(scopes)},
            }
        ],
        "links": {"scopes": "https://developers.hubspot.com/scopes"},
        "category": "MISSING_SCOPES",
    }


@pytest.mark.parametrize(
    ("token", "body"),
    [
        ("", NOT_AUTHENTICATED),
        ("pat-na1-00000000-0000-4000-8000-000000000000", NOT_AUTHENTICATED),
        ("pat-na1-00000000-0000", NEVER_A_TOKEN),
        ("CiQwMDAwLXBlcnNvbmFsLWtleQ", NEVER_A_TOKEN),
    ],
)
def test_token_that_is_not_valid(caller: Caller, token: str, body: dict[str, Any]) -> None:
    caller.token = token

    response = caller.get(DEALS)

    assert response.status_code == 401
    assert error_body(response) == body
    assert response.headers["X-HubSpot-Auth-Failure"] == "401 Unauthorized"


def test_revoked_token(caller: Caller) -> None:
    caller.portal.revoke_token(caller.token)

    response = caller.get(DEALS)

    assert (response.status_code, error_body(response)) == (401, NOT_AUTHENTICATED)


def test_token_with_a_character_no_token_has(caller: Caller) -> None:
    caller.token = '"pat-na1"'

    response = caller.get(DEALS)

    assert response.status_code == 530
    assert response.headers["Content-Type"] == "text/html;charset=UTF-8"


def test_api_key(caller: Caller) -> None:
    caller.token = ""

    response = caller.get(DEALS, hapikey="demo")

    assert response.status_code == 401
    assert error_body(response) == {"status": "error", "message": "This hapikey doesn't exist."}


@pytest.mark.parametrize(
    ("granted", "path", "body"),
    [
        (SEED_SCOPES, OWNERS, missing("One or more", "crm.objects.owners.read")),
        (
            SEED_SCOPES,
            "/crm/objects/2026-09/line_items",
            missing("All", "crm.objects.line_items.read", "e-commerce"),
        ),
        (
            ("crm.objects.companies.read",),
            DEALS,
            missing(
                "One or more",
                "crm.schemas.deals.read",
                "crm.objects.deals.read",
                "crm.objects.deals.highly_sensitive.read.v2",
                "crm.objects.deals.sensitive.read.v2",
            ),
        ),
    ],
)
def test_missing_scope(caller: Caller, granted: tuple[str, ...], path: str, body: dict[str, Any]) -> None:
    caller.token = caller.portal.issue_token(scopes=granted)

    response = caller.get(path)

    assert (response.status_code, error_body(response)) == (403, body)


def test_associations_need_both_ends(caller: Caller) -> None:
    caller.token = caller.portal.issue_token(scopes=("crm.objects.deals.read",))

    response = caller.post("/crm/associations/2026-09/deals/companies/batch/read", {"inputs": [{"id": "1"}]})

    assert response.status_code == 403
    assert "crm.objects.companies.read" in str(error_body(response)["errors"])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (DEALS, 200),
        ("/crm/objects/2026-09/companies", 200),
        ("/crm/objects/2026-09/contacts", 200),
        ("/crm/pipelines/2026-09/deals", 200),
        ("/crm/properties/2026-09/deals", 200),
        ("/account-info/2026-09/details", 200),
        ("/account-info/2026-09/api-usage/daily/private-apps", 200),
        (OWNERS, 403),
    ],
)
def test_what_the_three_seed_scopes_reach(caller: Caller, path: str, status: int) -> None:
    caller.token = caller.portal.issue_token(scopes=SEED_SCOPES)

    assert caller.get(path).status_code == status


@pytest.mark.parametrize(
    "path",
    [
        "/crm/v3/objects/deals",
        "/crm/objects/2026-03/deals",
        "/crm/objects/2026-09/0-3",
        "/crm/v3/pipelines/deals",
        "/crm/pipelines/2026-03/deals",
        "/crm/v3/properties/companies",
        "/crm/v3/owners/",
        "/account-info/v3/details",
        "/crm/v4/associations/deals/companies/labels",
        "/crm/v4/objects/deals/1/associations/companies",
        "/crm/objects/2026-03/deals/1/associations/companies",
    ],
)
def test_path_that_is_served(caller: Caller, path: str) -> None:
    assert caller.get(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/crm/objects/2027-03/deals",
        "/crm/objects/v3/deals",
        "/crm/v4/objects/deals",
        "/crm/2026-09/objects/deals",
        "/crm/objects/2026-09/deals/1/associations/companies",
        "/crm/pipelines/2025-03/deals",
        "/nothing/here",
    ],
)
def test_path_that_is_not_served_is_not_found_in_html(caller: Caller, path: str) -> None:
    response = caller.get(path)

    assert (response.status_code, response.headers["Content-Type"]) == (404, "text/html;charset=UTF-8")


def test_version_withdrawn(caller: Caller) -> None:
    caller.portal.api_versions -= {"2026-09"}

    assert [caller.get(f"/crm/pipelines/{v}/deals").status_code for v in ("2026-09", "2026-03")] == [404, 200]


def test_unknown_object_type(caller: Caller) -> None:
    response = caller.get("/crm/objects/2026-09/dinosaurs")

    assert response.status_code == 400
    assert error_body(response) == {
        "status": "error",
        "message": "Unable to infer object type from: dinosaurs",
        "category": "VALIDATION_ERROR",
    }


def test_headers_of_a_call(caller: Caller, clock: StoppedClock) -> None:
    caller.get(DEALS)
    clock.forward(seconds=2)

    headers = caller.get(DEALS).headers

    shown = {name: value for name, value in headers.items() if name.startswith("X-HubSpot-RateLimit")}
    assert shown == {
        "X-HubSpot-RateLimit-Max": "190",
        "X-HubSpot-RateLimit-Remaining": "188",
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
        "X-HubSpot-RateLimit-Daily": "625000",
        "X-HubSpot-RateLimit-Daily-Remaining": "624998",
        "X-HubSpot-RateLimit-Secondly": "19",
        "X-HubSpot-RateLimit-Secondly-Remaining": "18",
    }
    assert headers["Date"] == "Sun, 22 Nov 2026 15:04:07 GMT"
    assert headers["Content-Type"] == "application/json;charset=UTF-8"
    assert uuid.UUID(headers["X-HubSpot-Correlation-Id"]).version == 7


def test_search_carries_no_rate_headers(caller: Caller) -> None:
    headers = caller.search({}).headers

    assert [name for name in headers if "RateLimit" in name] == []


def test_introspection(caller: Caller) -> None:
    caller.token = caller.portal.issue_token(scopes=SEED_SCOPES)

    response = caller.post(INTROSPECTION, {"tokenKey": caller.token})

    assert response.status_code == 200
    assert response.json() == {
        "userId": 9586504,
        "hubId": 48211907,
        "appId": 7654322,
        "scopes": [*SEED_SCOPES, "oauth"],
    }


def test_introspection_of_a_dead_token(caller: Caller) -> None:
    caller.portal.revoke_token(caller.token)

    response = caller.post(INTROSPECTION, {"tokenKey": caller.token})

    assert (response.status_code, error_body(response)) == (401, NOT_AUTHENTICATED)


def test_interception_may_answer_or_pass_on(portal: Portal) -> None:
    token = portal.issue_token()

    def intercept(request: Request, answer: Application) -> Response:
        return Response(status=477) if request.path.endswith("/details") else answer(request)

    with Server(build_app(portal, intercept=intercept)) as server:
        caller = Caller(url=server.url, portal=portal, token=token)
        with caller.session:
            answers = [caller.get(path).status_code for path in ("/account-info/2026-09/details", DEALS, "/")]

    assert answers == [477, 200, 200]
