"""Mode Review: contracts that wait for approval, with their schedules."""

from datetime import date

from django.contrib.auth.models import User

from billing.models import Instalment, Invoice
from contracts.approving import approve_contracts, reject, stamp
from contracts.models import Contract
from crm_sync.models import Connection
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.modes import (
    LIVE,
    REVIEW,
    contract_states,
    deal_states,
    issue_invoices,
    red_lines,
    switch,
    told,
)
from tests.crm_sync.sales import TODAY, sell


def test_a_contract_in_review_waits_with_its_schedule(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    switch(salesforce, REVIEW)
    deal = sell(org)

    done = run(salesforce)

    assert (done.created, contract_states()) == (1, ["awaiting_approval"])
    assert told() == [
        (
            "created",
            "Contract over USD 1,200.00 created, 4 instalments planned. Nothing of it is billed before "
            "somebody approves it.",
        )
    ]
    assert (Instalment.objects.count(), issue_invoices(as_of=date(2027, 12, 1))) == (4, 0)
    org.edit(deal, Amount=2400)
    assert (run(salesforce).updated, contract_states()) == (1, ["awaiting_approval"])
    assert [one.amount_minor for one in Instalment.objects.all()] == [60_000] * 4

    contract = Contract.objects.get()
    approve_contracts(seen={contract.pk: stamp(contract)}, as_of=TODAY, actor=finance)

    assert (contract_states(), issue_invoices()) == (["active"], 1)
    assert Invoice.objects.get().net_minor == 60_000
    assert red_lines() == []


def test_a_rejected_contract_is_not_made_again(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    switch(salesforce, REVIEW)
    deal = sell(org)
    run(salesforce)

    reject(contract=Contract.objects.get(), reason="Signed by nobody.", actor=finance)
    org.edit(deal, Amount=2400)
    run(salesforce)
    switch(salesforce, LIVE)
    run(salesforce, external_ids=[deal])

    assert (contract_states(), deal_states()) == (["terminated"], ["imported"])
    assert (issue_invoices(as_of=date(2027, 12, 1)), red_lines()) == (0, [])


def test_a_deal_in_review_that_leaves_and_returns_waits_for_approval_again(
    salesforce: Connection, org: Org, run: Run
) -> None:
    switch(salesforce, REVIEW)
    deal = sell(org)
    run(salesforce)
    org.edit(deal, StageName="Negotiation/Review")

    assert (run(salesforce).suspended, contract_states()) == (1, ["suspended"])
    org.edit(deal, StageName="Closed Won")
    run(salesforce)

    assert (contract_states(), issue_invoices()) == (["awaiting_approval"], 0)


def test_contracts_that_wait_go_on_waiting_in_live(salesforce: Connection, org: Org, run: Run) -> None:
    switch(salesforce, REVIEW)
    sell(org)
    run(salesforce)
    switch(salesforce, LIVE)
    sell(org, Name="Another", Amount=999)

    run(salesforce)

    assert contract_states() == ["awaiting_approval", "active"]
