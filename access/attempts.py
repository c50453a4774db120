"""Writes down who signed in, tried to, and signed out: in the audit and in the log.

A name that belongs to nobody is not written down: people type passwords into the wrong field.
"""

import hashlib
import logging

from django.contrib.auth.models import AbstractBaseUser, User
from django.core.cache import cache

from access.limits import Guess, counted_name, named
from contracts import audit

logger = logging.getLogger(__name__)

SIGNED_IN = "Signed in"
SIGNED_OUT = "Signed out"
FAILED = "Sign-in failed"
LIMITED = "Sign-in limited"
UNKNOWN = "an unknown name"
TOLD_AGAIN_AFTER = 300  # seconds


def note_signed_in(*, user: AbstractBaseUser) -> None:
    logger.info("%s signed in", user.get_username())
    audit.record(actor=user, action=SIGNED_IN, subject=user)


def note_signed_out(*, user: AbstractBaseUser, reason: str = "") -> None:
    logger.info("%s signed out", user.get_username())
    audit.record(actor=user, action=SIGNED_OUT, subject=user, reason=reason)


def note_failed(*, guess: Guess) -> None:
    user = _subject(guess)
    logger.warning("Sign-in failed for %s from %s", user.username, guess.address)
    _record(action=FAILED, user=user)


def note_limited(*, guess: Guess) -> None:
    """Logs each try. The audit gets one entry in five minutes for a name and address."""
    user = _subject(guess)
    logger.warning("Sign-in limited for %s from %s", user.username, guess.address)
    told = hashlib.sha256(f"{counted_name(guess.name)} {guess.address}".encode()).hexdigest()
    if cache.add(f"limited:{told}", True, TOLD_AGAIN_AFTER):
        _record(action=LIMITED, user=user)


def _subject(guess: Guess) -> User:
    return named(guess.name) or User(pk=0, username=UNKNOWN)


def _record(*, action: str, user: User) -> None:
    entry = audit.entry(actor=None, action=action, subject=user)
    entry.actor_name = "Not signed in"
    audit.append(entry)
