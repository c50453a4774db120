"""What one person does alone, and what waits for a second one.

Whoever is bound by a control cannot lift it alone: loosening one is a request that another approver confirms,
tightening holds at once. A limit is compared with all that was credited and made void without a second
person, for the customer and by the person, within thirty days. Until the first invoice is issued one person
sets everything alone.
"""

from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection
from django.db.models import F, Q, Sum
from django.db.models.functions import Now

from billing.enums import ControlKind, ControlOutcome, CreditNoteState, InvoiceState
from billing.models import ControlChange, CreditNote, Invoice, Letterhead
from contracts import audit
from contracts.models import Customer
from fincelo import role_age

WINDOW = timedelta(days=30)
RIGHTS = {
    ControlKind.LIMIT: "billing.change_billingpolicy",
    ControlKind.POLICY: "billing.change_billingpolicy",
    ControlKind.LETTERHEAD: "billing.change_billingpolicy",
    ControlKind.VOID: "billing.void_invoice",
}
"""What the second person needs."""


class UnableToConfirm(Exception):
    """The request was decided, or this person may not decide it."""


def one_person_decides(*, actor: AbstractBaseUser | None) -> bool:
    """While nothing has been issued, and for whoever runs the machine."""
    return actor is None or not Invoice.objects.exclude(state=InvoiceState.DRAFT).exists()


def ask(
    *,
    kind: ControlKind,
    subject: str,
    sentence: str,
    payload: dict[str, Any],
    actor: AbstractBaseUser,
    customer: Customer | None = None,
    currency: str = "",
    minor: int | None = None,
) -> ControlChange:
    """A request for a second person; it replaces an open one of the same subject. Opens no transaction."""
    for other in ControlChange.objects.select_for_update().filter(subject=subject, outcome=""):
        _close(other, outcome=ControlOutcome.WITHDRAWN, actor=actor)
    change = ControlChange.objects.create(
        kind=kind,
        subject=subject,
        sentence=sentence[:300],
        payload=payload,
        customer=customer,
        currency=currency,
        amount_minor=minor,
        requested_by_id=actor.pk,
    )
    audit.record(actor=actor, action="Second person asked for", subject=change, after=payload)
    return change


def note_letterhead_alone(
    *, letterhead: Letterhead, before: dict[str, str], after: dict[str, str], actor: AbstractBaseUser
) -> None:
    """What one person changed during the set-up, so that the approvers are told of it."""
    ControlChange.objects.create(
        kind=ControlKind.LETTERHEAD,
        outcome=ControlOutcome.ALONE,
        subject=f"letterhead {letterhead.legal_entity_id}",
        sentence="Bank details on documents",
        payload={"legal_entity": letterhead.legal_entity_id, "before": before, "after": after},
        requested_by_id=actor.pk,
        decided_by_id=actor.pk,
        decided_at=Now(),
        request_told_at=Now(),
    )


def note_alone(*, invoice: Invoice, actor: AbstractBaseUser) -> None:
    """What one person made void counts for the sums of the next thirty days."""
    ControlChange.objects.create(
        kind=ControlKind.VOID,
        outcome=ControlOutcome.ALONE,
        subject=f"invoice {invoice.pk}",
        sentence=f"{invoice} made void",
        customer_id=invoice.customer_id,
        currency=invoice.currency,
        amount_minor=invoice.total_minor,
        requested_by_id=actor.pk,
        decided_by_id=actor.pk,
        decided_at=Now(),
    )


def lock_sums(*, customer_id: int, actor: AbstractBaseUser) -> None:
    """Two documents at once cannot both fit below the limit. The first lock that a decision takes."""
    with connection.cursor() as cursor:
        for name in (f"alone by person {actor.pk}", f"alone for customer {customer_id}"):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def taken_alone(*, customer_id: int, actor: AbstractBaseUser, currency: str, as_of: date) -> int:
    """The larger of two sums of the last thirty days, in minor units: for the customer, and by the person."""
    notes = CreditNote.objects.filter(
        state=CreditNoteState.ISSUED,
        requested_by=F("approved_by"),
        currency=currency,
        issue_date__gt=as_of - WINDOW,
    )
    voids = ControlChange.objects.filter(
        kind=ControlKind.VOID,
        outcome=ControlOutcome.ALONE,
        currency=currency,
        decided_at__date__gt=as_of - WINDOW,
    )
    return max(
        (notes.filter(whose).aggregate(sum=Sum("total_minor"))["sum"] or 0)
        + (voids.filter(whose).aggregate(sum=Sum("amount_minor"))["sum"] or 0)
        for whose in (Q(customer_id=customer_id), Q(requested_by_id=actor.pk))
    )


def ensure_settled(*, actor: AbstractBaseUser, right: str) -> None:
    """RoleIsNew for somebody who has the right for less than a day. What the set-up gave holds at once."""
    issued = Invoice.objects.exclude(state=InvoiceState.DRAFT)
    since = issued.values_list("created_at", flat=True).first()
    role_age.ensure_settled(actor=actor, right=right, works_since=since)


def is_settled(*, actor: AbstractBaseUser, right: str) -> bool:
    """Whether the person has the right, and for long enough to decide with it alone."""
    try:
        ensure_settled(actor=actor, right=right)
    except role_age.RoleIsNew:
        return False
    return bool(actor.has_perm(right))  # type: ignore[attr-defined]


def open_changes() -> list[ControlChange]:
    return list(ControlChange.objects.filter(outcome="").select_related("requested_by").order_by("pk"))


def may_confirm(*, change: ControlChange, actor: AbstractBaseUser) -> bool:
    right = RIGHTS[ControlKind(change.kind)]
    return change.requested_by_id != actor.pk and bool(actor.has_perm(right))  # type: ignore[attr-defined]


def locked_open(change: ControlChange) -> ControlChange:
    found = ControlChange.objects.select_for_update().filter(pk=change.pk, outcome="").first()
    if found is None:
        raise UnableToConfirm("This request was decided in the meantime.")
    return found


def mark_confirmed(*, change: ControlChange, actor: AbstractBaseUser) -> None:
    if change.requested_by_id == actor.pk:
        raise UnableToConfirm("You asked for this yourself, so somebody else confirms it.")
    if not may_confirm(change=change, actor=actor):
        raise UnableToConfirm("Only an approver confirms this.")
    ensure_settled(actor=actor, right=RIGHTS[ControlKind(change.kind)])
    _close(change, outcome=ControlOutcome.CONFIRMED, actor=actor)


def withdraw(*, change: ControlChange, actor: AbstractBaseUser) -> None:
    """By whoever asked, or by whoever might have confirmed it. Opens no transaction."""
    found = locked_open(change)
    if found.requested_by_id != actor.pk and not may_confirm(change=found, actor=actor):
        raise UnableToConfirm("Only who asked for this, or an approver, withdraws it.")
    _close(found, outcome=ControlOutcome.WITHDRAWN, actor=actor)
    audit.record(actor=actor, action="Request withdrawn", subject=found, before=found.payload)


def _close(change: ControlChange, *, outcome: ControlOutcome, actor: AbstractBaseUser) -> None:
    change.outcome, change.decided_by_id, change.decided_at = outcome, actor.pk, Now()
    change.save(update_fields=["outcome", "decided_by", "decided_at"])
