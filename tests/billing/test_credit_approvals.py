"""Credit notes that wait for a second person."""

import pytest
from django.contrib.auth.models import User

from billing.enums import CreditNoteState, LimitKind
from billing.models import ApprovalLimit, CreditNote
from billing.receivables.crediting import (
    UnableToCredit,
    approve_credit,
    discard_credit,
)
from contracts.models import AuditEntry
from tests.billing.builders import AHEAD, TODAY
from tests.billing.credited import NEXT_YEAR, credit, issued
from tests.billing.people import person

pytestmark = [pytest.mark.django_db, AHEAD]


# A second person


def test_without_the_right_it_waits_for_an_approver(clerk: User, approver: User) -> None:
    invoice = issued()

    note = credit(invoice, 2_500, clerk)

    invoice.refresh_from_db()
    assert (note.state, note.number, invoice.credited_minor) == (CreditNoteState.DRAFT, None, 0)
    done = approve_credit(note=note, as_of=NEXT_YEAR, actor=approver)
    assert (done.state, done.number, done.requested_by, done.approved_by) == (
        CreditNoteState.ISSUED,
        "CN-2027-000001",
        clerk,
        approver,
    )
    invoice.refresh_from_db()
    assert invoice.credited_minor == 2_975


@pytest.mark.parametrize(("limit", "state"), [(2_975, "issued"), (2_974, "draft"), (None, "issued")])
def test_above_the_limit_it_waits_for_a_second_approver(
    limit: int | None, state: str, approver: User
) -> None:
    ApprovalLimit.objects.create(kind=LimitKind.CREDIT_NOTE, currency="USD", amount_minor=limit)
    ApprovalLimit.objects.create(kind=LimitKind.CREDIT_NOTE, currency="EUR", amount_minor=0)

    assert credit(issued(), 2_500, approver).state == state


def test_maker_is_not_checker(approver: User) -> None:
    ApprovalLimit.objects.create(kind=LimitKind.CREDIT_NOTE, currency="USD", amount_minor=0)
    note = credit(issued(), None, approver)

    with pytest.raises(UnableToCredit) as refusal:
        approve_credit(note=note, as_of=TODAY, actor=approver)
    done = approve_credit(note=note, as_of=TODAY, actor=person("abe", group="Approver"))

    assert str(refusal.value) == "You asked for this credit note yourself, so somebody else approves it."
    assert done.number == "CN-2026-000001"


def test_finance_approves_nothing(clerk: User) -> None:
    note = credit(issued(), None, clerk)

    with pytest.raises(UnableToCredit) as refusal:
        approve_credit(note=note, as_of=TODAY, actor=person("fay", group="Finance"))

    assert str(refusal.value) == "Only an approver may issue credit notes."


def test_what_was_decided_is_not_decided_again(clerk: User, approver: User) -> None:
    note = credit(issued(), None, clerk)
    approve_credit(note=note, as_of=TODAY, actor=approver)

    for again in (
        lambda: approve_credit(note=note, as_of=TODAY, actor=approver),
        lambda: discard_credit(note=note, actor=approver),
    ):
        with pytest.raises(UnableToCredit):
            again()
    assert CreditNote.objects.count() == 1


def test_a_draft_that_is_discarded_leaves_its_story(clerk: User) -> None:
    note = credit(issued(), None, clerk)

    discard_credit(note=note, actor=clerk)

    assert CreditNote.objects.count() == 0
    with pytest.raises(UnableToCredit, match="has since been decided"):
        discard_credit(note=CreditNote(pk=1, invoice=note.invoice), actor=clerk)
    assert list(AuditEntry.objects.order_by("pk").values_list("action", "before", "after")) == [
        ("Credit note asked for", {}, {"amount": "USD 119.00"}),
        ("Credit note discarded", {"amount": "USD 119.00"}, {}),
    ]


def test_a_draft_is_discarded_whatever_became_of_its_invoice(clerk: User, approver: User) -> None:
    invoice = issued()
    note = credit(invoice, 1_000, clerk)
    credit(invoice, None, approver)

    discard_credit(note=note, actor=clerk)

    assert [one.state for one in CreditNote.objects.all()] == [CreditNoteState.ISSUED]


def test_two_drafts_that_are_too_much_together(clerk: User, approver: User) -> None:
    invoice = issued()
    first, second = credit(invoice, 6_000, clerk), credit(invoice, 6_000, clerk)
    approve_credit(note=first, as_of=TODAY, actor=approver)

    with pytest.raises(UnableToCredit) as refusal:
        approve_credit(note=second, as_of=TODAY, actor=approver)

    assert (
        str(refusal.value)
        == "A credit note on INV-2026-000001 takes back an amount above 0, up to USD 40.00."
    )
