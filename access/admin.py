"""Users and roles in the admin, audited. allauth's own list of addresses is not used, so it is not shown."""

from typing import Any

import allauth.account.admin  # noqa: F401  registers what is taken back here
from allauth.account.models import EmailAddress
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import AbstractBaseUser, Group, User
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from access.models import FailedSignIn
from access.unlocking import unlock
from contracts import audit
from contracts.admin.read_only import MachineWrittenAdmin
from fincelo.models import RoleGrant

for model in (EmailAddress, User, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


def actor_of(request: HttpRequest) -> AbstractBaseUser:
    assert request.user.is_authenticated  # the admin lets nobody else in
    return request.user


def note_grant(*, user_id: int) -> None:
    """Whoever sets another person's password could sign in as them: they confirm nothing for a day."""
    RoleGrant.objects.create(user_id=user_id)


class AuditedAdmin(admin.ModelAdmin):
    """Leaves one entry for each row that is added, changed or deleted, with what it was and what it is."""

    noun = ""

    def facts(self, row: Any) -> dict[str, Any]:
        raise NotImplementedError

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        form.facts_before = self.facts(self.model._default_manager.get(pk=form.instance.pk)) if change else {}
        return super().save_form(request, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        before, after = form.facts_before, self.facts(self.model._default_manager.get(pk=form.instance.pk))
        changed = {name for name in after if before.get(name) != after[name]}
        audit.record(
            actor=actor_of(request),
            action=f"{self.noun} {'changed' if change else 'added'}",
            subject=form.instance,
            before={name: value for name, value in before.items() if name in changed},
            after={name: value for name, value in after.items() if name in changed},
        )

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        self._record_deletion(request, obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self._record_deletion(request, row)
        super().delete_queryset(request, queryset)

    def _record_deletion(self, request: HttpRequest, row: Model) -> None:
        audit.record(
            actor=actor_of(request), action=f"{self.noun} deleted", subject=row, before=self.facts(row)
        )


@admin.register(User)
class PersonAdmin(AuditedAdmin, UserAdmin):
    """Who may sign in, and with which roles."""

    noun = "User"
    actions = ["lift_limits"]

    def facts(self, row: Any) -> dict[str, Any]:
        return {
            "username": row.username,
            "is_active": row.is_active,
            "is_staff": row.is_staff,
            "is_superuser": row.is_superuser,
            "roles": sorted(group.name for group in row.groups.all()),
            "rights": sorted(right.codename for right in row.user_permissions.all()),
        }

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and isinstance(response, HttpResponseRedirect):
            person = self.get_object(request, id)
            assert person is not None  # its password was just set
            audit.record(actor=actor_of(request), action="Password set by another", subject=person)
            note_grant(user_id=person.pk)
        return response

    @admin.action(description="Lift the limit of wrong passwords", permissions=["change"])
    def lift_limits(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for person in queryset.order_by("pk"):
            unlock(name=person.username, actor=actor_of(request))
        names = ", ".join(queryset.order_by("username").values_list("username", flat=True))
        self.message_user(request, f"Can try again at once: {names}.", messages.SUCCESS)


@admin.register(FailedSignIn)
class FailedSignInAdmin(MachineWrittenAdmin):
    list_display = ["day", "name", "address", "failed", "limited", "first_at", "last_at"]
    search_fields = ["name__exact", "address__exact"]
    search_help_text = "A user name or an address."
    ordering = ["-last_at"]
    facts = ["day", "name", "address", "failed", "limited", "first_at", "last_at"]


@admin.register(Group)
class RoleAdmin(AuditedAdmin, GroupAdmin):
    """What a role may do. The roles that Fincelo brings get their rights back with each migrate."""

    noun = "Role"

    def facts(self, row: Any) -> dict[str, Any]:
        return {
            "name": row.name,
            "rights": sorted(
                f"{right.content_type.app_label}.{right.codename}"
                for right in row.permissions.select_related("content_type")
            ),
        }
