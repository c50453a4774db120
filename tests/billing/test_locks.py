"""What each decision locks, and in which order: sums of a person, contracts, then the document."""

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.enums import (
    AfterVoid,
    BillingMode,
    BillingRunState,
    BillingTrigger,
    ControlKind,
    InvoiceState,
    LimitKind,
    WaitCode,
)
from billing.issuing.approving import approve_drafts, ask_about_parked, hold_back_draft
from billing.issuing.bounds import ask_about_contracts
from billing.issuing.controls import ask
from billing.issuing.invoicing import invoice_due
from billing.issuing.letterheads import change_legal_info, change_mailing, take_effect
from billing.issuing.policy import in_force, put_limit
from billing.locks import lock_contracts
from billing.models import ApprovalLimit, BillingPolicy, BillingRun, Instalment, Invoice
from billing.receivables.confirming import confirm, withdraw_request
from billing.receivables.crediting import approve_credit, discard_credit, request_credit
from billing.receivables.paying import lock_invoices, record_payment, take_back_payment
from billing.receivables.voiding import void_invoice
from billing.schedules.activation import decide_catch_up, rebuild_billing
from billing.schedules.drafting import withdraw_drafts_of_stopped
from billing.schedules.printability import note_unprintable_of, recheck_unprintable
from billing.schedules.waiting import wait_for
from contracts.enums import ContractState
from contracts.models import Contract, Customer
from contracts.money import Money
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, order_for, put, sign
from tests.billing.people import person

pytestmark = [pytest.mark.django_db, AHEAD]
SUMS = ["alone by person", "alone for customer"]
CONTRACT, INVOICE, NOTE = "contract of Acme", "billing_invoice", "billing_creditnote"
Act = Callable[[], object]


def locked_by(act: Act) -> list[str]:
    """The locks that it takes, in their order: of contracts with their customers' names."""
    with CaptureQueriesContext(connection) as statements:
        act()
    return [lock for statement in statements for lock in locks_of(statement["sql"])]


def locks_of(sql: str) -> list[str]:
    if "pg_advisory_xact_lock" in sql:
        return [found[0].strip() for found in re.finditer(r"alone \w+ \w+", sql)]
    if " FOR " not in sql or " UPDATE" not in sql or not sql.lstrip().startswith("SELECT"):
        return []
    if "FROM contracts_contract contract" in sql:
        ids = re.search(r"ANY\('\{(.*?)\}'", sql)
        assert ids is not None
        contracts = Contract.objects.filter(pk__in=ids[1].split(",")).order_by("pk")
        return [f"contract of {contract.customer.name}" for contract in contracts]
    table = re.search(r'FROM "(\w+)"', sql)
    assert table is not None
    if table[1] in (INVOICE, NOTE):  # what refers to a document need not wait for its lock
        assert " FOR NO KEY UPDATE" in sql
    return [table[1]]


@pytest.fixture(autouse=True)
def _sender() -> None:
    ensure_legal_entity()


@pytest.fixture
def ann() -> User:
    return person("ann", group="Approver")


@pytest.fixture
def abe() -> User:
    return person("abe", group="Approver")


def issued() -> Invoice:
    sign(Deal(), Deal(customer="Other"))
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    return Invoice.objects.get(buyer__name="Acme")


def drafted() -> Invoice:
    BillingPolicy.objects.create(mode=BillingMode.APPROVE)
    return issued()


def nobody_alone() -> None:
    ApprovalLimit.objects.create(kind=LimitKind.CREDIT_NOTE, currency="USD", amount_minor=0)


def test_plans(ann: User) -> None:
    asks, runs = sign(Deal(start=date(2026, 1, 1)), Deal(customer="Other"))

    assert locked_by(lambda: decide_catch_up(contract=asks, bill_from=None, as_of=TODAY, actor=ann)) == [
        CONTRACT
    ]
    order = order_for(contract_id=runs.pk, deal=Deal())
    assert locked_by(lambda: rebuild_billing(orders=[order], as_of=TODAY))[0] == "contract of Other"


