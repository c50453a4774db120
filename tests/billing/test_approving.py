from collections.abc import Callable
from datetime import date

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.enums import (
    AfterVoid,
    BillingMode,
    BillingTrigger,
    InstalmentState,
    InvoiceState,
    LimitKind,
    ScheduleState,
    WaitCode,
)
from billing.issuing.approving import (
    Approval,
    UnableToApprove,
    approve_drafts,
    hold_back_draft,
    totals_of,
    waiting_drafts,
)
from billing.issuing.invoicing import BillingSummary, invoice_due
from billing.issuing.numbering import UnableToIssueInvoice
from billing.issuing.policy import PeriodLocked
from billing.models import (
    ApprovalLimit,
    BillingPolicy,
    BillingRun,
    BillingSchedule,
    BillingWait,
    Instalment,
    Invoice,
    InvoiceLine,
)
from billing.receivables.voiding import void_invoice
from billing.schedules.activation import rebuild_billing
from billing.schedules.due import Total
from contracts.enums import ContractState
from contracts.models import AuditEntry, Contract
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, invoices, order_for, put, sign
from tests.billing.people import person

pytestmark = [pytest.mark.django_db, AHEAD]

LATER = date(2026, 12, 1)


@pytest.fixture(autouse=True)
def _legal_entity() -> None:
    ensure_legal_entity()


@pytest.fixture
def finn() -> User:
    return person("finn", group="Finance")


@pytest.fixture
def ann() -> User:
    return person("ann", group="Approver")


@pytest.fixture
def _approve_mode() -> None:
    BillingPolicy.objects.create(mode=BillingMode.APPROVE)


def bill(as_of: date = TODAY) -> BillingSummary:
    return invoice_due(as_of=as_of, trigger=BillingTrigger.SCHEDULE)


def ids() -> list[int]:
    return list(waiting_drafts().values_list("pk", flat=True))


@pytest.mark.usefixtures("_approve_mode")
def test_drafts_wait_and_are_written_once() -> None:
    sign(Deal(), Deal(currency="JPY", value="120000"))

    summary = bill()
    again = bill()

    assert (summary.issued, again.drafted) == (0, [])
    assert summary.drafted == [
        Total(currency="JPY", invoices=1, minor=10_000),
        Total(currency="USD", invoices=1, minor=10_000),
    ]
    assert (
        list(Invoice.objects.values_list("state", "number", "issue_date", "due_date"))
        == [(InvoiceState.DRAFT, None, None, None)] * 2
    )
    assert Instalment.objects.filter(state=InstalmentState.DRAFTED).count() == 2
    assert totals_of(waiting_drafts()) == list(summary.drafted)


@pytest.mark.usefixtures("_approve_mode")
def test_approved_drafts_are_issued_as_of_that_day(finn: User) -> None:
    sign(Deal(customer="First"), Deal(customer="Second"))
    bill()
    ensure_legal_entity(default_tax_rate=19_000)

    done = approve_drafts(ids=ids(), as_of=LATER, actor=finn)

    assert done == Approval(issued=2, over_limit=0)
    assert list(
        Invoice.objects.order_by("sequence").values_list(
            "number", "state", "issue_date", "tax_minor", "buyer__name"
        )
    ) == [
        ("INV-2026-000001", InvoiceState.ISSUED, LATER, 1_900, "First"),
        ("INV-2026-000002", InvoiceState.ISSUED, LATER, 1_900, "Second"),
    ]
    assert InvoiceLine.objects.count() == 2
    run = BillingRun.objects.latest("pk")
    assert (run.trigger, run.actor, run.issued, run.state) == ("approval", finn, 2, "done")
    assert list(AuditEntry.objects.values_list("action", "actor", "object_id")) == [
        ("Invoice approved", finn.pk, pk)
        for pk in Invoice.objects.order_by("pk").values_list("pk", flat=True)
    ]


def test_what_is_over_the_limit_waits_for_an_approver(finn: User, ann: User) -> None:
    ApprovalLimit.objects.create(kind=LimitKind.INVOICE, currency="USD", amount_minor=10_000)
    sign(Deal(customer="At"), Deal(customer="Over", value="1200.12"), Deal(currency="EUR", value="99999"))

    summary = bill()
    refused = approve_drafts(ids=ids(), as_of=TODAY, actor=finn)
    done = approve_drafts(ids=ids(), as_of=TODAY, actor=ann)

    assert (summary.issued, summary.drafted) == (2, [Total(currency="USD", invoices=1, minor=10_001)])
    assert refused == Approval(issued=0, over_limit=1)
    assert done == Approval(issued=1, over_limit=0)


