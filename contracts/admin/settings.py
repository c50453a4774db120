"""Rows that people may change in the admin. Each change goes to the audit."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from contracts.audited_form import record_form


class OneRowAdmin(admin.ModelAdmin):
    """A table of one row: it can be made while it is missing, and changed, but not deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not self.model._default_manager.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        record_form(form=form, subject=obj, actor=request.user)  # type: ignore[arg-type]
