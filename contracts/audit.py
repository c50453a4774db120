"""Appends to the audit. Called in the transaction of the change it records.

An entry names the address of the request that is being answered; those of commands and tasks name none.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model

from contracts.models import AuditEntry, Customer
from fincelo.origin import current_address

_written: ContextVar[list[int] | None] = ContextVar("written", default=None)

NAMES_PEOPLE = (Customer,)
"""Their entries outlive a request to be forgotten, so they are named by their number."""


def record(
    *,
    actor: AbstractBaseUser | None,
    action: str,
    subject: Model,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Never pass a secret: before and after are shown to support."""
    made = entry(actor=actor, action=action, subject=subject, before=before, after=after, reason=reason)
    append(made)
    return made


def append(made: AuditEntry) -> None:
    made.save(force_insert=True)
    _note([made.pk])


def record_all(entries: Iterable[AuditEntry]) -> None:
    """Many at once, in one statement."""
    made = AuditEntry.objects.bulk_create(entries)
    _note([one.pk for one in made])


@contextmanager
def watch() -> Iterator[list[int]]:
    """The keys of the entries that are written meanwhile, for a request that must not go unrecorded.

    Some may be gone at the end, with a transaction that was rolled back.
    """
    keys: list[int] = []
    token = _written.set(keys)
    try:
        yield keys
    finally:
        _written.reset(token)


def is_watching() -> bool:
    """Whether a request is being answered, which records automatically what was asked for."""
    return _written.get() is not None


def stands(keys: Sequence[int]) -> bool:
    """Whether any of these entries was written for good."""
    return bool(keys) and AuditEntry.objects.filter(pk__in=keys).exists()


def record_request(
    *, actor: AbstractBaseUser, action: str, page: str, object_id: int, after: Mapping[str, Any]
) -> None:
    """What a person asked for at a page, where nothing else says it."""
    append(
        AuditEntry(
            actor_id=actor.pk,
            actor_name=actor.get_username(),
            address=current_address() or None,
            action=action,
            object_type="page",
            object_id=object_id,
            object_name=page,
            after=dict(after),
        )
    )


def entry(
    *,
    actor: AbstractBaseUser | None,
    action: str,
    subject: Model,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    return AuditEntry(
        actor_id=actor.pk if actor else None,
        actor_name=actor.get_username() if actor else "Fincelo",
        address=current_address() or None,
        action=action,
        object_type=subject._meta.label_lower,
        object_id=subject.pk,
        object_name=_name(subject),
        before=dict(before or {}),
        after=dict(after or {}),
        reason=reason,
    )


def _note(keys: Sequence[int]) -> None:
    written = _written.get()
    if written is not None:
        written.extend(keys)


def _name(subject: Model) -> str:
    if isinstance(subject, NAMES_PEOPLE):
        return f"{subject._meta.verbose_name} {subject.pk}".capitalize()
    return str(subject)[:500]
