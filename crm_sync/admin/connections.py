"""Connections: their facts to look at, their field mapping and translations to edit."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest

from contracts.admin.read_only import MachineWrittenAdmin, link, pretty, related_list
from crm_sync.admin.mapping_inlines import FieldMappingInline, SeenVersionForm, TranslationInline
from crm_sync.admin.pausing import PausingAdmin
from crm_sync.connections.settings import store_settings
from crm_sync.mapping import store
from crm_sync.models import Connection
from crm_sync.views.access import CHANGE_BILLING_MEANING, CHANGE_MAPPING, signed_in
from crm_sync.views.mapping.field_mapping import read_held_again


@admin.register(Connection)
class ConnectionAdmin(PausingAdmin, MachineWrittenAdmin):
    """What a connection is set to is changed on its own page; here its mapping can be mended."""

    list_display = [
        "name",
        "provider",
        link("org"),
        "state",
        "mode",
        link("mapping_version"),
        "last_success_at",
    ]
    list_filter = ["provider", "state", "mode"]
    actions = ["pause", "resume"]
    list_select_related = ["org", "mapping_version__connection"]
    ordering = ["name"]
    form = SeenVersionForm
    inlines = [FieldMappingInline, TranslationInline]
    facts = [
        "name",
        "provider",
        "org",
        "state",
        "state_reason",
        "mode",
        pretty("sentences", label="warnings"),
        "login_url",
        "instance_url",
        "api_version",
        "time_zone",
        "import_from",
        "automatic_from",
        "most_new_deals",
        "default_currency",
        pretty("stage_names"),
        "amount_means",
        "term_unit",
        "billing_timing",
        "lead_days",
        link("mapping_version"),
        "cursor_modified_at",
        "cursor_external_id",
        "cursor_window_end",
        "cursor_reached_at",
        "not_before",
        "last_success_at",
        "created_at",
        related_list("crm_sync.mappingversion", by="connection", label="mapping versions"),
        related_list("crm_sync.syncrun", by="connection", label="sync runs"),
        related_list("crm_sync.crmdeal", by="connection", label="deals"),
    ]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        changing = ["seen_version"] if self.has_change_permission(request, obj) else []
        return [*super().get_fields(request, obj), *changing]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(CHANGE_MAPPING)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        may_change = request.user.has_perm(CHANGE_BILLING_MEANING)
        return [fact for fact in self.facts if fact != "mode" or not may_change]

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """As its page does it. Writing the row itself would put an old cursor over a newer one."""
        if "mode" in form.changed_data:
            stored = Connection.objects.get(pk=obj.pk)
            store_settings(
                connection=stored, changes={"mode": form.cleaned_data["mode"]}, actor=signed_in(request)
            )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        connection: Connection = form.instance
        store.write_as_stored(connection=connection)
        version = store.ensure_version(connection=connection, actor=signed_in(request))
        if version is None:
            messages.info(request, "The field mapping is the same as before.")
            return
        reread = read_held_again(connection)
        messages.success(
            request,
            f"Version {version.number} of the field mapping is in force. Held deals read again: {reread}.",
        )
