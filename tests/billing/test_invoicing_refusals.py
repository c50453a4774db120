"""What stops one contract, and what stops the run."""

from datetime import date, timedelta

import pytest
from django.db import connection

import billing.due
from billing.enums import BillingRunState, BillingTrigger, InstalmentState
from billing.invoicing import BillingFailure, BillingSummary, invoice_due
from billing.models import BillingRun, BillingSchedule, Instalment, Invoice, LegalEntity, NumberSeries
from billing.numbering import UnableToIssueInvoice
from contracts.bulk import analyse
from contracts.models import Contract, Customer
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, sign

pytestmark = [pytest.mark.django_db, AHEAD]


@pytest.fixture(autouse=True)
def _legal_entity() -> None:
    ensure_legal_entity()


def bill(as_of: date = TODAY) -> BillingSummary:
    return invoice_due(as_of=as_of, trigger=BillingTrigger.SCHEDULE)


def test_one_contract_that_the_database_refuses_stops_no_other() -> None:
    contracts = sign(*[Deal(customer=f"Customer {place}") for place in range(1, 8)])
    bad = contracts[4]
    # An invoice that nobody marked on its instalment: the rule of one live invoice refuses the next.
    bill()
    Instalment.objects.filter(schedule__contract=bad, sequence=1).update(state=InstalmentState.PLANNED)

    summary = bill(date(2026, 12, 22))

    refusal = "The database refused the invoice: one_live_invoice_per_instalment."
    assert summary.failed == [
        BillingFailure(contract_id=bad.pk, contract="Customer 5 subscription", sentence=refusal)
    ]
    assert summary.issued == 6
    run = BillingRun.objects.get(pk=summary.run_id)
    assert (run.state, run.issued, run.failed, run.problems) == (
        BillingRunState.DONE,
        6,
        1,
        [{"contract": "Customer 5 subscription", "sentence": refusal}],
    )
    numbers = Invoice.objects.filter(year=2026).order_by("sequence").values_list("sequence", flat=True)
    assert list(numbers) == list(range(1, 14))  # no gap where it was refused


def test_nothing_later_of_a_refused_contract_is_billed_in_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(billing.due, "CHUNK", 1)
    sign(Deal())
    bill()
    Instalment.objects.filter(sequence=1).update(state=InstalmentState.PLANNED)

    summary = bill(date(2026, 12, 22))

    assert (summary.issued, len(summary.failed)) == (0, 1)


def test_a_series_behind_its_invoices_stops_the_run() -> None:
    sign(Deal())
    bill()
    NumberSeries.objects.update(next_number=1)

    with pytest.raises(UnableToIssueInvoice) as refusal:
        bill(date(2026, 12, 22))

    assert str(refusal.value) == (
        "The next invoice number is issued already: the number series lags behind the invoices."
    )


def test_a_fault_that_is_in_no_single_contract_stops_the_run() -> None:
    sign(*[Deal()] * 200)
    analyse(models=[Customer, Contract, BillingSchedule, Instalment])  # as after an import of so many
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE billing_invoice ADD CONSTRAINT broken CHECK (total_minor < 0)")

    with pytest.raises(UnableToIssueInvoice) as refusal:
        bill()

    assert str(refusal.value) == (
        "The fault is in no single contract. The database refused the invoice: broken."
    )
    assert BillingRun.objects.get().state == BillingRunState.FAILED


def test_a_day_before_the_last_issue_is_refused() -> None:
    sign(Deal(), Deal(start=TODAY - timedelta(days=5)))
    bill()
    sign(Deal(start=TODAY - timedelta(days=5)))

    with pytest.raises(UnableToIssueInvoice) as refusal:
        bill(TODAY - timedelta(days=1))

    sentence = (
        "Invoices dated 2026-11-22 are issued already, so none can be dated 2026-11-21. "
        "Bill as of 2026-11-22 or later, or void what is dated 2026-11-22 if it has not been sent: that frees "
        "the days before."
    )
    assert str(refusal.value) == sentence
    run = BillingRun.objects.latest("pk")
    assert (run.state, run.issued, run.problems) == (BillingRunState.FAILED, 0, [{"sentence": sentence}])
    assert run.finished_at is not None


@pytest.mark.parametrize(
    ("facts", "missing"),
    [
        ({"street": " \n", "city": ""}, "address"),
        ({"name": "", "street": "", "city": ""}, "name and address"),
    ],
)
def test_nothing_is_issued_before_the_sender_is_complete(facts: dict[str, str], missing: str) -> None:
    ensure_legal_entity(**facts)
    sign(Deal())

    with pytest.raises(UnableToIssueInvoice) as refusal:
        bill()

    assert str(refusal.value) == (
        f"The {missing} of the legal entity is missing, so no invoice is legal. "
        "Enter it under Settings, Legal entity."
    )
    assert Invoice.objects.count() == 0
    ensure_legal_entity()
    assert bill().issued == 1


def test_nobody_to_send_the_invoices() -> None:
    sign(Deal())
    LegalEntity.objects.all().delete()

    with pytest.raises(UnableToIssueInvoice) as refusal:
        bill()

    assert str(refusal.value) == (
        "The name and address of the legal entity is missing, so no invoice is legal. "
        "Enter it under Settings, Legal entity."
    )
    assert BillingRun.objects.get().state == BillingRunState.FAILED
