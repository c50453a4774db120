"""The recycle bin, the accounts and the org, as a person changes them on pages."""

import html
import re

import pytest
import requests

from demo.http_server import Server
from demo.salesforce.demo_data import add_demo_data
from demo.salesforce.org import Org

NASTY = "<script>alert('x')</script> & \"co\""


def get(server: Server, path: str) -> str:
    return requests.get(server.url + path, timeout=5).text


def post(server: Server, path: str, **form: str) -> requests.Response:
    return requests.post(server.url + path, data=form, allow_redirects=False, timeout=5)


def notices(text: str) -> list[str]:
    return [html.unescape(each) for each in re.findall(r'role="(?:alert|status)">(.*)</p>', text)]


def cells(text: str, label: str) -> list[str]:
    return [html.unescape(each) for each in re.findall(rf'data-label="{label}"[^>]*>(.*)</td>', text)]


def test_delete_and_undelete_a_deal(server: Server, org: Org) -> None:
    deal_id = org.add("Opportunity", Name="One")
    buttons = re.findall(r">(\w[\w ]*)</button>", get(server, f"/deals/{deal_id}"))

    deleted = post(server, f"/deals/{deal_id}/delete")
    in_bin, listed = get(server, "/bin"), get(server, "/")
    deal_page = get(server, f"/deals/{deal_id}")
    undeleted = post(server, f"/deals/{deal_id}/undelete")

    assert buttons == ["Save", "Close won", "Delete"]
    assert (deleted.status_code, deleted.headers["Location"]) == (303, "/bin")
    assert cells(in_bin, "Deal") == ["One"]
    assert "One</a>" not in listed
    assert re.findall(r">(\w[\w ]*)</button>", deal_page) == ["Save", "Undelete"]
    assert undeleted.headers["Location"] == f"/deals/{deal_id}?saved=1"
    assert org.record(deal_id)["IsDeleted"] is False
    assert "The recycle bin is empty." in get(server, "/bin")


def test_delete_for_good(server: Server, org: Org) -> None:
    deal_id = org.add("Opportunity", Name="One")
    org.delete(deal_id)

    response = post(server, f"/deals/{deal_id}/purge")

    assert (response.headers["Location"], org.records("Opportunity")) == ("/bin", [])


@pytest.mark.parametrize("verb", ["delete", "undelete", "purge"])
def test_unknown_deal(server: Server, verb: str) -> None:
    response = post(server, f"/deals/006Da000000000AIAQ/{verb}")

    assert (response.status_code, notices(response.text)) == (404, ["There is no deal with this id."])


def test_rename_an_account(server: Server, org: Org) -> None:
    account_id = org.add_account("Acme")

    response = post(server, f"/accounts/{account_id}/rename", name=" Acme Holdings ")

    assert response.headers["Location"] == f"/accounts?renamed={account_id}"
    assert notices(get(server, response.headers["Location"])) == ["Acme Holdings: renamed."]


def test_merge_accounts(server: Server, org: Org) -> None:
    winner, loser = org.add_account("Winner"), org.add_account("Loser")
    deal_id = org.add("Opportunity", Name="One", AccountId=loser)

    response = post(server, "/accounts/merge", winner=winner, loser=loser)

    text = get(server, response.headers["Location"])
    assert org.record(deal_id)["AccountId"] == winner
    assert notices(text) == ["Winner: merged."]
    assert cells(text, "Deals") == ["0", "1"]
    assert cells(text, "State") == [f"merged into {winner}", ""]


def test_merge_needs_two_accounts(server: Server, org: Org) -> None:
    account_id, deleted = org.add_account("Acme"), org.add_account("Gone")
    org.delete(deleted)

    answers = [
        post(server, "/accounts/merge", winner=account_id, loser=loser)
        for loser in (account_id, deleted, "x")
    ]
    renamed = post(server, f"/accounts/{deleted}/rename", name="New")

    assert [(each.status_code, notices(each.text)) for each in answers] == [
        (400, ["Choose two different accounts."])
    ] * 3
    assert (renamed.status_code, notices(renamed.text)) == (
        400,
        ["An account needs a name and must not be deleted."],
    )


