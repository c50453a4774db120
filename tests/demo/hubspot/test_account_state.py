import pytest

from tests.demo.hubspot.caller import Caller, StoppedClock, error_body

DEALS = "/crm/objects/2026-09/deals"


def test_account_on_the_move(caller: Caller, clock: StoppedClock) -> None:
    caller.portal.move_account(seconds=7_200)
    clock.forward(seconds=200)

    response = caller.get(DEALS)

    assert (response.status_code, response.headers["Retry-After"]) == (477, "7000")
    assert error_body(response) == {
        "status": "error",
        "message": "This account is being moved to another data hosting location.",
        "category": "MIGRATION_IN_PROGRESS",
    }
    clock.forward(seconds=7_000)
    assert caller.get(DEALS).status_code == 200


def test_locked_account(caller: Caller, clock: StoppedClock) -> None:
    caller.portal.lock_account(seconds=2)

    response = caller.search({})
    clock.forward(seconds=2)

    assert response.status_code == 423
    assert error_body(response) == {
        "status": "error",
        "message": "This account is locked by a large sync. Try again in two seconds.",
        "category": "LOCKED",
    }
    assert caller.search({}).status_code == 200


def test_account_that_lives_elsewhere(caller: Caller) -> None:
    caller.portal.state.other_hublet = "eu1"

    response = caller.get(DEALS)

    assert response.status_code == 400
    assert error_body(response) == {
        "status": "error",
        "message": "Hub 48211907 is unknown to this Hublet, but it appears to exist in Hublet eu1",
        "correctHublet": "eu1",
    }


@pytest.mark.parametrize(
    ("host", "status"), [("api-eu1.hubapi.com", 200), ("api-na2.hubapi.com", 400), ("api.hubapi.com", 400)]
)
def test_account_that_lives_elsewhere_answers_there(caller: Caller, host: str, status: int) -> None:
    caller.portal.state.other_hublet = "eu1"
    caller.session.headers["Host"] = host

    assert caller.get(DEALS).status_code == status


@pytest.mark.parametrize(("length", "status"), [(5_116, 200), (8_300, 414)])
def test_long_address(caller: Caller, length: int, status: int) -> None:
    response = caller.get(DEALS, properties="x" * length)

    assert response.status_code == status
    assert ("<html>" in response.text) == (status == 414)


def test_body_that_is_said_to_be_a_form(caller: Caller) -> None:
    response = caller.session.post(
        f"{caller.url}{DEALS}/search",
        data={"limit": "1"},
        headers={"Authorization": f"Bearer {caller.token}"},
        timeout=5,
    )

    assert response.status_code == 415
    assert error_body(response) == {"status": "error", "message": "HTTP 415 Unsupported Media Type"}


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/settings/v3/users/", "settings.users.read"),
        ("/settings/v3/currencies/exchange-rates", "settings.currencies.read"),
        ("/crm/v3/schemas", "crm.schemas.custom.read"),
        ("/crm/objects/2026-09/contracts", "crm.objects.contracts.read"),
    ],
)
def test_what_other_clients_ask_for(caller: Caller, path: str, scope: str) -> None:
    refused = caller.get(path)
    caller.token = caller.portal.issue_token(scopes=(scope,))

    assert (refused.status_code, error_body(refused)["category"]) == (403, "MISSING_SCOPES")
    assert caller.get(path).json() == {"results": []}
