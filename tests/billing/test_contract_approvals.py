"""Contracts that wait for approval: one, many, all, rejected, and changed meanwhile."""

import re
from datetime import date

import pytest
from django.test import Client

from contracts.approving import (
    UnableToDecideContracts,
    approve_all,
    approve_contracts,
    reject,
    stamp,
    stamp_of_all,
)
from contracts.enums import ContractState
from contracts.models import AuditEntry, Contract
from tests.billing.builders import TODAY, Deal, put, sign
from tests.billing.people import person
from tests.pages import alerts, field_errors, rows, signed_in, words

pytestmark = pytest.mark.django_db
APPROVE, VIEW = "contracts.approve_contract", "contracts.view_contract"
LATER = date(2099, 1, 1)


def waiting(*deals: Deal) -> list[Contract]:
    contracts = sign(*deals)
    for contract in contracts:
        put(contract, state=ContractState.AWAITING_APPROVAL)
    return list(Contract.objects.awaiting().order_by("pk"))


def states() -> list[str]:
    return list(Contract.objects.order_by("pk").values_list("state", flat=True))


def change_value(contract: Contract) -> None:
    Contract.objects.filter(pk=contract.pk).update(value_minor=240_000)


def test_the_start_decides_the_state_of_what_is_approved() -> None:
    started, future, _other = waiting(Deal(), Deal(customer="Later", start=LATER), Deal(customer="Other"))

    count = approve_contracts(
        seen={one.pk: stamp(one) for one in (started, future)}, as_of=TODAY, actor=person("ada")
    )

    assert (count, states()) == (2, ["active", "scheduled", "awaiting_approval"])
    assert [(entry.actor_name, entry.action, entry.before, entry.after) for entry in story()] == [
        ("ada", "Contract approved", {"state": "awaiting_approval"}, approved("active")),
        ("ada", "Contract approved", {"state": "awaiting_approval"}, approved("scheduled")),
    ]


def story() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(object_type="contracts.contract").order_by("pk"))


def approved(state: str) -> dict[str, str]:
    return {"state": state, "value": "USD 1,200.00"}


def test_what_has_changed_since_it_was_seen_is_not_approved() -> None:
    changed, same = waiting(Deal(), Deal(customer="Same"))
    seen = {one.pk: stamp(one) for one in (changed, same)}
    change_value(changed)

    assert approve_contracts(seen=seen, as_of=TODAY, actor=person("ada")) == 1
    assert states() == ["awaiting_approval", "active"]
    with pytest.raises(UnableToDecideContracts, match="have changed or been decided since"):
        approve_contracts(seen={changed.pk: seen[changed.pk]}, as_of=TODAY, actor=person("ada"))


def test_all_are_approved_only_as_they_were_seen() -> None:
    contracts = waiting(Deal(), Deal(customer="Second"))
    seen = stamp_of_all(contracts)
    waiting(Deal(customer="Third"))

    with pytest.raises(UnableToDecideContracts, match="have come, changed or been decided since"):
        approve_all(seen=seen, as_of=TODAY, actor=person("ada"))

    assert set(states()) == {"awaiting_approval"}
    now = stamp_of_all(Contract.objects.awaiting())
    assert approve_all(seen=now, as_of=TODAY, actor=person("ada")) == 3
    assert set(states()) == {"active"}


def test_a_rejected_contract_ends_with_its_reason() -> None:
    [contract] = waiting(Deal())

    with pytest.raises(UnableToDecideContracts, match="Say why"):
        reject(contract=contract, reason=" ", actor=person("ada"))
    reject(contract=contract, reason="Signed by nobody.", actor=person("ada"))
    with pytest.raises(UnableToDecideContracts, match="does not wait for approval any more"):
        reject(contract=contract, reason="Again.", actor=person("ada"))

    assert states() == ["terminated"]
    [entry] = story()
    assert (entry.after, entry.reason) == ({"state": "terminated"}, "Signed by nobody.")


def test_database_refuses_a_billable_contract_that_nobody_approved() -> None:
    [contract] = waiting(Deal())

    with pytest.raises(Exception, match="contract_is_billed_once_approved"):
        Contract.objects.filter(pk=contract.pk).update(state=ContractState.ACTIVE)


