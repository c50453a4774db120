import re

import pytest
import requests

from demo.http_server import Server
from demo.salesforce.demo_data import add_demo_data
from demo.salesforce.org import Org

NASTY = "<script>alert('x')</script> & \"co\""


def get(server: Server, path: str) -> requests.Response:
    return requests.get(server.url + path, allow_redirects=False, timeout=5)


def post(server: Server, path: str, **form: str) -> requests.Response:
    return requests.post(server.url + path, data=form, allow_redirects=False, timeout=5)


def rows(text: str) -> list[str]:
    return re.findall(r'<a href="/deals/\w{18}">(.*)</a>', text)


def form_of(org: Org, **changes: str) -> dict[str, str]:
    return {
        "name": "New platform",
        "stage": "Prospecting",
        "amount": "12000.50",
        "close_date": "2026-12-31",
        "term": "12",
        "frequency": "Annual",
        "po_number": " PO-1 ",
        "account": "",
        "owner": org.admin_id,
        **changes,
    }


def test_list_has_a_close_won_button_for_each_open_deal(server: Server, org: Org) -> None:
    org.add("Opportunity", Name="Won", StageName="Closed Won")
    org.add("Opportunity", Name="Open 1")
    org.add("Opportunity", Name="Open 2")

    text = get(server, "/").text

    assert rows(text) == ["Open 2", "Open 1", "Won"]
    assert text.count(">Close won</button>") == 2


def test_list_pages(server: Server, org: Org) -> None:
    org.add_won_deals(51)

    first, second = get(server, "/").text, get(server, "/?page=2").text

    assert (len(rows(first)), rows(second)) == (50, ["Bulk deal 000000"])
    assert "Page 2 of 2" in second


@pytest.mark.parametrize("page", ["0", "99", "x", "-1"])
def test_page_number_out_of_range(server: Server, org: Org, page: str) -> None:
    org.add_won_deals(1)

    assert rows(get(server, f"/?page={page}").text) == ["Bulk deal 000000"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=ACME", ["Second"]),
        ("q=first", ["First"]),
        ("stage=Closed+Won", ["First"]),
        ("stage=open", ["Second"]),
        ("q=first&stage=open", []),
    ],
)
def test_search_and_stage(server: Server, org: Org, query: str, found: list[str]) -> None:
    org.add("Opportunity", Name="First", StageName="Closed Won")
    org.add("Opportunity", Name="Second", AccountId=org.add_account("Acme"))

    assert rows(get(server, f"/?{query}").text) == found


def test_close_won_returns_to_the_same_list(server: Server, org: Org) -> None:
    deal_id = org.add("Opportunity", Name="One")

    response = post(server, f"/deals/{deal_id}/close-won", back="/?q=&stage=open&page=1")

    assert (response.status_code, response.headers["Location"]) == (
        303,
        f"/?q=&stage=open&page=1&closed={deal_id}",
    )
    assert org.record(deal_id)["StageName"] == "Closed Won"
    assert 'role="status">One is now Closed Won.</p>' in get(server, response.headers["Location"]).text


def test_close_won_never_leads_to_another_site(server: Server, org: Org) -> None:
    deal_id = org.add("Opportunity", Name="One")

    response = post(server, f"/deals/{deal_id}/close-won", back="//evil.example")

    assert response.headers["Location"] == f"/deals/{deal_id}?closed={deal_id}"