@pytest.mark.usefixtures("_approve_mode")
def test_drafts_that_wait_no_longer_are_not_issued(finn: User) -> None:
    sign(Deal())
    bill()
    before = ids()
    approve_drafts(ids=before, as_of=TODAY, actor=finn)

    with pytest.raises(UnableToApprove, match="issued or withdrawn since you opened the page"):
        approve_drafts(ids=before, as_of=TODAY, actor=finn)
    with pytest.raises(UnableToApprove, match=r"^Choose at least one draft\.$"):
        approve_drafts(ids=[], as_of=TODAY, actor=finn)

    assert invoices() == [("INV-2026-000001", "USD 100.00")]


@pytest.mark.usefixtures("_approve_mode")
def test_case_44_drafts_of_a_contract_that_stopped_are_withdrawn(finn: User) -> None:
    sign(Deal(), Deal(customer="Other"))
    bill()
    waiting = ids()
    Contract.objects.filter(name="Acme subscription").update(state=ContractState.SUSPENDED)

    approved = approve_drafts(ids=waiting, as_of=TODAY, actor=finn)
    bill()

    assert approved == Approval(issued=1, over_limit=0)
    assert list(Invoice.objects.values_list("buyer__name", flat=True)) == ["Other"]
    assert Instalment.objects.filter(state=InstalmentState.DRAFTED).count() == 0


@pytest.mark.usefixtures("_approve_mode")
def test_case_68_a_changed_contract_gets_new_drafts() -> None:
    [contract] = sign(Deal())
    bill()

    rebuild_billing(orders=[order_for(contract_id=contract.pk, deal=Deal(value="2400.00"))], as_of=TODAY)
    bill()

    assert list(Invoice.objects.values_list("state", "total_minor")) == [(InvoiceState.DRAFT, 20_000)]


@pytest.mark.usefixtures("_approve_mode")
def test_a_draft_is_held_back_with_its_contract(finn: User) -> None:
    [contract] = sign(Deal())
    bill()

    hold_back_draft(draft=Invoice.objects.get(), reason="Wrong price", actor=finn)
    summary = bill()

    contract.refresh_from_db()
    assert (contract.state, summary.drafted, Invoice.objects.count()) == (ContractState.SUSPENDED, [], 0)
    assert AuditEntry.objects.get(action="Contract suspended").reason == "Wrong price"


@pytest.mark.usefixtures("_approve_mode")
def test_a_contract_with_a_draft_is_not_completed() -> None:
    [contract] = sign(Deal(months=1))
    bill()

    summary = bill(date(2027, 1, 1))

    contract.refresh_from_db()
    assert (summary.completed, contract.state) == (0, ContractState.ACTIVE)


def test_nothing_is_dated_in_a_closed_period(finn: User) -> None:
    sentence = (
        "The books are closed up to 2026-11-22, so nothing can be dated 2026-11-22. "
        "Choose a later day, or have the lock moved under Settings, Billing."
    )
    BillingPolicy.objects.create(mode=BillingMode.APPROVE)
    sign(Deal())
    bill()
    BillingPolicy.objects.update(mode=BillingMode.AUTO, locked_until=TODAY)
    sign(Deal())

    with pytest.raises(UnableToIssueInvoice) as run:
        bill()
    with pytest.raises(PeriodLocked) as approval:
        approve_drafts(ids=ids(), as_of=TODAY, actor=finn)

    assert (str(run.value), str(approval.value)) == (sentence, sentence)
    assert BillingRun.objects.filter(state="failed").count() == 2
    assert invoices() == [(None, "USD 100.00")]
    assert bill(date(2026, 11, 23)).issued == 1


def _suspend(contract: Contract) -> None:
    put(contract, state=ContractState.SUSPENDED)


def _ask(contract: Contract) -> None:
    BillingSchedule.objects.filter(contract=contract).update(state=ScheduleState.ASKS)


def _wait(contract: Contract) -> None:
    BillingWait.objects.create(contract=contract, code=WaitCode.MANY_DEALS)


def _rename(contract: Contract) -> None:
    """To letters that no font has."""
    Contract.objects.filter(pk=contract.pk).update(name="\U00013000")


