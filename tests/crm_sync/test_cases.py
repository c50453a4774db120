"""Cases of the specification, by their numbers, from the deal in the CRM to what is billed of it."""

from datetime import date

import pytest

from billing.enums import BillingTrigger, InvoiceState, LimitKind
from billing.issuing.invoicing import invoice_due
from billing.models import ApprovalLimit, Instalment, Invoice
from contracts.models import Contract
from crm_sync.models import Connection, CrmDeal, Hold
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run
from tests.crm_sync.deal_values import a_deal, contract_of, mapped, problems_of
from tests.crm_sync.sales import TODAY, sell


def first_day() -> date:
    return Instalment.objects.order_by("sequence").values_list("period_start", flat=True)[0]


def test_case_4_amount_over_the_limit_waits_for_approval_and_is_no_failure(
    salesforce: Connection, org: Org, run: Run
) -> None:
    ensure_legal_entity()
    ApprovalLimit.objects.create(kind=LimitKind.INVOICE, currency="USD", amount_minor=1_000_000_00)
    sell(org, Amount=5_000_000, Billing_Frequency__c="Annual")

    done = run(salesforce, as_of=TODAY)
    invoice_due(as_of=TODAY, trigger=BillingTrigger.SYNC)

    assert (done.created, done.held, done.failed) == (1, 0, 0)
    assert list(Invoice.objects.values_list("state", "number", "net_minor")) == [
        (InvoiceState.DRAFT, None, 5_000_000_00)
    ]


def test_case_16_close_date_edited_before_the_first_invoice_moves_the_schedule(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org)
    run(salesforce, as_of=TODAY)
    org.edit(deal, CloseDate=date(2026, 12, 31))

    done = run(salesforce, as_of=TODAY)

    assert (done.created, done.updated) == (0, 1)
    assert (Contract.objects.get().start_date, first_day()) == (date(2026, 12, 31), date(2026, 12, 31))
    assert list(Instalment.objects.order_by("sequence").values_list("period_start", flat=True)) == [
        date(2026, 12, 31),
        date(2027, 3, 31),
        date(2027, 6, 30),
        date(2027, 9, 30),
    ]


def test_case_17_close_date_changed_by_the_crm_on_a_second_win_makes_no_second_contract(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org)
    run(salesforce, as_of=TODAY)
    contract = Contract.objects.get()
    org.edit(deal, StageName="Negotiation/Review", CloseDate=date(2099, 12, 31))
    run(salesforce, as_of=TODAY)
    org.edit(deal, StageName="Closed Won")
    closed_again = date.fromisoformat(str(org.tables["Opportunity"][deal]["CloseDate"]))

    run(salesforce, as_of=TODAY)

    assert closed_again not in (TODAY, date(2099, 12, 31)), "the CRM sets the close date again"
    assert [(one.pk, one.start_date) for one in Contract.objects.all()] == [(contract.pk, closed_again)]
    assert (CrmDeal.objects.get().contract_id, Hold.objects.count(), first_day()) == (
        contract.pk,
        0,
        closed_again,
    )


@pytest.mark.parametrize("term", ["12-24", "annual", "tbd", -6, 0])
def test_case_20_terms_that_say_no_number_of_months_are_held(term: str | int) -> None:
    one = mapped(a_deal(term=term))

    assert problems_of(one) == [
        ("TERM_UNREADABLE", f"Contract Duration “{term}” is not a duration of 1 to 1200 whole months.")
    ]


def test_case_20_a_year_and_a_half_is_eighteen_months() -> None:
    assert contract_of(mapped(a_deal(term="1.5 years"))).duration_months == 18
