"""What the admins of all apps share: capped counts, rows that only Fincelo writes, links, readable JSON."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from contracts.money import Money
from contracts.writing import write_day, write_money
from fincelo.pagination import CountCappedPaginator

Shown = Callable[[Any], str]
WRITTEN_BY_ITSELF = (
    "Fincelo writes this automatically. Here it is only looked at; it changes by what is done on the pages."
)


class LongListAdmin(admin.ModelAdmin):
    """Holds at a hundred thousand rows: nothing is counted beyond the cap."""

    show_full_result_count = False
    list_per_page = 50

    def get_paginator(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        per_page: int,
        orphans: int = 0,
        allow_empty_first_page: bool = True,
    ) -> Paginator:
        return CountCappedPaginator(queryset, per_page)


class MachineWrittenAdmin(LongListAdmin):
    """To be looked at, searched and followed, never added, changed or deleted. `facts`: what a row shows."""

    facts: Sequence[str | Shown] = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        may = self.has_change_permission if object_id else self.has_add_permission
        if request.method == "POST" and not may(request):
            raise PermissionDenied(WRITTEN_BY_ITSELF)
        return super().changeform_view(request, object_id, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.has_delete_permission(request):
            raise PermissionDenied(WRITTEN_BY_ITSELF)
        return super().delete_view(request, *args, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return list(self.facts)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return list(self.facts)


class MachineWrittenInline(admin.TabularInline):
    facts: Sequence[str | Shown] = ()
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return list(self.facts)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return list(self.facts)


def link(path: str, *, label: str = "") -> Shown:
    """The row that `path` leads to, as a link into the admin."""

    @admin.display(description=label or path.rpartition("__")[2].replace("_", " "))
    def shown(row: Any) -> str:
        target = row
        for name in path.split("__"):
            target = getattr(target, name, None)
        if target is None:
            return "-"
        url = reverse(f"admin:{target._meta.app_label}_{target._meta.model_name}_change", args=[target.pk])
        return format_html('<a href="{}">{}</a>', url, target)

    return shown


def related_list(model: str, *, by: str, label: str) -> Shown:
    """The list of all rows of `model` (app_label.model_name) that belong to this one by the column `by`."""

    @admin.display(description=label)
    def shown(row: Any) -> str:
        url = reverse(f"admin:{model.replace('.', '_')}_changelist")
        return format_html('<a href="{}?{}__id__exact={}">Show</a>', url, by, row.pk)

    return shown


def pretty(name: str, *, label: str = "") -> Shown:
    """A JSON column as an indented text."""

    @admin.display(description=label or name.replace("_", " "))
    def shown(row: Any) -> str:
        text = json.dumps(getattr(row, name), indent=2, ensure_ascii=False, default=str)
        return format_html("<pre>{}</pre>", text)

    return shown


def last_day(name: str, *, label: str = "last day") -> Shown:
    """The last day covered by a span that ends before the day of that name."""

    @admin.display(description=label, ordering=name)
    def shown(row: Any) -> str:
        return write_day(getattr(row, name) - timedelta(days=1))

    return shown


def money(name: str, *, currency: str = "currency", label: str) -> Shown:
    """Minor units with their currency, which may stand on a row before: "schedule__contract__currency"."""

    @admin.display(description=label, ordering=name)
    def shown(row: Any) -> str:
        code = row
        for step in currency.split("__"):
            code = getattr(code, step)
        return write_money(Money(minor=getattr(row, name), currency=code))

    return shown
