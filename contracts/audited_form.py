"""Audits what a person changed in a form of settings, the same for pages and admin."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model
from django.forms import BaseForm

from contracts import audit


def record_form(*, form: BaseForm, subject: Model, actor: AbstractBaseUser) -> None:
    """One entry with the changed fields; none where nothing changed."""
    if not form.changed_data:
        return
    audit.record(
        actor=actor,
        action=f"{subject._meta.verbose_name} changed",
        subject=subject,
        before={name: _plain(form.initial.get(name)) for name in form.changed_data},
        after={name: _plain(form.cleaned_data[name]) for name in form.changed_data},
    )


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int) else str(value)
