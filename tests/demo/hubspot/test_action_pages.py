import re

import pytest

from demo.hubspot.portal import Portal
from tests.demo.hubspot.caller import Caller, StoppedClock


def notice(page: str) -> list[str]:
    return re.findall(r'<p class="notice[^"]*" role="\w+">([^<]*)</p>', page)


def after(caller: Caller, path: str, **fields: str) -> tuple[str, list[str]]:
    """Where a form leads, and what the page says there."""
    response = caller.send(path, **fields)
    assert response.status_code == 303
    place = response.headers["Location"]
    return place, notice(caller.get(place).text)


def test_archive_and_restore(caller: Caller) -> None:
    deal_id = caller.portal.add_deal(dealname="Old one", dealstage="closedwon", amount="5")

    archived = after(caller, f"/deals/{deal_id}/archive")
    listed = caller.get("/archived").text
    restored = after(caller, f"/deals/{deal_id}/restore")

    assert archived == (f"/archived?done={deal_id}", ["Archived"])
    assert ("Old one" in listed, "2026-11-22 10:04" in listed) == (True, True)
    assert restored == (f"/deals/{deal_id}?done=restored", ["Restored"])
    assert "No deal is archived." in caller.get("/archived").text


def test_delete_for_good(caller: Caller) -> None:
    deal_id = caller.portal.add_deal()
    caller.portal.archive_deal(deal_id)

    assert after(caller, f"/deals/{deal_id}/delete") == ("/archived?done=deleted", ["Deleted for good"])
    assert caller.portal.objects["deals"].records == {}


def test_merge(caller: Caller) -> None:
    first, second = (caller.portal.add_deal(dealname=name) for name in ("First", "Second"))

    place, said = after(caller, f"/deals/{first}/merge", other=second)

    merged = next(iter(caller.portal.objects["deals"].records))
    assert place == f"/deals/{merged}?done=merged"
    assert said == ["Merged. The two deals are one now, with a record ID of its own."]


def test_delay_in_search(caller: Caller, clock: StoppedClock) -> None:
    deal_id = caller.portal.add_deal(dealname="Late")

    place, said = after(caller, f"/deals/{deal_id}/delay", minutes="5")

    assert place == f"/deals/{deal_id}?done=delayed"
    assert said == ["Search sees what changes on this deal only at the end of these minutes."]
    assert caller.search({}).json()["total"] == 0
    clock.forward(minutes=5)
    assert caller.search({}).json()["total"] == 1


@pytest.mark.parametrize(
    ("action", "fields", "words"),
    [
        ("merge", {"other": "999"}, "There is no other deal with the record ID 999."),
        ("delay", {"minutes": "soon"}, "Not a number of minutes: soon."),
    ],
)
def test_action_that_cannot_be(caller: Caller, action: str, fields: dict[str, str], words: str) -> None:
    deal_id = caller.portal.add_deal()

    response = caller.send(f"/deals/{deal_id}/{action}", **fields)

    assert (response.status_code, notice(response.text)) == (400, [words])


@pytest.mark.parametrize("action", ["archive", "restore", "delete", "merge", "delay"])
def test_deal_that_is_gone(caller: Caller, action: str) -> None:
    response = caller.send(f"/deals/1/{action}", minutes="1", other="2")

    assert (response.status_code, notice(response.text)) == (404, ["It may have been merged or deleted."])


def test_stages_with_their_deals(caller: Caller) -> None:
    caller.portal.add_deal(dealstage="11348547")

    page = caller.get("/stages").text

    assert re.findall(r"<h2>([^<]+)</h2>", page) == ["Sales Pipeline", "Renewals", "Partners"]
    row = page.split('action="/stages/11348547/rename"')[1].split("</tr>")[0]
    assert re.findall(r'data-label="([^"]+)"(?: class="number")?>([^<]+)</td>', row) == [
        ("Stage ID", "11348547"),
        ("Kind", "Closed, won"),
        ("Deals", "1"),
    ]


def test_rename_a_stage(caller: Caller) -> None:
    place, said = after(caller, "/stages/closedwon/rename", label=" Closed Won ")

    stage = caller.portal.stage("closedwon")
    assert (place, said) == ("/stages?done=renamed", ["Renamed"])
    assert stage is not None
    assert stage.label == " Closed Won "


def test_label_that_is_taken(caller: Caller) -> None:
    response = caller.send("/stages/closedwon/rename", label="Closed Lost")

    assert response.status_code == 400
    assert notice(response.text) == ["A label must be there, and only once in a pipeline: Closed Lost"]


def test_delete_a_stage_in_use(caller: Caller) -> None:
    deal_id = caller.portal.add_deal(dealname="Deal", dealstage="11348547")

    _, said = after(caller, "/stages/11348547/delete")

    deal = caller.get(f"/deals/{deal_id}").text
    caller.send(f"/deals/{deal_id}", dealname="Deal", dealstage="11348547")
    assert said == ["Deleted. Deals that were in it keep its id."]
    assert '<option value="11348547" selected>Deleted stage 11348547</option>' in deal
    assert "close-won" not in deal
    assert caller.portal.objects["deals"].records[deal_id].properties["dealstage"] == "11348547"


@pytest.mark.parametrize("action", ["rename", "delete"])
def test_stage_that_is_gone(caller: Caller, action: str) -> None:
    assert caller.send(f"/stages/nowhere/{action}", label="X").status_code == 404


def test_rename_a_company(caller: Caller) -> None:
    company_id = caller.portal.add_company(name="Old", domain="old.example", country="Spain")
    deal_id = caller.portal.add_deal(company_id=company_id)

    link = f'<a href="/companies/{company_id}">Old</a>' in caller.get(f"/deals/{deal_id}").text
    place, said = after(caller, f"/companies/{company_id}", name="New", domain="", country="Spain")

    properties = caller.portal.objects["companies"].records[company_id].properties
    assert (link, place, said) == (True, f"/companies/{company_id}?done=saved", ["Saved"])
    assert [properties[name] for name in ("name", "domain", "country")] == ["New", None, "Spain"]


def test_company_that_is_gone(caller: Caller) -> None:
    statuses = (caller.get("/companies/1").status_code, caller.send("/companies/1").status_code)

    assert statuses == (404, 404)


def test_changes_on_pages_are_of_a_person(caller: Caller) -> None:
    deal_id = caller.portal.add_deal(dealstage="contractsent")

    caller.send(f"/deals/{deal_id}/close-won")

    changes = caller.portal.objects["deals"].records[deal_id].changes
    assert [change.source.type for change in changes] == ["CRM_UI", "CRM_UI"]


def test_close_won_without_a_stage_for_it(portal: Portal, caller: Caller) -> None:
    deal_id = portal.add_deal(dealstage="11348542")
    portal.delete_stage("11348547")

    assert "close-won" not in caller.get(f"/deals/{deal_id}").text
    assert caller.send(f"/deals/{deal_id}/close-won").status_code == 303
    assert portal.objects["deals"].records[deal_id].properties["dealstage"] == "11348542"