def test_drafts(ann: User) -> None:
    draft = drafted()
    other = Invoice.objects.get(buyer__name="Other")

    approve = locked_by(lambda: approve_drafts(ids=[draft.pk], as_of=TODAY, actor=ann))
    hold = locked_by(lambda: hold_back_draft(draft=other, reason="Wrong", actor=ann))

    assert (approve[0], hold[0]) == (CONTRACT, "contract of Other")
    assert {*approve} & {"contract of Other"} == set()


def test_a_limit_is_locked_and_no_other(ann: User) -> None:
    of_invoices, limit, _ = (
        ApprovalLimit.objects.create(kind=kind, currency=currency, amount_minor=minor)
        for kind, currency, minor in (
            (LimitKind.INVOICE, "USD", 5),
            (LimitKind.CREDIT_NOTE, "USD", 7),
            (LimitKind.CREDIT_NOTE, "EUR", 9),
        )
    )
    with CaptureQueriesContext(connection) as statements:
        put_limit(kind=LimitKind.CREDIT_NOTE, amount=Money(minor=6, currency="USD"), actor=ann)

    [lock] = [statement["sql"] for statement in statements if " FOR UPDATE" in statement["sql"]]
    assert [found.pk for found in ApprovalLimit.objects.raw(lock)] == [limit.pk]
    assert [in_force(kind=kind, currency="USD") for kind in (LimitKind.INVOICE, LimitKind.CREDIT_NOTE)] == [
        5,
        6,
    ]
    assert ApprovalLimit.objects.get(pk=of_invoices.pk).amount_minor == 5


def test_contracts_come_in_the_order_of_their_customers() -> None:
    """So that no two processes wait for each other in a circle."""
    first, second = sign(Deal(), Deal(customer="Other"))
    customers = first.customer_id, second.customer_id
    for contract, customer in zip((first, second), reversed(customers), strict=True):
        Contract.objects.filter(pk=contract.pk).update(customer=customer)
    Customer.objects.filter(pk=first.customer_id).update(name="Acme, written last")
    with CaptureQueriesContext(connection) as statements:
        lock_contracts(contract_ids=[first.pk, second.pk])

    [lock] = [statement["sql"] for statement in statements]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_mergejoin = off; SET LOCAL enable_nestloop = off")
        cursor.execute(lock.replace("SELECT 1", "SELECT contract.id"))
        assert cursor.fetchall() == [(second.pk,), (first.pk,)]


def test_drafts_of_stopped_contracts() -> None:
    put(issued().contract, state=ContractState.SUSPENDED)
    put(sign(Deal(customer="Without an invoice"))[0], state=ContractState.SUSPENDED)
    BillingPolicy.objects.create(mode=BillingMode.APPROVE)
    invoice_due(as_of=TODAY + timedelta(days=30), trigger=BillingTrigger.COMMAND)
    drafts = Invoice.objects.filter(state=InvoiceState.DRAFT)
    assert [draft.buyer["name"] for draft in drafts] == ["Other"]

    assert locked_by(withdraw_drafts_of_stopped) == []
    put(drafts[0].contract, state=ContractState.SUSPENDED)
    assert locked_by(withdraw_drafts_of_stopped) == ["contract of Other"]


def test_what_is_printable_again() -> None:
    """The letters are of Old Persian, which no font has."""
    sign(Deal(), Deal(customer="\U000103a0"))
    acme = Customer.objects.get(name="Acme")
    wait_for(
        code=WaitCode.MANY_DEALS,
        contract_ids=Contract.objects.filter(customer=acme).values_list("pk", flat=True),
    )

    assert locked_by(lambda: note_unprintable_of(customer=acme)) == [CONTRACT]
    assert locked_by(recheck_unprintable) == ["contract of \U000103a0"]


