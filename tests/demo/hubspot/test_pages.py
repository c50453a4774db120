import re

import pytest

from demo.hubspot.portal import Portal
from demo.hubspot.scopes import SEED_SCOPES
from tests.demo.hubspot.caller import Caller, StoppedClock


def properties(portal: Portal, deal_id: str, *names: str) -> list[str | None]:
    return [portal.objects["deals"].records[deal_id].properties.get(name) for name in names]


def form_of(page: str) -> dict[str, str]:
    """The values the deal form would send as it stands."""
    inputs = re.findall(r'<input (?:[^>]*?)name="(\w+)"(?:[^>]*?)value="([^"]*)"', page)
    selects = re.findall(r'<select name="(\w+)">(.*?)</select>', page, flags=re.DOTALL)
    chosen = {
        name: match[1] if (match := re.search(r'value="([^"]*)" selected', options)) else ""
        for name, options in selects
    }
    return {**dict(inputs), **chosen}


def test_list_shows_deals_and_escapes_them(caller: Caller) -> None:
    company_id = caller.portal.add_company(name="O'Brien & <b>Sons</b>")
    caller.portal.add_deal(
        dealname="<script>alert(1)</script>",
        dealstage="contractsent",
        amount="1234.50",
        deal_currency_code="EUR",
        company_id=company_id,
    )

    page = caller.get("/").text

    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "O&#x27;Brien &amp; &lt;b&gt;Sons&lt;/b&gt;" in page
    assert "1,234.50 EUR" in page


def test_list_filters_and_pages(caller: Caller) -> None:
    for number in range(30):
        caller.portal.add_deal(dealname=f"Blue {number:02d}", dealstage="contractsent")
    caller.portal.add_deal(dealname="Red", dealstage="closedwon")

    def names(**query: str) -> list[str]:
        return re.findall(r'<a href="/deals/\d+">([^<]+)</a>', caller.get("/", **query).text)

    assert names()[0] == "Red"
    assert (len(names()), len(names(page="2")), len(names(page="99"))) == (25, 6, 6)
    assert names(q="blue 07") == ["Blue 07"]
    assert names(stage="closedwon") == ["Red"]
    assert names(q="green") == []


def test_close_won_from_the_list(caller: Caller) -> None:
    deal_id = caller.portal.add_deal(dealname="Ripe", dealstage="contractsent")

    response = caller.send(f"/deals/{deal_id}/close-won", q="ri", stage="", page="1")

    assert (response.status_code, response.headers["Location"]) == (
        303,
        f"/?q=ri&stage=&page=1&won={deal_id}",
    )
    assert properties(caller.portal, deal_id, "dealstage", "closedate") == [
        "closedwon",
        "2026-11-22T15:04:05.120Z",
    ]
    assert "Closed won: Ripe" in caller.get(response.headers["Location"]).text


def test_close_won_from_the_deal(caller: Caller) -> None:
    deal_id = caller.portal.add_deal(dealstage="contractsent")

    response = caller.send(f"/deals/{deal_id}/close-won")

    assert response.headers["Location"] == f"/deals/{deal_id}?done=won"
    assert "/close-won" not in caller.get(f"/deals/{deal_id}").text


def test_saving_a_form_as_it_stands_changes_nothing(caller: Caller) -> None:
    company_id = caller.portal.add_company(name="Acme")
    deal_id = caller.portal.add_deal(
        dealname="Deal",
        dealstage="closedwon",
        amount="10.00",
        closedate="2026-11-20T04:30:12.123Z",
        billing_frequency="annual",
        company_id=company_id,
    )
    before = caller.portal.objects["deals"].records[deal_id]

    form = form_of(caller.get(f"/deals/{deal_id}").text)
    response = caller.send(f"/deals/{deal_id}", **form)

    assert response.headers["Location"] == f"/deals/{deal_id}?done=saved"
    assert form["closedate"] == "2026-11-19T23:30"
    assert caller.portal.objects["deals"].records[deal_id] == before
    assert list(caller.portal.companies_of(deal_id)) == [company_id]


def test_editing_a_deal(caller: Caller, clock: StoppedClock) -> None:
    old, new = (caller.portal.add_company(name=name) for name in ("Old", "New"))
    deal_id = caller.portal.add_deal(dealname="Deal", dealstage="contractsent", company_id=old)
    owner_id = caller.portal.add_owner(email="ada@example.com")
    clock.forward(minutes=5)
    changes = {
        "amount": "99.90",
        "closedate": "2026-12-31T21:00",
        "dealstage": "11348542",
        "hubspot_owner_id": owner_id,
        "company": new,
    }

    caller.send(f"/deals/{deal_id}", **{**form_of(caller.get(f"/deals/{deal_id}").text), **changes})

    assert properties(
        caller.portal, deal_id, "amount", "closedate", "dealstage", "pipeline", "hubspot_owner_id"
    ) == ["99.90", "2027-01-01T02:00:00Z", "11348542", "11348541", owner_id]
    assert list(caller.portal.companies_of(deal_id)) == [new]


def test_amount_that_is_not_a_number(caller: Caller) -> None:
    deal_id = caller.portal.add_deal(dealname="Deal", amount="5")

    response = caller.send(f"/deals/{deal_id}", dealname="Deal", amount="five")

    assert response.status_code == 400
    assert "Amount is not a number: five" in response.text
    assert properties(caller.portal, deal_id, "amount") == ["5"]


def test_new_deal(caller: Caller) -> None:
    company_id = caller.portal.add_company(name="Acme")
    form = form_of(caller.get("/deals/new").text)

    response = caller.send(
        "/deals/new", **{**form, "dealname": "Fresh", "amount": "1200", "company": company_id}
    )

    deal_id = next(iter(caller.portal.objects["deals"].records))
    assert response.headers["Location"] == f"/deals/{deal_id}?done=made"
    assert properties(
        caller.portal,
        deal_id,
        "dealname",
        "amount",
        "deal_currency_code",
        "contract_term_months",
        "closedate",
    ) == ["Fresh", "1200", "USD", "12", "2026-11-22T15:04:00Z"]
    assert list(caller.portal.companies_of(deal_id)) == [company_id]


def test_link_of_a_record_leads_to_its_page(caller: Caller) -> None:
    deal_id = caller.portal.add_deal()

    response = caller.get(f"/contacts/48211907/record/0-3/{deal_id}")

    assert (response.status_code, response.headers["Location"]) == (302, f"/deals/{deal_id}")


@pytest.mark.parametrize("path", ["/deals/1", "/deals/1/close-won"])
def test_deal_that_does_not_exist(caller: Caller, path: str) -> None:
    answer = caller.get(path) if path == "/deals/1" else caller.send(path)

    assert (answer.status_code, "No such deal" in answer.text) == (404, True)


def test_set_up_shows_the_tokens(caller: Caller) -> None:
    second = caller.portal.issue_token(scopes=SEED_SCOPES)

    page = caller.get("/set-up").text

    assert re.findall(r"<code>([^<]+)</code>", page) == [caller.token, second, caller.url]


def test_credentials(caller: Caller) -> None:
    assert caller.get("/demo/credentials").json() == {"token": caller.token, "portal_id": 48211907}
