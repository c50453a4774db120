"""What people decide about held deals."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.db import connections

from contracts.enums import BillingCycle
from contracts.models import AuditEntry, Contract
from crm_sync.connections.settings import save_settings
from crm_sync.enums import DealState, Target
from crm_sync.holds.deciding import UnableToDecideHold, accept_duplicate, dismiss
from crm_sync.models import Connection, CrmDeal, Hold
from crm_sync.tasks import request_replay
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run, confirm
from tests.crm_sync.sales import sell


@pytest.fixture
def hold(salesforce: Connection, org: Org, run: Run) -> Hold:
    sell(org, Amount=None)
    run(salesforce)
    return Hold.objects.get()


def test_dismissed_hold_tells_who_and_why(hold: Hold, finance: User) -> None:
    dismiss(hold=hold, actor=finance, reason=" A test deal. ")

    hold.refresh_from_db()
    assert (hold.resolution, hold.resolved_by, hold.reason) == ("dismissed", finance, "A test deal.")
    assert CrmDeal.objects.get().state == DealState.DISMISSED
    entry = AuditEntry.objects.get(action="hold dismissed")
    assert (entry.actor, entry.object_name, entry.after) == (
        finance,
        "Acme platform",
        {"code": "AMOUNT_MISSING"},
    )


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_dismissal_needs_a_reason(hold: Hold, finance: User, reason: str) -> None:
    with pytest.raises(UnableToDecideHold, match=r"^Say why this deal is not to be billed\.$"):
        dismiss(hold=hold, actor=finance, reason=reason)

    assert Hold.objects.open().count() == 1


def test_settled_hold_cannot_be_decided_again(hold: Hold, finance: User) -> None:
    dismiss(hold=hold, actor=finance, reason="A test deal.")

    with pytest.raises(UnableToDecideHold, match=r"^This hold has since been settled\.$"):
        dismiss(hold=hold, actor=finance, reason="Again.")


def test_only_a_possible_duplicate_is_accepted_as_it_is(hold: Hold, finance: User) -> None:
    with pytest.raises(UnableToDecideHold, match=r"^Only a possible duplicate can be imported anyway\.$"):
        accept_duplicate(hold=hold, actor=finance)

    assert not CrmDeal.objects.filter(duplicate_accepted=True).exists()


@pytest.fixture
def suspect(salesforce: Connection, org: Org, run: Run) -> Hold:
    account = org.add_account("Acme")
    sell(org, account=account)
    copy = sell(org, account=account)
    run(salesforce)
    long_ago = "2026-01-02T00:00:00.000+0000"
    org.tables["Opportunity"][copy] |= {"SystemModstamp": long_ago, "LastModifiedDate": long_ago}
    return Hold.objects.get()


def test_accepted_duplicate_is_read_by_the_next_poll(
    suspect: Hold, salesforce: Connection, run: Run, finance: User
) -> None:
    """Even if the worker did not hear the bell, and long after the deal was last changed."""
    accept_duplicate(hold=suspect, actor=finance)

    done = run(salesforce)

    assert (done.created, Contract.objects.count()) == (1, 2)
    assert AuditEntry.objects.filter(action="duplicate accepted", actor=finance).count() == 1


def make_old(org: Org, deal: str, **fields: Any) -> None:
    """Changes a deal in a way that no query for changes tells."""
    long_ago = "2026-01-02T00:00:00.000+0000"
    org.tables["Opportunity"][deal] |= {"SystemModstamp": long_ago, **fields}


def test_replay_that_was_not_heard_is_made_good_by_the_next_poll(
    hold: Hold, salesforce: Connection, org: Org, run: Run
) -> None:
    deal = hold.crm_deal.external_id
    make_old(org, deal, Amount=1200.0)
    assert run(salesforce).created == 0

    request_replay(connection_id=salesforce.pk, external_ids=[deal])

    assert run(salesforce).created == 1


def test_held_deals_are_read_again_after_a_new_mapping(
    hold: Hold, salesforce: Connection, org: Org, run: Run
) -> None:
    make_old(org, hold.crm_deal.external_id, Amount=None, Billing_Frequency__c="Bi-annual")

    confirm(
        salesforce, defaults={Target.CONTRACT_VALUE: "900"}, translations={"bi-annual": BillingCycle.ANNUAL}
    )
    done = run(salesforce)

    assert (done.created, Contract.objects.get().value_minor) == (1, 90_000)


def test_held_deals_are_read_again_after_new_settings(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org, Contract_Term__c=1.5)
    run(salesforce)
    make_old(org, deal)

    save_settings(connection=salesforce, changes={"term_unit": "years"}, actor=None)
    done = run(salesforce)

    assert (done.created, Contract.objects.get().duration_months) == (1, 18)


def test_held_deal_that_stays_held_is_not_asked_for_for_ever(
    hold: Hold, salesforce: Connection, org: Org, run: Run
) -> None:
    make_old(org, hold.crm_deal.external_id)
    request_replay(connection_id=salesforce.pk, external_ids=[hold.crm_deal.external_id])

    assert [run(salesforce).seen for _ in range(3)] == [1, 0, 0]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_decision_beside_a_run_that_writes_the_deal_ends_in_no_deadlock(
    hold: Hold, salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    org.edit(hold.crm_deal.external_id, Amount=1200)
    outcome: list[str] = []

    def decide() -> None:
        try:
            dismiss(hold=hold, actor=finance, reason="A test deal.")
            outcome.append("dismissed")
        except UnableToDecideHold as refusal:
            outcome.append(str(refusal))
        finally:
            connections.close_all()

    person = threading.Thread(target=decide)

    def decide_while_the_deal_is_locked(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if "contracts_customer" in sql and not person.ident:
            person.start()
            person.join(0.5)
        return execute(sql, *args)

    with database.execute_wrapper(decide_while_the_deal_is_locked):
        done = run(salesforce)
    person.join(10)

    assert (done.state, done.created, outcome) == ("done", 1, ["This hold has since been settled."])
    assert CrmDeal.objects.get().state == DealState.IMPORTED
