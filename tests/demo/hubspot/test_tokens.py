import pytest

from demo.hubspot.portal import Portal
from tests.demo.hubspot.caller import Caller, StoppedClock, error_body

DEALS = "/crm/objects/2026-09/deals"
ASSOCIATIONS = "/crm/associations/2026-09/deals/companies/batch/read"
INTROSPECTION = "/oauth/v2/private-apps/get/access-token-info"
INPUTS = {"inputs": [{"id": "1"}]}


def statuses(caller: Caller, *tokens: str) -> list[int]:
    answers = []
    for caller.token in tokens:
        answers.append(caller.get(DEALS).status_code)
    return answers


def test_rotated_at_once(caller: Caller) -> None:
    old = caller.token

    new = caller.portal.rotate_token(old, at_once=True)

    assert statuses(caller, old, new) == [401, 200]


def test_rotated_for_later(caller: Caller, clock: StoppedClock) -> None:
    old = caller.token

    new = caller.portal.rotate_token(old, at_once=False)

    assert statuses(caller, old, new) == [200, 200]
    clock.forward(days=7)
    assert statuses(caller, old, new) == [401, 200]


def test_expired_token(caller: Caller, clock: StoppedClock) -> None:
    caller.portal.expire_token(caller.token)
    clock.forward(seconds=75)

    response = caller.get(DEALS)

    assert response.status_code == 401
    assert error_body(response) == {
        "status": "error",
        "message": "The OAuth token used to make this call expired 75 second(s) ago.",
        "category": "EXPIRED_AUTHENTICATION",
        "context": {"expire time": ["2026-11-22T15:04:05.120Z"]},
    }


def test_creator_who_has_left(caller: Caller) -> None:
    caller.portal.remove_creator(caller.token)

    refused = caller.post(ASSOCIATIONS, INPUTS)

    assert (refused.status_code, caller.get(DEALS).status_code) == (403, 200)
    assert error_body(refused) == {
        "status": "error",
        "message": "The user who created this app can no longer use associations in portal 48211907.",
        "category": "USER_DOES_NOT_HAVE_PERMISSIONS",
    }


def test_rotation_cures_what_the_creator_left_behind(caller: Caller) -> None:
    caller.portal.remove_creator(caller.token)

    caller.token = caller.portal.rotate_token(caller.token, at_once=True)

    assert caller.post(ASSOCIATIONS, INPUTS).status_code == 207


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        (
            "user without rights",
            "You do not have permissions to view_schema object type ObjectTypeId{legacyObjectType=DEALS} in"
            " portal 48211907 (requires one of [deals-read, deals-access]): Forbidden.",
        ),
        ("not public", "The scope needed for this API call isn't available for public use."),
        ("not for OAuth", "This API can't be called using an OAuth access token."),
    ],
)
def test_family_that_is_forbidden(caller: Caller, reason: str, message: str) -> None:
    caller.portal.forbid(caller.token, family="deals", reason=reason)

    response = caller.get(DEALS)
    caller.portal.allow(caller.token, family="deals")

    assert (response.status_code, error_body(response)) == (403, {"status": "error", "message": message})
    assert caller.get(DEALS).status_code == 200


def test_reason_that_is_none(portal: Portal) -> None:
    token = portal.issue_token()

    with pytest.raises(ValueError, match=r"^bad mood is none of creator removed, user without rights, not"):
        portal.forbid(token, family="deals", reason="bad mood")


def test_scopes_changed_without_a_new_token(caller: Caller) -> None:
    caller.portal.change_scopes(caller.token, ("crm.objects.companies.read",))

    assert caller.get(DEALS).status_code == 403


def test_old_way_to_name_missing_scopes(caller: Caller) -> None:
    caller.portal.habits.old_scope_bodies = True
    caller.portal.change_scopes(caller.token, ())

    errors = error_body(caller.get("/crm/v3/owners"))["errors"]

    assert errors == [
        {
            "message": "One or more of the following scopes are required.",
            "context": {"requiredScopes": ["crm.objects.owners.read"]},
        }
    ]


def test_old_page_about_a_token(caller: Caller) -> None:
    response = caller.get(f"/oauth/v1/access-tokens/{caller.token}")

    assert response.status_code == 400
    assert error_body(response) == {
        "status": "error",
        "message": "The access token must have the correct format",
    }


def test_token_of_another_data_centre(caller: Caller) -> None:
    caller.portal.ui_domain = "app-eu1.hubspot.com"
    token = caller.portal.issue_token()
    asked = {"tokenKey": token}

    without_header = caller.session.post(f"{caller.url}{INTROSPECTION}", json=asked, timeout=5)
    caller.token = token

    assert token.startswith("pat-eu1-")
    assert (without_header.status_code, caller.post(INTROSPECTION, asked).status_code) == (401, 200)
    assert caller.get("/account-info/2026-09/details").json()["dataHostingLocation"] == "eu1"
