"""Writes down who signed in, tried to, and signed out: in the audit, in the log, and failures in a table.

The table counts each failure and forgets it after 90 days. The audit, which nobody can shorten, gets the
first one of a day for a person and address, and the first one of a day for all names that belong to nobody:
those who guess decide how many there are. Such a name is not written down: people type passwords into the
wrong field.
"""

import logging

from django.contrib.auth.models import AbstractBaseUser, User
from django.db.models import F
from django.db.models.functions import Now

from access.limits import Guess, named
from access.models import FailedSignIn
from contracts import audit
from contracts.clock import business_day

logger = logging.getLogger(__name__)

SIGNED_IN = "Signed in"
SIGNED_OUT = "Signed out"
FAILED = "Sign-in failed"
LIMITED = "Sign-in limited"
UNKNOWN = "an unknown name"


def note_signed_in(*, user: AbstractBaseUser) -> None:
    logger.info("%s signed in", user.get_username())
    audit.record(actor=user, action=SIGNED_IN, subject=user)


def note_signed_out(*, user: AbstractBaseUser, reason: str = "") -> None:
    logger.info("%s signed out", user.get_username())
    audit.record(actor=user, action=SIGNED_OUT, subject=user, reason=reason)


def note_failed(*, guess: Guess) -> None:
    user = _subject(guess)
    logger.warning("Sign-in failed for %s from %s", user.username, guess.address)
    if _count(user, guess.address, column="failed") == 1:
        _record(action=FAILED, user=user)


def note_limited(*, guess: Guess) -> None:
    """A try that was not looked at, because too many had been wrong."""
    user = _subject(guess)
    logger.warning("Sign-in limited for %s from %s", user.username, guess.address)
    if _count(user, guess.address, column="limited") == 1:
        _record(action=LIMITED, user=user)


def _subject(guess: Guess) -> User:
    return named(guess.name) or User(pk=0, username=UNKNOWN)


def _count(user: User, address: str, *, column: str) -> int:
    """The how many-th it is today: for this person from there, or for all names that belong to nobody."""
    day = business_day()
    today = FailedSignIn.objects.filter(day=day, user_id=user.pk)
    is_new = not today.filter(address=address).exists()
    known: str | None = address or None
    if is_new and today.count() >= FailedSignIn.MOST_ADDRESSES:
        known = None
    row, _ = FailedSignIn.objects.get_or_create(
        day=day, user_id=user.pk, address=known, defaults={"name": user.username}
    )
    FailedSignIn.objects.filter(pk=row.pk).update(**{column: F(column) + 1}, last_at=Now())
    counted = today if user.pk == 0 else today.filter(pk=row.pk)
    return sum(counted.values_list(column, flat=True))


def _record(*, action: str, user: User) -> None:
    entry = audit.entry(actor=None, action=action, subject=user)
    entry.actor_name = "Not signed in"
    audit.append(entry)