def test_edit_a_deal(server: Server, org: Org) -> None:
    account_id = org.add_account("Acme")
    deal_id = org.add("Opportunity", Name="One", Amount=5, Contract_Term__c=3)

    response = post(server, f"/deals/{deal_id}", **form_of(org, account=account_id, amount="", frequency=""))

    record = org.record(deal_id)
    assert (response.status_code, response.headers["Location"]) == (303, f"/deals/{deal_id}?saved=1")
    assert {
        name: record[name]
        for name in (
            "Name",
            "Amount",
            "CloseDate",
            "Contract_Term__c",
            "Billing_Frequency__c",
            "PO_Number__c",
            "AccountId",
        )
    } == {
        "Name": "New platform",
        "Amount": None,
        "CloseDate": "2026-12-31",
        "Contract_Term__c": 12.0,
        "Billing_Frequency__c": None,
        "PO_Number__c": "PO-1",
        "AccountId": account_id,
    }


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"name": " "}, "Name is missing."),
        ({"amount": "lots"}, "Amount: cannot read lots"),
        ({"close_date": "31/12/2026"}, "Close Date: cannot read 31/12/2026"),
    ],
)
def test_form_that_cannot_be_read(server: Server, org: Org, changes: dict[str, str], refusal: str) -> None:
    deal_id = org.add("Opportunity", Name="One")

    answers = [post(server, path, **form_of(org, **changes)) for path in (f"/deals/{deal_id}", "/deals/new")]

    assert [(each.status_code, re.findall(r'role="alert">(.*)</p>', each.text)) for each in answers] == [
        (400, [refusal])
    ] * 2
    assert [row["Name"] for row in org.records("Opportunity")] == ["One"]


def test_new_deal_for_a_new_account(server: Server, org: Org) -> None:
    response = post(server, "/deals/new", **form_of(org, new_account="Fresh Ltd"))

    [deal] = org.records("Opportunity")
    [account] = org.records("Account")
    assert response.headers["Location"] == f"/deals/{deal['Id']}?saved=1"
    assert (deal["Amount"], deal["AccountId"], account["Name"]) == (12000.5, account["Id"], "Fresh Ltd")


def test_odd_values_stay_in_the_form(server: Server, org: Org) -> None:
    deal_id = org.add("Opportunity", Name="One", StageName="Closed Won ", Billing_Frequency__c="Bi-annual")

    text = get(server, f"/deals/{deal_id}").text

    assert '<option value="Closed Won " selected>&quot;Closed Won &quot;</option>' in text
    assert '<option value="Bi-annual" selected>Bi-annual</option>' in text


def test_everything_is_escaped(server: Server, org: Org) -> None:
    account_id = org.add_account(NASTY)
    deal_id = org.add(
        "Opportunity", Name=NASTY, StageName=NASTY, PO_Number__c=NASTY[:40], AccountId=account_id
    )

    pages = [
        get(server, path).text
        for path in (
            "/",
            f"/deals/{deal_id}",
            f"/?q={NASTY}",
            f"/?closed={deal_id}",
            "/login?startURL=" + NASTY,
        )
    ]

    assert [page.count("<script") for page in pages] == [0] * 5


@pytest.mark.parametrize("path", ["/{}", "/lightning/r/Opportunity/{}/view"])
def test_links_of_other_programs(server: Server, org: Org, path: str) -> None:
    deal_id = org.add("Opportunity", Name="One")

    locations = [get(server, path.format(each)).headers["Location"] for each in (deal_id, deal_id[:15])]

    assert locations == [f"/deals/{deal_id}"] * 2


def test_unknown_deal(server: Server) -> None:
    response = get(server, "/deals/006Da000000000AIAQ")

    assert (response.status_code, "There is no deal with this id." in response.text) == (404, True)


def test_credentials(server: Server, org: Org) -> None:
    assert get(server, "/demo/credentials").json() == {
        "consumer_key": org.app.consumer_key,
        "consumer_secret": org.app.consumer_secret,
        "my_domain": server.url,
        "username": "ada@acme.example",
        "password": "closed-won",
    }


def test_set_up_page_shows_them(server: Server, org: Org) -> None:
    text = get(server, "/setup").text

    shown = re.findall(r"<code>(.*)</code></dd>", text)[:5]
    assert shown == [
        server.url,
        org.app.consumer_key,
        org.app.consumer_secret,
        "http://127.0.0.1:8000/api/crm/salesforce/callback",
        "full refresh_token",
    ]


def test_pages_need_no_script(server: Server, org: Org) -> None:
    add_demo_data(org)

    pages = [get(server, path) for path in ("/", "/deals/new", "/setup", "/login")]

    assert [(page.status_code, "<script" in page.text, "style=" in page.text) for page in pages] == [
        (200, False, False)
    ] * 4
