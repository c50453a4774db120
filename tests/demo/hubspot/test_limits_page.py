import re
from dataclasses import asdict
from datetime import timedelta

import pytest

from demo.hubspot.options import Habits, Limits
from tests.demo.hubspot.caller import Caller, StoppedClock

DEALS = "/crm/objects/2026-09/deals"


def form_of(page: str) -> dict[str, str]:
    """The values that the form of limits and habits would send as it stands."""
    form = page.split('action="/limits">')[1].split("</form>")[0]
    inputs = dict(re.findall(r'name="(\w+)"[^>]*value="([^"]*)"', form))
    selects = re.findall(r'<select name="(\w+)">(.*?)</select>', form, flags=re.DOTALL)
    chosen = {name: re.search(r'value="(\w*)" selected', options) for name, options in selects}
    return {**inputs, **{name: match[1] if match else "" for name, match in chosen.items()}}


def place(caller: Caller, token: str) -> str:
    return f"/tokens/{caller.portal.tokens[token].app_id}/{token[-6:]}"


def said(caller: Caller, path: str, **fields: str) -> str:
    response = caller.send(path, **fields)
    assert response.status_code == 303
    return re.findall(r'role="status">([^<]*)<', caller.get(response.headers["Location"]).text)[0]


def test_saving_the_form_as_it_stands_changes_nothing(caller: Caller) -> None:
    caller.portal.limits = Limits(burst=7, searches=2)
    caller.portal.search_lag = 30.0
    before = asdict(caller.portal.limits)

    words = said(caller, "/limits", **form_of(caller.get("/limits").text))

    assert (words, asdict(caller.portal.limits)) == ("Saved", before)
    assert (caller.portal.search_lag, caller.portal.habits) == (30.0, Habits())


def test_numbers_and_habits(caller: Caller) -> None:
    form = form_of(caller.get("/limits").text)
    changes = {
        "enforced": "yes",
        "searches": "1",
        "search_lag": "90",
        "merge_keeps_primary_id": "yes",
    }

    caller.send("/limits", **{**form, **changes})

    assert caller.portal.limits == Limits(enforced=True, searches=1)
    assert caller.portal.habits == Habits(merge_keeps_primary_id=True)
    assert caller.portal.search_lag == 90.0


def test_tier(caller: Caller) -> None:
    form = form_of(caller.get("/limits").text)

    caller.send("/limits", **{**form, "tier": "free", "enforced": "yes", "retry_after": "yes"})

    assert caller.portal.limits == Limits(
        enforced=True, burst=100, association_burst=100, daily=250_000, retry_after=True
    )


def test_number_that_is_none(caller: Caller) -> None:
    form = form_of(caller.get("/limits").text)

    response = caller.send("/limits", **{**form, "daily": "many"})

    assert (response.status_code, "Not a whole number: many" in response.text) == (400, True)
    assert caller.portal.limits == Limits()


def test_account_locked_and_moved(caller: Caller) -> None:
    statuses = []
    for action in ("lock", "move", "arrive"):
        said(caller, "/limits/account", action=action)
        caller.portal.state.locked_until = None if action == "move" else caller.portal.state.locked_until
        statuses.append(caller.get(DEALS).status_code)

    assert statuses == [423, 477, 200]


def test_account_state_is_told(caller: Caller) -> None:
    before = "The account answers." in caller.get("/limits").text
    caller.portal.move_account(seconds=60)

    assert (before, "Moving to another data centre until 10:05:05." in caller.get("/limits").text) == (
        True,
        True,
    )


def test_account_elsewhere(caller: Caller) -> None:
    said(caller, "/limits/account", hublet="eu1")
    elsewhere = caller.get(DEALS).json()["correctHublet"]
    said(caller, "/limits/account", hublet="")

    assert (elsewhere, caller.get(DEALS).status_code) == ("eu1", 200)


@pytest.mark.parametrize(
    ("action", "words", "status"),
    [
        ("rotate-now", "Token rotated, the old one has ended", 401),
        ("rotate-later", "Token rotated, the old one ends in a week", 200),
        ("revoke", "Token revoked", 401),
    ],
)
def test_token_ended(caller: Caller, action: str, words: str, status: int) -> None:
    told = said(caller, f"{place(caller, caller.token)}/{action}")

    assert (told, caller.get(DEALS).status_code) == (words, status)


def test_rotated_token_on_the_pages(caller: Caller, clock: StoppedClock) -> None:
    old = caller.token
    caller.send(f"{place(caller, old)}/rotate-later")

    titles = re.findall(r"<h3>([^<]+)</h3>", caller.get("/limits").text)
    tokens = re.findall(r"<code>(pat-[^<]+)</code>", caller.get("/set-up").text)

    assert titles == ["Access token, ends 2026-11-29 10:04", "Access token"]
    assert tokens[0] == old
    assert caller.get("/demo/credentials").json() == {"token": tokens[1], "portal_id": 48211907}
    assert caller.portal.tokens[old].ends_at == clock() + timedelta(days=7)


def test_creator_removed(caller: Caller) -> None:
    said(caller, f"{place(caller, caller.token)}/remove-creator")

    assert "Refused: associations: creator removed." in caller.get("/limits").text


def test_scopes_changed(caller: Caller) -> None:
    scopes = "crm.objects.deals.read, crm.objects.owners.read  crm.objects.deals.read"

    told = said(caller, f"{place(caller, caller.token)}/scopes", scopes=scopes)

    granted = caller.portal.tokens[caller.token].scopes
    assert (told, granted) == ("Scopes changed", ("crm.objects.deals.read", "crm.objects.owners.read"))


def test_new_token(caller: Caller) -> None:
    told = said(caller, "/tokens/new")

    assert (told, [token.app_id for token in caller.portal.tokens.values()]) == (
        "Token issued",
        [7654321, 7654322],
    )


@pytest.mark.parametrize("action", ["revoke", "scopes"])
def test_token_that_is_gone(caller: Caller, action: str) -> None:
    assert caller.send(f"/tokens/1/abcdef/{action}").status_code == 404
