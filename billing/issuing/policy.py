"""What finance has decided on billing: mode, limits, and the period that is closed."""

from collections.abc import Iterable, Mapping
from datetime import date

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction

from billing.enums import BillingMode, ControlKind, LimitKind
from billing.issuing.controls import ask, one_person_decides
from billing.models import ApprovalLimit, BillingPolicy, ControlChange
from contracts import audit
from contracts.currencies import exponent
from contracts.money import Money

CREDIT_LIMIT = 1_000
"""In whole units of each currency: what one person credits or makes void where no limit is set."""


class PeriodLocked(Exception):
    """The day lies in a closed period."""


def billing_policy() -> BillingPolicy:
    """As set, or the defaults until somebody has set it."""
    return BillingPolicy.objects.first() or BillingPolicy()


def limits(*, kind: LimitKind) -> Mapping[str, int]:
    """By currency. One without a limit is never asked about."""
    return {
        currency: minor
        for currency, minor in ApprovalLimit.objects.filter(kind=kind).values_list("currency", "amount_minor")
        if minor is not None
    }


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
) -> list[ApprovalLimit | ControlChange]:
    """Sets limits in currencies that have none of the kind. The others stay as they are."""
    before = limits(kind=kind)
    return [
        put_limit(kind=kind, amount=amount, actor=actor)
        for amount in amounts
        if amount.currency not in before
    ]


def in_force(*, kind: LimitKind, currency: str) -> int | None:
    """The limit in minor units; None is no limit. Credit notes and voids have one without being asked for."""
    row = ApprovalLimit.objects.filter(kind=kind, currency=currency).first()
    return row.amount_minor if row else usual(kind=kind, currency=currency)


def usual(*, kind: LimitKind, currency: str) -> int | None:
    """What holds where nobody has set a limit."""
    if kind is LimitKind.INVOICE:
        return None
    minor: int = CREDIT_LIMIT * 10 ** exponent(currency=currency)
    return minor


def put_limit(
    *, kind: LimitKind, amount: Money, actor: AbstractBaseUser | None
) -> ApprovalLimit | ControlChange:
    """Sets the limit of a kind and currency, or asks a second person where that would loosen it."""
    return _change_limit(kind=kind, currency=amount.currency, minor=amount.minor, drops=False, actor=actor)


def lift_limit(
    *, kind: LimitKind, currency: str, actor: AbstractBaseUser | None
) -> ApprovalLimit | ControlChange:
    """No limit: an explicit decision, and one for two people."""
    return _change_limit(kind=kind, currency=currency, minor=None, drops=False, actor=actor)


def drop_limit(*, limit: ApprovalLimit, actor: AbstractBaseUser | None) -> ApprovalLimit | ControlChange:
    """Back to what holds where nobody has set one."""
    kind = LimitKind(limit.kind)
    minor = usual(kind=kind, currency=limit.currency)
    return _change_limit(kind=kind, currency=limit.currency, minor=minor, drops=True, actor=actor)


def _change_limit(
    *, kind: LimitKind, currency: str, minor: int | None, drops: bool, actor: AbstractBaseUser | None
) -> ApprovalLimit | ControlChange:
    with transaction.atomic():
        list(ApprovalLimit.objects.select_for_update().filter(kind=kind, currency=currency))
        before = in_force(kind=kind, currency=currency)
        loosens = before is not None and (minor is None or minor > before)
        if actor is None or not loosens or one_person_decides(actor=actor):
            return write_limit(kind=kind, currency=currency, minor=minor, drops=drops, actor=actor)
        worded = f"{_worded(before, currency)} to {_worded(minor, currency)}"
        return ask(
            kind=ControlKind.LIMIT,
            subject=f"limit {kind.value} {currency}",
            sentence=f"Limit of {kind.label.lower()} from {worded}",
            payload={
                "kind": kind.value,
                "currency": currency,
                "minor": minor,
                "drops": drops,
                "before": before,
            },
            actor=actor,
        )


def write_limit(
    *, kind: LimitKind, currency: str, minor: int | None, drops: bool, actor: AbstractBaseUser | None
) -> ApprovalLimit:
    """Stores a limit that was decided, or with `drops` takes the row away. Opens no transaction."""
    found = ApprovalLimit.objects.filter(kind=kind, currency=currency).first()
    limit = found or ApprovalLimit(kind=kind, currency=currency)
    before = _worded(limit.amount_minor, currency) if found else ""
    limit.amount_minor = minor
    if drops and not found:
        return limit  # somebody else has taken it away
    if not drops:
        limit.save()
    audit.record(
        actor=actor,
        action="Approval limit removed" if drops else "Approval limit set",
        subject=limit,
        before={"limit": before},
        after={} if drops else {"limit": _worded(minor, currency)},
    )
    if drops:
        limit.delete()
    return limit


def _worded(minor: int | None, currency: str) -> str:
    return "no limit" if minor is None else str(Money(minor=minor, currency=currency))


def change_policy(*, mode: BillingMode, locked_until: date | None, actor: AbstractBaseUser) -> bool:
    """Changes mode and closed period; False where a second person is asked, because it would loosen them."""
    with transaction.atomic():
        before = billing_policy()
        opens = before.locked_until is not None and (
            locked_until is None or locked_until < before.locked_until
        )
        loosens = opens or (before.mode, mode) == (BillingMode.APPROVE, BillingMode.AUTO)
        if not loosens or one_person_decides(actor=actor):
            put_policy(mode=mode, locked_until=locked_until, actor=actor)
            return True
        until = locked_until.isoformat() if locked_until else ""
        ask(
            kind=ControlKind.POLICY,
            subject="policy",
            sentence=f"Billing by {mode.label}, books closed up to {until or 'no day'}",
            payload={"mode": mode.value, "locked_until": until, "before": facts_of(before)},
            actor=actor,
        )
        return False


def put_policy(*, mode: BillingMode, locked_until: date | None, actor: AbstractBaseUser) -> None:
    """Stores what was decided. Opens no transaction."""
    policy = billing_policy()
    before = facts_of(policy)
    policy.mode, policy.locked_until = mode, locked_until
    policy.save()
    after = {"mode": mode.value, "locked_until": _day(locked_until)}
    changed = {name for name in after if before[name] != after[name]}
    if changed:
        audit.record(
            actor=actor,
            action="billing policy changed",
            subject=policy,
            before={name: before[name] for name in sorted(changed)},
            after={name: after[name] for name in sorted(changed)},
        )


def facts_of(policy: BillingPolicy) -> dict[str, str | None]:
    return {"mode": policy.mode, "locked_until": _day(policy.locked_until)}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
