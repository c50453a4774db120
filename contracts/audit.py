"""Appends to the audit. Called in the transaction of the change it records.

An entry names the address of the request that is being answered; those of commands and tasks name none.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model

from contracts.models import AuditEntry, Customer
from fincelo.origin import current_address

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
    made.save(force_insert=True)
    return made


def record_all(entries: Iterable[AuditEntry]) -> None:
    """Many at once, in one statement."""
    AuditEntry.objects.bulk_create(entries)


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


def _name(subject: Model) -> str:
    if isinstance(subject, NAMES_PEOPLE):
        return f"{subject._meta.verbose_name} {subject.pk}".capitalize()
    return str(subject)[:500]
