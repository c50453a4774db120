"""One deal, one contract, through any chain of merges."""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.models import Invoice
from contracts.models import Contract, Customer
from crm_sync.models import Connection, CrmDeal, Hold
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.clients.portals import StandingClock
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import TODAY, sell, sell_in_hubspot

A_MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def portal(clock: StandingClock) -> Portal:
    return Portal(clock=clock)


@pytest.fixture
def poll(hubspot: Connection, clock: StandingClock, run: Run) -> Callable[[], None]:
    def one() -> None:
        clock.move(A_MINUTE)
        done = run(hubspot)
        assert done.state == "done", done.error

    return one


def merge_one_by_one(portal: Portal, deals: list[str], *, between: Callable[[], None]) -> str:
    survivor = deals[0]
    for other in deals[1:]:
        survivor = portal.merge_deals(survivor, other)
        between()
    return survivor


@pytest.mark.parametrize("only_last", [False, True], ids=["whole lists", "shortened lists"])
@pytest.mark.parametrize("polled", [False, True], ids=["polled after", "polled between"])
@pytest.mark.parametrize("order", [*permutations(range(3)), (0, 1, 2, 3), (1, 0, 2, 3), (3, 2, 1, 0)])
def test_survivor_goes_on_with_the_contract(
    portal: Portal,
    clock: StandingClock,
    poll: Callable[[], None],
    order: tuple[int, ...],
    polled: bool,
    only_last: bool,
) -> None:
    """The first one is billed. The survivor's amount is another one."""
    portal.habits.merge_lists_last_only = only_last
    company = portal.add_company(name="Acme")
    deals = [sell_in_hubspot(portal, company_id=company)]
    poll()
    ensure_legal_entity()
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    deals += [
        sell_in_hubspot(portal, company_id=company, dealstage="contractsent", amount="1")
        for _ in range(len(order) - 1)
    ]
    clock.move(timedelta(hours=2))

    survivor = merge_one_by_one(
        portal, [deals[place] for place in order], between=poll if polled else lambda: None
    )
    portal.update_deal(survivor, dealstage="closedwon", amount="7777", closedate=f"{TODAY}T17:00:00Z")
    poll()
    poll()
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)

    assert (Contract.objects.count(), Invoice.objects.count()) == (1, 1)
    assert CrmDeal.objects.get(contract__isnull=False).external_id == survivor


def test_survivor_of_an_id_that_cannot_be_resolved_is_held(portal: Portal, poll: Callable[[], None]) -> None:
    deal = sell_in_hubspot(portal)
    portal.update_deal(deal, hs_merged_object_ids="4711")

    poll()

    hold = Hold.objects.open().get()
    assert (Contract.objects.count(), hold.code) == (0, "DUPLICATE_SUSPECT")
    assert "It was merged from 4711." in hold.problems[0]["sentence"]


def test_person_imports_what_cannot_be_resolved(portal: Portal, poll: Callable[[], None]) -> None:
    deal = sell_in_hubspot(portal)
    portal.update_deal(deal, hs_merged_object_ids="4711")
    poll()
    CrmDeal.objects.update(duplicate_accepted=True, fingerprint="")

    poll()

    assert Contract.objects.count() == 1


def test_merge_of_deals_that_were_never_won_is_imported(portal: Portal, poll: Callable[[], None]) -> None:
    poll()
    first, second = (sell_in_hubspot(portal, dealstage="contractsent") for _ in range(2))
    portal.close_won(portal.merge_deals(first, second))

    poll()

    assert (Contract.objects.count(), Hold.objects.count()) == (1, 0)


def test_new_deal_of_a_company_merged_twice_is_the_same_customers(
    portal: Portal, clock: StandingClock, poll: Callable[[], None]
) -> None:
    portal.habits.merge_lists_last_only = True
    known = portal.add_company(name="Acme")
    sell_in_hubspot(portal, company_id=known)
    poll()
    clock.move(timedelta(hours=2))
    once = portal.merge_companies(known, portal.add_company(name="Acme Ltd"))
    twice = portal.merge_companies(once, portal.add_company(name="Acme Inc"))
    sell_in_hubspot(portal, company_id=twice, amount="2400")

    poll()

    assert (Contract.objects.count(), Customer.objects.count()) == (2, 1)


@pytest.mark.parametrize("steps", [1, 2])
def test_new_deal_of_an_account_that_took_over_ours_is_the_same_customers(
    salesforce: Connection, org: Org, run: Run, steps: int
) -> None:
    ours = org.add_account("Acme")
    sell(org, account=ours)
    run(salesforce)
    for number in range(steps):
        winner = org.add_account(f"Acme {number}")
        org.merge_accounts(winner=winner, loser=ours)
        ours = winner
    sell(org, account=ours, Amount=2400)

    run(salesforce)

    assert (Contract.objects.count(), Customer.objects.count()) == (2, 1)
