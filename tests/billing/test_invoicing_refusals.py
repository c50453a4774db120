"""What stops one contract, and what stops the run."""

from datetime import date, timedelta

import pytest
from django.db import OperationalError, connection

import billing.schedules.due
from billing.enums import BillingRunState, BillingTrigger, InstalmentState, WaitCode
from billing.issuing.invoicing import BillingFailure, BillingSummary, Sums, invoice_due, rules_in_force
from billing.issuing.numbering import UnableToIssueInvoice
from billing.models import (
    BillingRun,
    BillingSchedule,
    BillingWait,
    Instalment,
    Invoice,
    LegalEntity,
    NumberSeries,
)
from billing.schedules.due import Total
from billing.schedules.waiting import wait_for
from contracts.bulk import analyse
from contracts.models import Contract, Customer
from fincelo.database_errors import words
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, sign

pytestmark = [pytest.mark.django_db, AHEAD]


@pytest.fixture(autouse=True)
def _legal_entity() -> None:
    ensure_legal_entity()


def bill(as_of: date = TODAY) -> BillingSummary:
    return invoice_due(as_of=as_of, trigger=BillingTrigger.SCHEDULE)


def test_one_contract_that_the_database_refuses_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
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
    assert f"Billing contract {bad.pk}: the database refused" in caplog.text
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
    monkeypatch.setattr(billing.schedules.due, "CHUNK", 1)
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


def test_sums_are_kept_by_currency() -> None:
    sums = Sums()
    sums.add([Total(currency="USD", invoices=1, minor=100), Total(currency="EUR", invoices=2, minor=30)])
    sums.add([Total(currency="USD", invoices=1, minor=5)])

    assert sums.totals == [
        Total(currency="EUR", invoices=2, minor=30),
        Total(currency="USD", invoices=2, minor=105),
    ]


@pytest.mark.parametrize("is_due", [False, True])
def test_the_session_is_noted_at_the_start_and_with_each_chunk(
    is_due: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_due:
        sign(Deal())
        # as if the first session was lost
        monkeypatch.setattr(
            "billing.issuing.invoicing.start_contracts",
            lambda *, as_of: BillingRun.objects.update(backend_pid=None),
        )
    assert bill().issued == is_due

    assert BillingRun.objects.get().backend_pid is not None


def test_a_run_that_the_database_ends_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*, as_of: date) -> int:
        raise OperationalError("no space")

    monkeypatch.setattr("billing.issuing.invoicing.complete_contracts", refuse)
    with pytest.raises(OperationalError):
        bill()

    run = BillingRun.objects.get()
    assert (run.state, run.problems) == (
        BillingRunState.FAILED,
        [{"sentence": " ".join(words(OperationalError("no space")))}],
    )


def test_what_cannot_be_printed_waits_when_it_is_due() -> None:
    sign(Deal())
    Contract.objects.update(name="Seats \U00013000")  # a hieroglyph

    assert bill().issued == 0
    assert BillingWait.objects.get().code == WaitCode.UNPRINTABLE


def test_what_can_be_printed_by_now_is_billed_by_the_next_run() -> None:
    [contract] = sign(Deal())
    wait_for(code=WaitCode.UNPRINTABLE, contract_ids=[contract.pk])

    assert bill().issued == 1
    assert not BillingWait.objects.exists()


def test_the_first_legal_entity_sends_the_invoices() -> None:
    first = LegalEntity.objects.get()
    LegalEntity.objects.create(name="Second", invoice_prefix="SEC", credit_note_prefix="SCN")

    assert rules_in_force().legal_entity == first
