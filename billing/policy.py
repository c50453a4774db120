"""What finance has decided on billing: mode, limits, and the period that is closed."""

from collections.abc import Iterable, Mapping
from datetime import date

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction

from billing.enums import LimitKind
from billing.models import ApprovalLimit, BillingPolicy
from contracts import audit
from contracts.money import Money


class PeriodLocked(Exception):
    """The day lies in a closed period."""


def billing_policy() -> BillingPolicy:
    """As set, or the defaults until somebody has set it."""
    return BillingPolicy.objects.first() or BillingPolicy()


def limits(*, kind: LimitKind) -> Mapping[str, int]:
    """By currency. One without a limit is never asked about."""
    return dict(ApprovalLimit.objects.filter(kind=kind).values_list("currency", "amount_minor"))


def closed_until() -> date | None:
    """The last closed day. In a transaction, no further day is closed before it ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT locked_until FROM billing_billingpolicy FOR SHARE")
        row = cursor.fetchone()
    return row[0] if row else None


def ensure_open(*, day: date) -> None:
    closed = closed_until()
    if closed and day <= closed:
        raise PeriodLocked(closed_sentence(day=day, closed=closed))


def closed_sentence(*, day: date, closed: date) -> str:
    return (
        f"The books are closed up to {closed}, so nothing can be dated {day}. "
        "Choose a later day, or have the lock moved under Settings, Billing."
    )


def add_missing_limits(
    *, kind: LimitKind, amounts: Iterable[Money], actor: AbstractBaseUser | None
) -> list[ApprovalLimit]:
    """Sets limits in currencies that have none of the kind. The others stay as they are."""
    before = limits(kind=kind)
    return [
        put_limit(kind=kind, amount=amount, actor=actor)
        for amount in amounts
        if amount.currency not in before
    ]


def put_limit(*, kind: LimitKind, amount: Money, actor: AbstractBaseUser | None) -> ApprovalLimit:
    """Sets the limit of a kind and currency, or replaces it."""
    with transaction.atomic():
        limit, is_new = ApprovalLimit.objects.select_for_update(no_key=True).get_or_create(
            kind=kind, currency=amount.currency, defaults={"amount_minor": amount.minor}
        )
        before = "" if is_new else str(Money(minor=limit.amount_minor, currency=limit.currency))
        limit.amount_minor = amount.minor
        limit.save(update_fields=["amount_minor"])
        audit.record(
            actor=actor,
            action="Approval limit set",
            subject=limit,
            before={"limit": before},
            after={"limit": str(amount)},
        )
        return limit


def drop_limit(*, limit: ApprovalLimit, actor: AbstractBaseUser) -> None:
    with transaction.atomic():
        amount = Money(minor=limit.amount_minor, currency=limit.currency)
        audit.record(
            actor=actor, action="Approval limit removed", subject=limit, before={"limit": str(amount)}
        )
        limit.delete()
