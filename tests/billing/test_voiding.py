from datetime import date

import pytest
from django.contrib.auth.models import User

from billing.crediting import request_credit
from billing.enums import AfterVoid, BillingTrigger, InstalmentState, InvoiceState, ScheduleState
from billing.invoicing import invoice_due
from billing.models import BillingPolicy, BillingSchedule, Instalment, Invoice
from billing.policy import PeriodLocked
from billing.voiding import UnableToVoid, void_invoice
from contracts.enums import ContractState
from contracts.models import AuditEntry, Contract
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, invoices, sign
from tests.billing.people import person

pytestmark = [pytest.mark.django_db, AHEAD]


@pytest.fixture
def ann() -> User:
    return person("ann", group="Approver")


def bill(as_of: date = TODAY) -> None:
    invoice_due(as_of=as_of, trigger=BillingTrigger.COMMAND)


@pytest.fixture
def invoice() -> Invoice:
    ensure_legal_entity()
    sign(Deal(months=2))
    bill()
    return Invoice.objects.get()


def void(invoice: Invoice, actor: User, then: AfterVoid = AfterVoid.BILL_AGAIN) -> None:
    void_invoice(invoice=invoice, then=then, reason="Wrong address", actor=actor)


def test_the_number_stays_and_the_period_is_billed_again(invoice: Invoice, ann: User) -> None:
    void(invoice, ann)
    bill()

    assert list(
        Invoice.objects.order_by("sequence").values_list("number", "state", "instalment__sequence")
    ) == [
        ("INV-2026-000001", InvoiceState.VOID, 1),
        ("INV-2026-000002", InvoiceState.ISSUED, 1),
    ]
    entry = AuditEntry.objects.get(action="Invoice voided")
    assert (entry.actor, entry.before, entry.after, entry.reason) == (
        ann,
        {"state": "issued"},
        {"state": "void", "then": "Bill the period again with the next run"},
        "Wrong address",
    )


def test_the_contract_can_wait_instead(invoice: Invoice, ann: User) -> None:
    void(invoice, ann, AfterVoid.SUSPEND)
    bill()

    assert invoices() == [("INV-2026-000001", "USD 600.00")]
    assert Contract.objects.get().state == ContractState.SUSPENDED
    assert Instalment.objects.get(sequence=1).state == InstalmentState.PLANNED


def test_a_completed_contract_goes_on_until_all_is_billed_again(invoice: Invoice, ann: User) -> None:
    bill(date(2027, 1, 22))
    assert Contract.objects.get().state == ContractState.COMPLETED
    last = Invoice.objects.get(year=2027)

    void(last, ann)
    states = (Contract.objects.get().state, BillingSchedule.objects.get().state)
    bill(date(2027, 1, 23))

    assert states == (ContractState.ACTIVE, ScheduleState.ACTIVE)
    assert Contract.objects.get().state == ContractState.COMPLETED
    assert [number for number, _ in invoices()] == ["INV-2026-000001", "INV-2027-000001", "INV-2027-000002"]


@pytest.mark.parametrize("state", ["sent", "void"])
def test_what_was_sent_or_void_before_is_refused(state: str, invoice: Invoice, ann: User) -> None:
    Invoice.objects.update(state=state)

    with pytest.raises(UnableToVoid) as refusal:
        void(invoice, ann)

    assert str(refusal.value) == (
        f"INV-2026-000001 is {state}: only an invoice that was never sent, paid or credited can be void. "
        "Write a credit note instead."
    )


def test_what_was_credited_in_part_is_refused(invoice: Invoice, ann: User) -> None:
    request_credit(invoice=invoice, amount=1, reason="x", as_of=TODAY, actor=ann)

    with pytest.raises(UnableToVoid):
        void(invoice, ann)


def test_an_invoice_of_a_closed_period_is_refused(invoice: Invoice, ann: User) -> None:
    BillingPolicy.objects.create(locked_until=TODAY)

    with pytest.raises(PeriodLocked):
        void(invoice, ann)

    invoice.refresh_from_db()
    assert invoice.state == InvoiceState.ISSUED
