"""What counts as done alone, who may confirm what, and what loosens a control."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from billing.enums import (
    AfterVoid,
    BillingMode,
    BillingTrigger,
    ControlKind,
    ControlOutcome,
    CreditNoteState,
    LimitKind,
)
from billing.issuing.controls import (
    ask,
    may_confirm,
    note_letterhead_alone,
    one_person_decides,
    open_changes,
    taken_alone,
)
from billing.issuing.invoicing import invoice_due
from billing.issuing.policy import (
    PeriodLocked,
    add_missing_limits,
    change_policy,
    drop_limit,
    ensure_open,
    in_force,
    lift_limit,
    limits,
    put_limit,
)
from billing.models import ApprovalLimit, BillingPolicy, ControlChange, Invoice, Letterhead
from billing.receivables.confirming import UnableToConfirm, confirm, withdraw_request
from billing.receivables.crediting import request_credit
from billing.receivables.voiding import void_invoice
from contracts.models import AuditEntry
from contracts.money import Money
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, sign
from tests.billing.credited import credit, issued
from tests.billing.people import person
from tests.invariants import plant

pytestmark = [pytest.mark.django_db, AHEAD]
CREDIT, INVOICE = LimitKind.CREDIT_NOTE, LimitKind.INVOICE
APPROVE, AUTO = BillingMode.APPROVE, BillingMode.AUTO
EDGE = TODAY - timedelta(days=30)


@pytest.fixture
def ann() -> User:
    return person("ann", group="Approver")


@pytest.fixture
def ben() -> User:
    return person("ben", group="Approver")


def voided_alone(invoice: Invoice, actor: User, **facts: Any) -> None:
    """20 cents, unless the facts say otherwise."""
    row = {
        "kind": ControlKind.VOID,
        "outcome": ControlOutcome.ALONE,
        "subject": "invoice",
        "customer_id": invoice.customer_id,
        "currency": "USD",
        "amount_minor": 20,
        "requested_by": actor,
        "decided_by": actor,
        "decided_at": datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC),
    }
    ControlChange.objects.create(**row | facts)


def alone(invoice: Invoice, actor: User) -> int:
    return taken_alone(customer_id=invoice.customer_id, actor=actor, currency=invoice.currency, as_of=TODAY)


def test_what_one_person_did_alone_is_noted_in_words(ann: User) -> None:
    invoice = issued()
    letterhead, _ = Letterhead.objects.get_or_create(legal_entity=invoice.legal_entity)

    void_invoice(invoice=invoice, then=AfterVoid.BILL_AGAIN, reason="Wrong", actor=ann)
    note_letterhead_alone(letterhead=letterhead, before={}, after={"footer": "IBAN 1"}, actor=ann)

    noted = ControlChange.objects.order_by("pk")
    entity = invoice.legal_entity_id
    assert [(one.kind, one.subject, one.sentence, one.outcome, one.payload) for one in noted] == [
        (ControlKind.VOID, f"invoice {invoice.pk}", f"{invoice} made void", ControlOutcome.ALONE, {}),
        (
            ControlKind.LETTERHEAD,
            f"letterhead {entity}",
            "Bank details on documents",
            ControlOutcome.ALONE,
            {"legal_entity": entity, "before": {}, "after": {"footer": "IBAN 1"}},
        ),
    ]
    assert [one.request_told_at is None for one in noted] == [True, False]


def test_limits_that_are_set_and_removed_are_told_apart_in_the_audit(ann: User) -> None:
    ApprovalLimit.objects.create(kind=CREDIT, currency="EUR", amount_minor=9)
    limit = put_limit(kind=CREDIT, amount=Money(minor=5, currency="USD"), actor=ann)
    assert isinstance(limit, ApprovalLimit)
    for _ in range(2):  # the second time it is gone already
        drop_limit(limit=limit, actor=ann)

    assert list(AuditEntry.objects.order_by("pk").values_list("action", "before", "after")) == [
        ("Approval limit set", {"limit": ""}, {"limit": "USD 0.05"}),
        ("Approval limit removed", {"limit": "USD 0.05"}, {}),
    ]
    assert list(ApprovalLimit.objects.values_list("currency", "amount_minor")) == [("EUR", 9)]


def test_the_same_limit_again_asks_nobody(ann: User) -> None:
    issued()
    ApprovalLimit.objects.create(kind=CREDIT, currency="USD", amount_minor=5)

    assert isinstance(put_limit(kind=CREDIT, amount=Money(minor=5, currency="USD"), actor=ann), ApprovalLimit)
    assert isinstance(put_limit(kind=CREDIT, amount=Money(minor=6, currency="USD"), actor=ann), ControlChange)


def test_before_the_first_invoice_one_person_loosens_the_policy(ann: User) -> None:
    BillingPolicy.objects.create(mode=APPROVE, locked_until=TODAY)

    assert change_policy(mode=AUTO, locked_until=None, actor=ann)

    assert BillingPolicy.objects.values_list("mode", "locked_until").get() == (AUTO, None)


def test_limits_are_added_where_there_is_none(ann: User) -> None:
    ApprovalLimit.objects.create(kind=INVOICE, currency="USD", amount_minor=3)
    amounts = [Money(minor=5, currency="USD"), Money(minor=7, currency="EUR")]

    assert len(add_missing_limits(kind=INVOICE, amounts=amounts, actor=ann)) == 1

    assert limits(kind=INVOICE) == {"USD": 3, "EUR": 7}


def test_a_lifted_limit_is_none_of_the_limits() -> None:
    for currency, minor in (("USD", None), ("EUR", 0)):
        ApprovalLimit.objects.create(kind=INVOICE, currency=currency, amount_minor=minor)

    assert limits(kind=INVOICE) == {"EUR": 0}


@pytest.mark.parametrize(
    ("changed", "counts"),
    [
        ("issue_date = issue_date", True),
        (f"issue_date = '{EDGE}'", False),
        (f"issue_date = '{EDGE + timedelta(days=1)}'", True),
        ("currency = 'EUR'", False),
        ("approved_by_id = NULL", False),
    ],
)
def test_which_credit_notes_count_as_decided_alone(changed: str, counts: bool, ann: User) -> None:
    invoice = issued()
    note = credit(invoice, 100, ann)

    plant(f"UPDATE billing_creditnote SET {changed} WHERE id = {note.pk}")

    assert alone(invoice, ann) == (119 if counts else 0)


@pytest.mark.parametrize(
    ("facts", "counts"),
    [
        ({}, True),
        ({"kind": ControlKind.LIMIT}, False),
        ({"outcome": ControlOutcome.WITHDRAWN}, False),
        ({"currency": "EUR"}, False),
        ({"decided_at": datetime(2026, 10, 23, 12, tzinfo=UTC)}, False),
        ({"decided_at": datetime(2026, 10, 24, 12, tzinfo=UTC)}, True),
    ],
)
def test_which_voids_count_as_decided_alone(facts: dict[str, Any], counts: bool, ann: User) -> None:
    invoice = issued()
    voided_alone(invoice, ann, **facts)

    assert alone(invoice, ann) == (20 if counts else 0)


def test_the_larger_sum_counts_of_the_customer_and_of_the_person(ann: User, ben: User) -> None:
    invoice, other = issued(), issued(customer="Other")
    credit(invoice, 100, ann)
    voided_alone(invoice, ann)
    voided_alone(other, ann, amount_minor=30)
    voided_alone(invoice, ben, amount_minor=5)

    assert alone(invoice, ann) == 119 + 20 + 30  # of ann, with all customers
    assert alone(invoice, ben) == 119 + 20 + 5  # of the customer, by everybody
    assert alone(other, ben) == 30


def test_a_limit_that_was_lifted_stops_nobody(ann: User) -> None:
    first, second = issued(), issued(customer="Other")
    ApprovalLimit.objects.create(kind=CREDIT, currency="USD", amount_minor=None)

    assert credit(first, None, ann).state == CreditNoteState.ISSUED
    assert void_invoice(invoice=second, then=AfterVoid.BILL_AGAIN, reason="Wrong", actor=ann)


@pytest.mark.parametrize(("limit", "alone_enough"), [(11_900, True), (11_899, False)])
def test_void_above_the_limit_waits_with_all_that_it_says(
    limit: int, alone_enough: bool, ann: User, ben: User
) -> None:
    invoice = issued()
    ApprovalLimit.objects.create(kind=CREDIT, currency="USD", amount_minor=limit)

    done = void_invoice(invoice=invoice, then=AfterVoid.SUSPEND, reason="Wrong", actor=ann)

    change = ControlChange.objects.get()
    facts = (change.kind, change.subject, change.customer_id, change.currency, change.amount_minor)
    assert facts == ("void", f"invoice {invoice.pk}", invoice.customer_id, "USD", 11_900)
    assert (done, change.outcome) == (alone_enough, "alone" if alone_enough else "")
    if not alone_enough:
        confirm(change=change, actor=ben)
    invoice.refresh_from_db()
    assert (invoice.state, invoice.contract.state) == ("void", "suspended")


def asked(actor: User, subject: str = "limit") -> ControlChange:
    payload = {"kind": "invoice", "currency": "USD", "minor": 100, "drops": False}
    return ask(kind=ControlKind.LIMIT, subject=subject, sentence="x" * 301, payload=payload, actor=actor)


def test_request_replaces_the_open_one_of_its_subject_and_no_other(ann: User) -> None:
    first, other = asked(ann), asked(ann, "policy")
    second = asked(ann)

    outcomes = dict(ControlChange.objects.values_list("pk", "outcome"))
    assert outcomes == {first.pk: "withdrawn", other.pk: "", second.pk: ""}
    assert open_changes() == [other, second]
    assert len(second.sentence) == 300
    stories = AuditEntry.objects.filter(action="Second person asked for").order_by("pk")
    assert list(stories.values_list("object_id", flat=True)) == [first.pk, other.pk, second.pk]


def test_who_confirms_and_who_withdraws(ann: User, ben: User) -> None:
    finn = person("finn", group="Finance")
    change = asked(ann)
    assert [may_confirm(change=change, actor=actor) for actor in (ann, ben, finn)] == [False, True, False]

    for actor, sentence in (
        (ann, "You asked for this yourself, so somebody else confirms it."),
        (finn, "Only an approver confirms this."),
    ):
        with pytest.raises(UnableToConfirm) as refusal:
            confirm(change=change, actor=actor)
        assert str(refusal.value) == sentence
    with pytest.raises(UnableToConfirm, match="Only who asked for this, or an approver, withdraws it"):
        withdraw_request(change=change, actor=finn)
    confirm(change=change, actor=ben)

    change.refresh_from_db()
    assert (change.outcome, change.decided_by, change.decided_at is None) == ("confirmed", ben, False)
    assert limits(kind=INVOICE) == {"USD": 100}
    for act in (confirm, withdraw_request):
        with pytest.raises(UnableToConfirm, match="decided in the meantime"):
            act(change=change, actor=ben)
    for number, actor in enumerate((ann, ben)):
        withdraw_request(change=asked(ann, f"subject {number}"), actor=actor)
    assert list(
        AuditEntry.objects.filter(action="Request withdrawn").order_by("pk").values_list("actor", flat=True)
    ) == [ann.pk, ben.pk]


def test_one_person_decides_until_the_first_invoice(ann: User) -> None:
    BillingPolicy.objects.create(mode=APPROVE)
    ensure_legal_entity()
    sign(Deal())
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    assert one_person_decides(actor=ann)  # a draft is no invoice yet

    BillingPolicy.objects.update(mode=AUTO)
    sign(Deal())
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)

    assert not one_person_decides(actor=ann)
    assert one_person_decides(actor=None)


EARLIER, LATER = date(2026, 6, 1), date(2026, 7, 1)


@pytest.mark.parametrize(
    ("before", "after", "alone_enough"),
    [
        ((APPROVE, EARLIER), (APPROVE, EARLIER), True),
        ((APPROVE, EARLIER), (APPROVE, LATER), True),
        ((APPROVE, LATER), (APPROVE, EARLIER), False),
        ((APPROVE, LATER), (APPROVE, None), False),
        ((APPROVE, None), (APPROVE, LATER), True),
        ((APPROVE, None), (AUTO, None), False),
        ((AUTO, None), (APPROVE, None), True),
        ((AUTO, None), (AUTO, None), True),
    ],
)
def test_what_loosens_the_policy(before: Any, after: Any, alone_enough: bool, ann: User, ben: User) -> None:
    issued()
    BillingPolicy.objects.create(mode=before[0], locked_until=before[1])

    assert change_policy(mode=after[0], locked_until=after[1], actor=ann) is alone_enough

    if not alone_enough:
        assert BillingPolicy.objects.values_list("mode", "locked_until").get() == before
        confirm(change=ControlChange.objects.get(), actor=ben)
    assert BillingPolicy.objects.values_list("mode", "locked_until").get() == after
    story = AuditEntry.objects.filter(action="billing policy changed")
    assert story.count() == (before != after)


@pytest.mark.parametrize(
    ("kind", "before", "after", "alone_enough"),
    [
        (CREDIT, 100, 99, True),
        (CREDIT, 100, 100, True),
        (CREDIT, 100, 101, False),
        (CREDIT, 100, None, False),
        (INVOICE, None, 100, True),
        (INVOICE, 100, None, False),
    ],
)
def test_what_loosens_a_limit(
    kind: LimitKind, before: int | None, after: int | None, alone_enough: bool, ann: User, ben: User
) -> None:
    issued()
    ApprovalLimit.objects.create(kind=kind, currency="USD", amount_minor=before)
    ApprovalLimit.objects.create(kind=kind, currency="EUR", amount_minor=7)

    if after is None:
        lift_limit(kind=kind, currency="USD", actor=ann)
    else:
        put_limit(kind=kind, amount=Money(minor=after, currency="USD"), actor=ann)

    assert in_force(kind=kind, currency="USD") == (after if alone_enough else before)
    if not alone_enough:
        confirm(change=ControlChange.objects.get(), actor=ben)
    assert in_force(kind=kind, currency="USD") == after
    assert in_force(kind=kind, currency="EUR") == 7


def test_limit_that_is_dropped_gives_way_to_the_usual_one(monkeypatch: pytest.MonkeyPatch, ann: User) -> None:
    monkeypatch.setattr("billing.issuing.policy.CREDIT_LIMIT", 3)
    row = ApprovalLimit.objects.create(kind=CREDIT, currency="USD", amount_minor=500)
    other = ApprovalLimit.objects.create(kind=INVOICE, currency="USD", amount_minor=500)

    drop_limit(limit=row, actor=ann)
    drop_limit(limit=other, actor=ann)

    assert ApprovalLimit.objects.count() == 0
    assert [in_force(kind=CREDIT, currency=code) for code in ("USD", "JPY", "KWD")] == [300, 3, 3_000]
    assert in_force(kind=INVOICE, currency="USD") is None
    entries = AuditEntry.objects.filter(action="Approval limit removed").order_by("pk")
    assert [(entry.before, entry.after) for entry in entries] == [({"limit": "USD 5.00"}, {})] * 2


def test_books_are_closed_up_to_their_day() -> None:
    ensure_open(day=EARLIER)
    BillingPolicy.objects.create(locked_until=EARLIER)

    ensure_open(day=EARLIER + timedelta(days=1))
    with pytest.raises(PeriodLocked):
        ensure_open(day=EARLIER)


def test_note_of_a_customer_above_what_is_left_of_the_limit_waits(ann: User) -> None:
    invoice = issued()
    ApprovalLimit.objects.create(kind=CREDIT, currency="USD", amount_minor=238)

    states = [
        request_credit(invoice=invoice, amount=100, reason="Agreed", as_of=TODAY, actor=ann).state
        for _ in range(3)
    ]

    assert states == ["issued", "issued", "draft"]