@pytest.mark.usefixtures("_approve_mode")
@pytest.mark.parametrize("stop", [_suspend, _ask, _wait, _rename])
def test_a_draft_whose_contract_stopped_is_neither_approved_nor_held_back(
    stop: Callable[[Contract], None], finn: User
) -> None:
    stopped, _ = sign(Deal(), Deal(customer="Other"))
    bill()
    before = ids()
    draft = Invoice.objects.get(contract=stopped)
    stop(stopped)

    approved = approve_drafts(ids=before, as_of=TODAY, actor=finn)

    assert (approved, [number for number, _ in invoices() if number]) == (
        Approval(issued=1, over_limit=0),
        ["INV-2026-000001"],
    )
    assert Invoice.objects.exclude(number=None).get().buyer["name"] == "Other"
    with pytest.raises(UnableToApprove, match="does not wait any longer"):
        hold_back_draft(draft=draft, reason="Wrong", actor=finn)
    assert AuditEntry.objects.filter(action="Contract suspended").count() == 0


@pytest.mark.usefixtures("_approve_mode")
def test_one_draft_is_held_back_and_the_others_wait_on(finn: User) -> None:
    sign(Deal(), Deal(customer="Other"))
    bill()

    draft = Invoice.objects.get(buyer__name="Acme")
    hold_back_draft(draft=draft, reason="Wrong", actor=finn)
    with pytest.raises(UnableToApprove, match="does not wait any longer"):
        hold_back_draft(draft=draft, reason="Wrong", actor=finn)

    assert list(Invoice.objects.values_list("buyer__name", flat=True)) == ["Other"]
    assert list(Contract.objects.order_by("pk").values_list("state", flat=True)) == ["suspended", "active"]


@pytest.mark.parametrize(
    ("included", "limit", "within"),
    [(False, 10_000, 1), (False, 9_999, 0), (True, 10_000, 1), (True, 9_999, 0)],
)
def test_limit_is_compared_with_what_the_price_says(
    included: bool, limit: int, within: int, finn: User
) -> None:
    """Without tax where it is added, and with it where the price includes it."""
    ensure_legal_entity(default_tax_rate=19_000, prices_include_tax=included)
    BillingPolicy.objects.create(mode=BillingMode.APPROVE)
    sign(Deal())
    bill()
    ApprovalLimit.objects.create(kind=LimitKind.INVOICE, currency="USD", amount_minor=limit)

    done = approve_drafts(ids=ids(), as_of=TODAY, actor=finn)

    assert done == Approval(issued=within, over_limit=1 - within)


@pytest.mark.usefixtures("_approve_mode")
def test_each_approval_is_told_once(monkeypatch: pytest.MonkeyPatch, finn: User) -> None:
    """Chunk by chunk, and not for an earlier invoice of the same period, which is void."""
    monkeypatch.setattr("billing.issuing.approving.AT_ONCE", 1)
    sign(Deal(), Deal(customer="Other"))
    bill()
    approve_drafts(ids=ids(), as_of=TODAY, actor=finn)
    void = Invoice.objects.get(buyer__name="Acme")
    void_invoice(
        invoice=void, then=AfterVoid.BILL_AGAIN, reason="Wrong", actor=person("ann", group="Approver")
    )
    bill()

    approve_drafts(ids=ids(), as_of=TODAY, actor=finn)

    again = Invoice.objects.get(buyer__name="Acme", state=InvoiceState.ISSUED)
    other = Invoice.objects.get(buyer__name="Other")
    told = AuditEntry.objects.filter(action="Invoice approved").order_by("pk")
    assert list(told.values_list("object_id", flat=True)) == [void.pk, other.pk, again.pk]
    runs = BillingRun.objects.filter(trigger=BillingTrigger.APPROVAL).order_by("pk")
    assert [(run.issued, run.state, run.finished_at is None) for run in runs] == [
        (2, "done", False),
        (1, "done", False),
    ]


@pytest.mark.usefixtures("_approve_mode")
def test_the_approval_of_one_draft_leaves_the_others_alone(finn: User) -> None:
    sign(Deal(), Deal(customer="Other"))
    bill()
    mine, others = waiting_drafts()

    with CaptureQueriesContext(connection) as statements:
        approve_drafts(ids=[mine.pk], as_of=TODAY, actor=finn)

    assert list(InvoiceLine.objects.order_by("pk").values_list("invoice__buyer__name", flat=True)) == [
        "Other",
        "Acme",
    ]
    assert list(waiting_drafts()) == [others]
    [locked] = [one["sql"] for one in statements if "FOR NO KEY UPDATE OF contract" in one["sql"]]
    assert f"{{{mine.contract_id}}}" in locked
