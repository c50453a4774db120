import re

import pytest
import requests

from demo.salesforce.org import Org
from tests.demo.salesforce.visitor import CALLBACK, Client, Visitor, answer, path_of


def refusal(response: requests.Response) -> tuple[int, list[str]]:
    return response.status_code, re.findall(r'role="alert">(.*)</p>', response.text)


def test_allow_returns_a_code_and_the_state(visitor: Visitor) -> None:
    to_login = visitor.authorize()
    logged_in = visitor.log_in(to_login)
    consent = visitor.follow(logged_in)

    back = answer(visitor.decide(consent, "allow"))

    assert path_of(to_login) == "/login"
    assert "Full access" in consent.text
    assert sorted(back) == ["code", "state"]
    assert back["state"] == "s t&te"
    assert re.fullmatch(r"aPrx[\w.]+==", back["code"])


def test_deny_returns_access_denied(visitor: Visitor) -> None:
    consent = visitor.follow(visitor.log_in(visitor.authorize()))

    assert answer(visitor.decide(consent, "deny")) == {
        "error": "access_denied",
        "error_description": "end-user denied authorization",
        "state": "s t&te",
    }


def test_a_consent_is_answered_once(visitor: Visitor) -> None:
    consent = visitor.follow(visitor.log_in(visitor.authorize()))
    visitor.decide(consent, "deny")

    assert refusal(visitor.decide(consent, "allow")) == (
        400,
        ["We can&#x27;t authorize you because of an OAuth error. OAUTH_APPROVAL_ERROR_GENERIC"],
    )


def test_wrong_password_asks_again(visitor: Visitor) -> None:
    again = visitor.log_in(visitor.authorize(), password="wrong")

    assert refusal(again) == (
        200,
        ["That user name and password do not match a user of this org. Check both and try again."],
    )


def test_login_never_leads_to_another_site(visitor: Visitor) -> None:
    logged_in = visitor.log_in(visitor.authorize(), startURL="//evil.example/")

    assert logged_in.headers["Location"] == "/"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"client_id": "unknown"}, "error=invalid_client_id&amp;error_description=client identifier invalid"),
        (
            {"redirect_uri": CALLBACK + "/"},
            "error=redirect_uri_mismatch&amp;error_description=redirect_uri must match configuration",
        ),
        (
            {"redirect_uri": CALLBACK.replace("127.0.0.1", "localhost")},
            "error=redirect_uri_mismatch&amp;error_description=redirect_uri must match configuration",
        ),
        ({"redirect_uri": ""}, "error=redirect_uri_missing&amp;error_description=redirect_uri not provided"),
        (
            {"response_type": "token"},
            "error=unsupported_response_type&amp;error_description=response type not supported",
        ),
        ({"code_challenge": "short"}, "error=invalid_request&amp;error_description=invalid code challenge"),
    ],
)
def test_refusals_stay_at_salesforce(visitor: Visitor, changes: dict[str, str], text: str) -> None:
    assert refusal(visitor.authorize(**changes)) == (400, [text])


def test_missing_challenge_is_refused_without_a_content_type(visitor: Visitor, org: Org) -> None:
    org.app.require_pkce = True

    response = visitor.authorize(code_challenge="", code_challenge_method="")

    assert (response.status_code, response.text, response.headers.get("Content-Type")) == (
        400,
        "error=invalid_request&error_description=missing required code challenge",
        None,
    )


def test_scope_the_app_does_not_select_ends_at_the_generic_page(visitor: Visitor, org: Org) -> None:
    org.app.scopes = ["api"]

    response = visitor.authorize(scope="api refresh_token")

    assert response.headers["Location"] == (
        "/setup/secur/RemoteAccessErrorPage.apexp"
        "?error=invalid_scope&error_description=the%20requested%20scope%20is%20not%20allowed"
    )
    assert refusal(visitor.follow(response)) == (
        400,
        [
            "We can&#x27;t authorize you because of an OAuth error. OAUTH_APPROVAL_ERROR_GENERIC "
            "the requested scope is not allowed"
        ],
    )


def test_blocked_app(visitor: Visitor, org: Org) -> None:
    org.app.refuse_with = "OAUTH_APP_BLOCKED"

    assert refusal(visitor.authorize()) == (
        400,
        ["We can&#x27;t authorize you because of an OAuth error. OAUTH_APP_BLOCKED"],
    )


def test_refusal_that_the_browser_takes_back(visitor: Visitor, org: Org) -> None:
    org.app.refuse_back_with = "server_error"

    assert answer(visitor.authorize()) == {
        "error": "server_error",
        "error_description": "refused by the org",
        "state": "s t&te",
    }


def test_second_time_needs_neither_login_nor_consent(visitor: Visitor, client: Client) -> None:
    client.exchange(visitor.allow())

    assert sorted(answer(visitor.authorize())) == ["code", "state"]


def test_prompt_asks_for_both_again(visitor: Visitor, client: Client) -> None:
    client.exchange(visitor.allow())

    to_login = visitor.authorize(prompt="login consent")
    consent = visitor.follow(visitor.log_in(to_login))

    assert path_of(to_login) == "/login"
    assert answer(visitor.decide(consent, "deny"))["error"] == "access_denied"


def test_revoked_consent_is_asked_again(visitor: Visitor, client: Client, org: Org) -> None:
    client.exchange(visitor.allow())
    org.revoke_tokens()

    assert "Allow access?" in visitor.authorize().text


def test_immediate_without_a_login_is_unsuccessful(visitor: Visitor) -> None:
    assert answer(visitor.authorize(immediate="true")) == {
        "error": "immediate_unsuccessful",
        "error_description": "immediate unsuccessful",
        "state": "s t&te",
    }


def test_login_hint_fills_in_the_user_name(visitor: Visitor) -> None:
    login = visitor.follow(visitor.authorize(login_hint="niamh@acme.example"))

    assert 'name="username" value="niamh@acme.example"' in login.text
