"""Many deals that leave at once wait for a person, who says whether they are still won."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from contracts.models import AuditEntry, Contract
from contracts.suspending import resume
from crm_sync.importing.leaving import UnableToDecideLeavers, keep_leavers, suspend_leavers
from crm_sync.models import Connection
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.importing.leavers import issue_invoices, marks, states
from tests.crm_sync.sales import TODAY, sell
from tests.crm_sync.told import told_by


def lose(org: Org, count: int, run: Any) -> list[str]:
    deals = [sell(org) for _ in range(count)]
    run()
    for deal in deals:
        org.edit(deal, StageName="Negotiation/Review")
    return deals


def test_20_leavers_are_suspended(salesforce: Connection, org: Org, run: Run) -> None:
    lose(org, 20, lambda: run(salesforce))

    done = run(salesforce)

    assert (done.suspended, states()) == (20, ["suspended"] * 20)


def test_case_43_21_leavers_ask(salesforce: Connection, org: Org, run: Run) -> None:
    deals = lose(org, 21, lambda: run(salesforce))

    done = run(salesforce)

    assert (done.state, done.suspended, states()) == ("done", 0, ["active"] * 21)
    salesforce.refresh_from_db()
    question = (
        "21 imported deals are no longer won in the CRM. That many at once look like a renamed stage, so "
        "nothing was suspended. Decide on this connection's page."
    )
    assert (salesforce.state, told_by(salesforce), told_by(done)) == ("degraded", [question], [question])
    for deal in deals[:5]:
        org.close_won(deal)
    run(salesforce)
    assert states() == ["active"] * 21, "what was asked is not settled automatically"
    for deal in deals[5:]:
        org.close_won(deal)
    run(salesforce)
    salesforce.refresh_from_db()
    assert (salesforce.leavers_asked_at, told_by(salesforce), salesforce.state) == (None, [], "connected")
    assert marks() == [("imported", "", "")] * 21


def test_case_43_they_have_left(salesforce: Connection, org: Org, run: Run, finance: User) -> None:
    lose(org, 21, lambda: run(salesforce))
    done = run(salesforce)

    count = suspend_leavers(connection=salesforce, actor=finance)

    assert (count, states()) == (21, ["suspended"] * 21)
    done.refresh_from_db()
    salesforce.refresh_from_db()
    assert (done.suspended, salesforce.leavers_asked_at, told_by(salesforce)) == (21, None, [])
    actions = AuditEntry.objects.filter(actor=finance).values_list("action", flat=True)
    assert sorted(set(actions)) == ["Contract suspended", "Contracts of leaving deals suspended"]
    with pytest.raises(UnableToDecideLeavers):
        suspend_leavers(connection=salesforce, actor=finance)


def test_case_43_they_are_still_won(salesforce: Connection, org: Org, run: Run, finance: User) -> None:
    deals = lose(org, 21, lambda: run(salesforce))
    run(salesforce)

    count = keep_leavers(connection=salesforce, actor=finance)

    assert (count, states()) == (21, ["active"] * 21)
    run(salesforce)
    assert (states(), marks()[0]) == (["active"] * 21, ("imported", "left_won", "kept"))
    assert AuditEntry.objects.get(action="Contracts of leaving deals kept").after == {"deals": 21}
    org.close_won(deals[0])
    run(salesforce)
    org.edit(deals[0], StageName="Closed Lost")
    run(salesforce)
    assert (states()[0], marks()[0]) == ("suspended", ("imported", "lost", "suspended"))


def test_a_contract_that_a_person_resumed_is_not_suspended_again(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    deal = sell(org)
    run(salesforce)
    org.edit(deal, StageName="Negotiation/Review")
    run(salesforce)

    resume(contract=Contract.objects.get(), as_of=TODAY, actor=finance)

    org.edit(deal, StageName="Closed Lost")
    assert (run(salesforce).suspended, states()) == (0, ["active"])
    assert AuditEntry.objects.get(action="Contract resumed").actor == finance


def test_refused_on_its_return_and_gone_again_it_still_resumes(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org)
    run(salesforce)
    issue_invoices()
    for fields in (
        {"StageName": "Closed Lost"},
        {"StageName": "Closed Won", "Amount": 2400},
        {"StageName": "Closed Lost"},
    ):
        org.edit(deal, **fields)
        run(salesforce)
    assert (states(), marks()) == (["suspended"], [("imported", "lost", "suspended")])
    org.edit(deal, StageName="Closed Won", Amount=1200)

    run(salesforce)

    assert (states(), marks()) == (["active"], [("imported", "", "")])


def test_refused_on_its_return_resumed_by_a_person_and_gone_again_it_is_suspended(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    deal = sell(org)
    run(salesforce)
    issue_invoices()
    org.edit(deal, StageName="Closed Lost")
    run(salesforce)
    org.edit(deal, StageName="Closed Won", Amount=2400)
    run(salesforce)
    resume(contract=Contract.objects.get(), as_of=TODAY, actor=finance)
    org.edit(deal, StageName="Closed Lost")

    run(salesforce)

    assert (states(), marks()) == (["suspended"], [("imported", "lost", "suspended")])


def test_kept_for_one_reason_is_not_kept_for_another(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    deals = lose(org, 21, lambda: run(salesforce))
    run(salesforce)
    keep_leavers(connection=salesforce, actor=finance)
    org.edit(deals[0], StageName="Closed Lost")

    run(salesforce)

    assert (states()[:2], marks()[:2]) == (
        ["suspended", "active"],
        [("imported", "lost", "suspended"), ("imported", "left_won", "kept")],
    )
