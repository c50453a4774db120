"""A second person confirms what another one has asked for, and it holds from then on."""

from datetime import date

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from billing.enums import AfterVoid, BillingMode, ControlKind, LimitKind
from billing.issuing.controls import UnableToConfirm, locked_open, mark_confirmed, withdraw
from billing.issuing.letterheads import coming_look, put_next_look
from billing.issuing.policy import billing_policy, facts_of, in_force, put_policy, write_limit
from billing.models import ControlChange, Invoice
from billing.receivables.voiding import make_void


def confirm(*, change: ControlChange, actor: AbstractBaseUser) -> None:
    with transaction.atomic():
        found = locked_open(change)
        mark_confirmed(change=found, actor=actor)
        _ensure_unchanged(found)
        _apply(found, actor=actor)


def withdraw_request(*, change: ControlChange, actor: AbstractBaseUser) -> None:
    with transaction.atomic():
        withdraw(change=change, actor=actor)


def _ensure_unchanged(change: ControlChange) -> None:
    """A request says what it changes; what was tightened since must not be undone by confirming it."""
    asked = change.payload
    if "before" not in asked:  # of an earlier release, or a void
        return
    match ControlKind(change.kind):
        case ControlKind.LIMIT:
            present: object = in_force(kind=LimitKind(asked["kind"]), currency=asked["currency"])
        case ControlKind.POLICY:
            present = facts_of(billing_policy())
        case ControlKind.LETTERHEAD:
            present = coming_look(legal_entity_id=asked["legal_entity"])
        case ControlKind.VOID:
            return
    if present != asked["before"]:
        raise UnableToConfirm(
            "What this request changes was changed since it was asked for. Withdraw it and ask again."
        )


def _apply(change: ControlChange, *, actor: AbstractBaseUser) -> None:
    asked = change.payload
    match ControlKind(change.kind):
        case ControlKind.LIMIT:
            write_limit(
                kind=LimitKind(asked["kind"]),
                currency=asked["currency"],
                minor=asked["minor"],
                drops=asked["drops"],
                actor=actor,
            )
        case ControlKind.POLICY:
            until = asked["locked_until"]
            put_policy(
                mode=BillingMode(asked["mode"]),
                locked_until=date.fromisoformat(until) if until else None,
                actor=actor,
            )
        case ControlKind.LETTERHEAD:
            put_next_look(asked=asked, actor=actor)
        case ControlKind.VOID:
            invoice = Invoice.objects.get(pk=asked["invoice"])
            then = AfterVoid(asked["then"])
            make_void(invoice=invoice, then=then, reason=asked["reason"], actor=actor)


__all__ = ["UnableToConfirm", "confirm", "withdraw_request"]