def test_deleted_account_is_no_choice_for_a_deal(server: Server, org: Org) -> None:
    org.add_account("Kept")
    org.delete(org.add_account("Gone"))

    text = get(server, "/deals/new")

    assert ("Kept</option>" in text, "Gone</option>" in text) == (True, False)


@pytest.mark.parametrize(
    ("change", "name", "expected"),
    [
        ("label", "Gagné", ("Closed Won", "Gagné", True)),
        ("api_name", "6 - Won", ("6 - Won", "6 - Won", True)),
        ("deactivate", "Closed Won", ("Closed Won", "Closed Won", False)),
    ],
)
def test_change_a_stage(
    server: Server, org: Org, change: str, name: str, expected: tuple[object, ...]
) -> None:
    response = post(server, "/org/stages", stage="Closed Won", name=name, change=change)

    row = org.records("OpportunityStage")[8]
    text = get(server, response.headers["Location"])
    assert (row["ApiName"], row["MasterLabel"], row["IsActive"]) == expected
    assert cells(text, "API name")[8] == f"<code>{expected[0]}</code>"
    assert cells(text, "Label")[8] == expected[1]
    assert cells(text, "Kind")[8] == ("won" if expected[2] else "won, inactive")


def test_activate_a_stage_again(server: Server, org: Org) -> None:
    org.set_stage_active("Closed Won", active=False)

    post(server, "/org/stages", stage="Closed Won", name="Closed Won", change="activate")

    assert org.records("OpportunityStage")[8]["IsActive"] is True


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({"stage": "None", "name": "x", "change": "label"}, "Choose a stage and give it a name."),
        ({"stage": "Closed Won", "name": "", "change": "label"}, "Choose a stage and give it a name."),
        (
            {"stage": "Closed Won", "name": "Closed Lost", "change": "api_name"},
            "Another stage has this API name.",
        ),
    ],
)
def test_change_of_a_stage_that_is_refused(server: Server, form: dict[str, str], text: str) -> None:
    response = post(server, "/org/stages", **form)

    assert (response.status_code, notices(response.text)) == (400, [text])


LIMITS = {
    "api_limit": "100",
    "api_used": "7",
    "limit_info_form": "",
    "refuse_data_with": "not_for_rest",
    "query_timeout_rows": "9",
}


def test_change_limits(server: Server, org: Org) -> None:
    response = post(server, "/org/limits", **LIMITS)

    text = get(server, response.headers["Location"])
    assert (
        org.api_limit,
        org.api_used,
        org.limit_info_form,
        org.refuse_data_with,
        org.query_timeout_rows,
    ) == (
        100,
        7,
        None,
        "not_for_rest",
        9,
    )
    assert notices(text) == ["Saved."]
    assert re.findall(r'name="(api_limit|api_used|query_timeout_rows)" value="(\d+)"', text) == [
        ("api_limit", "100"),
        ("api_used", "7"),
        ("query_timeout_rows", "9"),
    ]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"api_limit": "many"}, "Limits are whole numbers."),
        ({"limit_info_form": "x"}, "Choose from the lists."),
        ({"refuse_data_with": "x"}, "Choose from the lists."),
    ],
)
def test_limits_that_are_refused(server: Server, org: Org, changes: dict[str, str], text: str) -> None:
    response = post(server, "/org/limits", **{**LIMITS, **changes})

    assert (response.status_code, notices(response.text), org.api_limit) == (400, [text], 15_000)


def test_pages_need_no_script_and_escape_everything(server: Server, org: Org) -> None:
    add_demo_data(org)
    account_id = org.add_account(NASTY)
    deal_id = org.add("Opportunity", Name=NASTY, StageName=NASTY, AccountId=account_id)
    org.delete(deal_id)
    org.rename_stage("Closed Lost", label=NASTY)

    pages = [get(server, path) for path in ("/bin", "/accounts", "/org", "/faults", f"/deals/{deal_id}")]

    assert [(page.count("<script"), "style=" in page) for page in pages] == [(0, False)] * 5
