"""What finance has decided on billing: mode, limits, and the period that is closed."""

from collections.abc import Mapping
from datetime import date

from django.db import connection

from billing.enums import LimitKind
from billing.models import ApprovalLimit, BillingPolicy


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
