"""Audits who got or lost a role or right outside of a request: in a shell, a command or a program.

In a request the admin says it, with what else was changed of the person or role (access/admin.py).
"""

import getpass
import os
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_save, pre_save

from contracts import audit

WORDS = {"post_add": "given", "post_remove": "taken", "pre_clear": "taken"}
FLAGS = ("is_superuser", "is_staff", "is_active")


def connect() -> None:
    for through in (User.groups.through, User.user_permissions.through, Group.permissions.through):
        m2m_changed.connect(note_change, sender=through, dispatch_uid=f"access.{through.__name__}")
    pre_save.connect(remember_flags, sender=User, dispatch_uid="access.flags_before")
    post_save.connect(note_flags, sender=User, dispatch_uid="access.flags_after")


def disconnect() -> None:
    """For tests, which make their people themselves."""
    for through in (User.groups.through, User.user_permissions.through, Group.permissions.through):
        m2m_changed.disconnect(sender=through, dispatch_uid=f"access.{through.__name__}")
    pre_save.disconnect(sender=User, dispatch_uid="access.flags_before")
    post_save.disconnect(sender=User, dispatch_uid="access.flags_after")


def note_change(
    *, action: str, instance: Model, reverse: bool, model: type[Model], pk_set: set[int] | None, **kwargs: Any
) -> None:
    word = WORDS.get(action)
    if word is None or audit.is_watching():
        return
    others = model._default_manager.filter(pk__in=pk_set) if pk_set is not None else _all_of(instance, model)
    for whose, what in _pairs(instance, list(others), reverse=reverse):
        if what:
            noun = "Role" if isinstance(what[0], Group) else "Right"
            _record(subject=whose, action=f"{noun} {word}", after={noun.lower(): sorted(map(_name, what))})


def remember_flags(*, instance: User, raw: bool = False, **kwargs: Any) -> None:
    before = User.objects.filter(pk=instance.pk).values(*FLAGS).first() if instance.pk else None
    instance._flags_before = before or {}  # type: ignore[attr-defined]


def note_flags(*, instance: User, created: bool, **kwargs: Any) -> None:
    """A superuser or staff member that is made, and any of the flags that changes."""
    if audit.is_watching():
        return
    before = getattr(instance, "_flags_before", {})
    after = {name: getattr(instance, name) for name in FLAGS}
    changed = [name for name in FLAGS if after[name] != before.get(name, name == "is_active")]
    if changed:
        _record(
            subject=instance,
            action="User added" if created else "User changed",
            before={name: before[name] for name in changed if name in before},
            after={name: after[name] for name in changed},
        )


def _all_of(instance: Model, model: type[Model]) -> Iterable[Model]:
    """What a person or role loses at once."""
    if isinstance(instance, User):
        return instance.groups.all() if model is Group else instance.user_permissions.all()
    if isinstance(instance, Group):
        return instance.permissions.all() if model is Permission else instance.user_set.all()
    return ()


def _pairs(instance: Model, others: list[Model], *, reverse: bool) -> Iterable[tuple[Model, list[Model]]]:
    """Whose roles or rights change, and which ones."""
    return ((other, [instance]) for other in others) if reverse else ((instance, others),)


def _name(what: Model) -> str:
    if isinstance(what, Permission):
        return f"{what.content_type.app_label}.{what.codename}"
    return str(what)


def _record(
    *, subject: Model, action: str, after: dict[str, Any], before: dict[str, Any] | None = None
) -> None:
    entry = audit.entry(actor=None, action=action, subject=subject, before=before, after=after)
    entry.actor_name = f"{_system_user()} on the server, as {connection.settings_dict.get('USER') or 'owner'}"
    audit.append(entry)


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"user {os.getuid()}"