def test_the_page_shows_totals_per_currency_and_approves_what_is_ticked() -> None:
    waiting(Deal(), Deal(customer="Euro", currency="EUR"), Deal(customer="Second", value="800.00"))
    browser = signed_in(APPROVE, VIEW)

    page = browser.get("/approvals/contracts/")

    assert [row[1:4] for row in rows(page)] == [
        ["Second subscription", "Second", "USD 800.00"],
        ["Euro subscription", "Euro", "EUR 1,200.00"],
        ["Acme subscription", "Acme", "USD 1,200.00"],
    ]
    assert "2 contracts: USD 2,000.00" in words(page.text)
    assert "1 contract: EUR 1,200.00" in words(page.text)
    ticks = re.findall(r'name="contract" value="([^"]+)"', page.text)
    answer = browser.post("/approvals/contracts/approve/", {"contract": ticks[:2]}, follow=True)
    assert (
        "2 contracts are approved. What is due is invoiced, or waits as a draft under Approvals."
        in alerts(answer)
    )
    assert states() == ["awaiting_approval", "active", "active"]


def test_the_page_approves_all_with_the_totals_that_it_showed() -> None:
    [first] = waiting(Deal())
    browser = signed_in(APPROVE, VIEW)
    [seen] = re.findall(r'name="seen" value="([^"]+)"', browser.get("/approvals/contracts/").text)
    change_value(first)

    refused = browser.post("/approvals/contracts/approve/", {"seen": seen}, follow=True)

    assert states() == ["awaiting_approval"]
    assert "Nothing was approved: contracts have come, changed" in alerts(refused)[0]
    [seen] = re.findall(r'name="seen" value="([^"]+)"', refused.text)
    browser.post("/approvals/contracts/approve/", {"seen": seen})
    assert states() == ["active"]


@pytest.mark.parametrize("ticked", [[], ["x:y"], ["99999999999999999999:1"], ["0:"]])
def test_nothing_ticked_or_nonsense_approves_nothing(ticked: list[str]) -> None:
    waiting(Deal())

    answer = signed_in(APPROVE, VIEW).post("/approvals/contracts/approve/", {"contract": ticked}, follow=True)

    assert states() == ["awaiting_approval"]
    assert alerts(answer)[0].startswith("Nothing was approved")


def test_the_contract_s_own_page_approves_and_rejects() -> None:
    first, second = waiting(Deal(), Deal(customer="Second"))
    browser = signed_in(APPROVE, VIEW)
    page = browser.get(f"/contracts/{first.pk}/")
    assert "This contract waits for approval." in alerts(page)
    [seen] = re.findall(r'name="seen" value="([^"]+)"', page.text)

    browser.post(f"/contracts/{first.pk}/approve/", {"seen": seen})
    refused = browser.post(f"/contracts/{second.pk}/reject/", {"reason": ""}, follow=True)
    assert states() == ["active", "awaiting_approval"]
    assert field_errors(refused) == {"id_reason": "This field is required."}
    browser.post(f"/contracts/{second.pk}/reject/", {"reason": "Signed by nobody."})

    assert states() == ["active", "terminated"]


@pytest.mark.parametrize(
    ("group", "status"), [("Approver", 302), ("Finance", 302), ("Support", 403), ("Operator", 403)]
)
def test_who_may_approve(group: str, status: int) -> None:
    [contract] = waiting(Deal())
    browser = Client()
    browser.force_login(person("somebody", group=group))

    answer = browser.post(f"/contracts/{contract.pk}/approve/", {"seen": stamp(contract)})

    assert answer.status_code == status
    assert states() == ["active" if status == 302 else "awaiting_approval"]


def test_the_page_takes_the_same_number_of_queries_for_one_and_for_three(django_assert_num_queries) -> None:
    browser = signed_in(APPROVE, VIEW)

    for names in (["A"], ["B", "C"]):
        waiting(*(Deal(customer=name) for name in names))
        with django_assert_num_queries(10):
            browser.get("/approvals/contracts/")
