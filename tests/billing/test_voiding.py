from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now

from billing.enums import AfterVoid, BillingTrigger, ControlKind, InstalmentState, InvoiceState, ScheduleState
from billing.issuing.invoicing import invoice_due
from billing.issuing.policy import PeriodLocked
from billing.models import BillingPolicy, BillingSchedule, ControlChange, Instalment, Invoice, InvoiceMail
from billing.receivables.crediting import request_credit
from billing.receivables.voiding import UnableToVoid, may_be_void, void_invoice
from contracts.enums import ContractState
from contracts.models import AuditEntry, Contract
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, invoices, sign
from tests.billing.people import person
from tests.invariants import plant

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


def test_whoever_has_the_right_since_today_asks_another(invoice: Invoice, settings: Any) -> None:
    settings.NEW_ROLE_WAITS = timedelta(hours=24)
    friend = person("friend", group="Approver")

    assert not void_invoice(invoice=invoice, then=AfterVoid.BILL_AGAIN, reason="Wrong", actor=friend)
    assert Invoice.objects.get().state == InvoiceState.ISSUED
    assert [change.kind for change in ControlChange.objects.filter(outcome="")] == [ControlKind.VOID]


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

    with pytest.raises(
        UnableToVoid, match="is issued: only an invoice that was never sent, paid or credited"
    ):
        void(invoice, ann)
    invoice.refresh_from_db()
    assert not may_be_void(invoice=invoice)


def test_an_invoice_of_a_closed_period_is_refused(invoice: Invoice, ann: User) -> None:
    BillingPolicy.objects.create(locked_until=TODAY)

    with pytest.raises(PeriodLocked):
        void(invoice, ann)

    invoice.refresh_from_db()
    assert invoice.state == InvoiceState.ISSUED


def test_only_what_was_voided_changes(ann: User) -> None:
    """The other contract, its schedule, its period and its invoice stay as they are."""
    ensure_legal_entity()
    sign(Deal(months=1), Deal(customer="Other", months=1))
    bill()
    bill(date(2026, 12, 22))
    first, other = Invoice.objects.order_by("sequence")

    void(first, ann)

    contracts = Contract.objects.order_by("pk")
    assert list(contracts.values_list("state", "billing_schedule__state")) == [
        (ContractState.ACTIVE, ScheduleState.ACTIVE),
        (ContractState.COMPLETED, ScheduleState.ENDED),
    ]
    states = Instalment.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [InstalmentState.PLANNED, InstalmentState.INVOICED]
    other.refresh_from_db()
    assert other.state == InvoiceState.ISSUED
    entry = AuditEntry.objects.get(action="Contract reopened")
    assert (entry.object_id, entry.actor, entry.before, entry.after, entry.reason) == (
        first.contract_id,
        ann,
        {"state": "completed"},
        {"state": "active"},
        "INV-2026-000001 was voided: a period is to be billed again.",
    )


@pytest.mark.parametrize(
    ("facts", "may"), [("", True), ("state = 'sent'", False), ("sent_at = now()", False)]
)
def test_what_may_be_void(facts: str, may: bool, invoice: Invoice, ann: User) -> None:
    if facts:
        plant(f"UPDATE billing_invoice SET {facts}")
    invoice.refresh_from_db()

    assert may_be_void(invoice=invoice) is may
    if not may:
        with pytest.raises(UnableToVoid, match="only an invoice that was never sent, paid or credited"):
            void(invoice, ann)


def test_mail_of_another_invoice_stops_no_void(ann: User) -> None:
    ensure_legal_entity()
    sign(Deal(), Deal(customer="Other"))
    bill()
    first, other = Invoice.objects.order_by("sequence")
    InvoiceMail.objects.filter(invoice=other).update(state="bounced", sent_at=Now())

    assert (may_be_void(invoice=first), may_be_void(invoice=other)) == (True, False)
    with pytest.raises(UnableToVoid, match="A mail of INV-2026-000002 bounced"):
        void(other, ann)


@pytest.mark.parametrize("state", [ContractState.ACTIVE, ContractState.SUSPENDED])
def test_contract_that_was_not_completed_is_not_reopened(
    state: ContractState, invoice: Invoice, ann: User
) -> None:
    Contract.objects.update(state=state)

    void(invoice, ann)

    assert Contract.objects.get().state == state
    assert AuditEntry.objects.filter(action="Contract reopened").count() == 0