def test_letterhead_and_mailing(ann: User) -> None:
    entity = ensure_legal_entity()

    locked = locked_by(lambda: change_legal_info(legal_entity=entity, text="Register 1", actor=ann))
    mailing = locked_by(lambda: change_mailing(automatic=True, sender="", actor=ann))

    effect = locked_by(lambda: take_effect(legal_entity=entity, day=TODAY))
    assert [name for name in locked if name.startswith("billing_letter")] == ["billing_letterhead"]
    assert (mailing, effect) == (["billing_mailing"], ["billing_letterhead"])


def test_what_is_unusual(ann: User) -> None:
    sign(Deal(start=date(2026, 8, 1)), Deal(customer="Other"), as_of=date(2026, 8, 1))
    run = BillingRun.objects.create(trigger=BillingTrigger.SCHEDULE, as_of=TODAY)

    assert locked_by(lambda: ask_about_contracts(run=run, last=None)) == [CONTRACT]
    BillingRun.objects.update(state=BillingRunState.PARKED)
    Instalment.objects.filter(schedule__contract__customer__name="Other").update(parked_by=run)
    assert locked_by(lambda: ask_about_parked(run=run, actor=ann)) == ["contract of Other"]


def test_credit_notes(ann: User, abe: User) -> None:
    invoice = issued()
    nobody_alone()
    first, second = (
        request_credit(invoice=invoice, amount=100, reason="Agreed", as_of=TODAY, actor=ann) for _ in "12"
    )

    asked = locked_by(
        lambda: request_credit(invoice=invoice, amount=1, reason="Agreed", as_of=TODAY, actor=ann)
    )
    approved = locked_by(lambda: approve_credit(note=first, as_of=TODAY, actor=abe))
    discarded = locked_by(lambda: discard_credit(note=second, actor=ann))

    assert asked == [*SUMS, CONTRACT, INVOICE]
    assert approved == discarded == [CONTRACT, INVOICE, NOTE]


def test_void(ann: User, abe: User) -> None:
    alone, asked = issued(), Invoice.objects.get(buyer__name="Other")
    void = {"then": AfterVoid.BILL_AGAIN, "reason": "Wrong", "actor": ann}

    assert locked_by(lambda: void_invoice(invoice=alone, **void))[:4] == [*SUMS, CONTRACT, INVOICE]
    nobody_alone()
    assert locked_by(lambda: void_invoice(invoice=asked, **void))[:4] == [
        *SUMS,
        "contract of Other",
        INVOICE,
    ]


def test_requests(ann: User, abe: User) -> None:
    def request(subject: str) -> Act:
        payload = {"kind": "invoice", "currency": "USD", "minor": 1, "drops": False}
        return lambda: ask(
            kind=ControlKind.LIMIT, subject=subject, sentence="More", payload=payload, actor=ann
        )

    assert locked_by(request("limit")) == ["billing_controlchange"]
    confirmed, withdrawn = request("one")(), request("two")()
    assert locked_by(lambda: confirm(change=confirmed, actor=abe))[0] == "billing_controlchange"
    assert locked_by(lambda: withdraw_request(change=withdrawn, actor=ann)) == ["billing_controlchange"]


def test_payments(ann: User) -> None:
    invoice = issued()
    money = Money(minor=100, currency="USD")
    paid = {"amount": money, "received_date": TODAY, "reference": "", "as_of": TODAY, "actor": ann}

    payment = record_payment(invoice=invoice, **paid)

    assert locked_by(lambda: record_payment(invoice=invoice, **paid)) == [INVOICE]
    back = {"payment": payment, "reason": "Wrong", "as_of": TODAY, "actor": ann}
    assert locked_by(lambda: take_back_payment(**back)) == [INVOICE]


def test_several_invoices_are_locked_in_one_order() -> None:
    first = issued()
    second = Invoice.objects.get(buyer__name="Other")
    sign(Deal(customer="Third"))
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)

    with CaptureQueriesContext(connection) as statements:
        locked = lock_invoices(ids=[second.pk, first.pk])

    assert locked == {first.pk: first, second.pk: second}
    assert 'ORDER BY "billing_invoice"."id" ASC FOR NO KEY UPDATE' in statements[0]["sql"]
