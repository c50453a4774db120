"""Connections: their facts to look at, their field mapping and translations to edit."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest

from contracts.admin.read_only import MachineWrittenAdmin, link, pretty, related_list
from contracts.enums import CustomFieldHome
from crm_sync import mappings
from crm_sync.connection_settings import store_settings
from crm_sync.enums import SourceObject, Target
from crm_sync.forms.field_mapping import FIELD_NAME
from crm_sync.mapping_rules import FieldRule
from crm_sync.models import Connection, FieldMapping, Translation
from crm_sync.views.access import CHANGE_CONNECTIONS, CHANGE_MAPPING, signed_in
from crm_sync.views.field_mapping import read_held_again


class FieldMappingForm(forms.ModelForm):
    class Meta:
        model = FieldMapping
        fields = [
            "target",
            "custom_label",
            "custom_home",
            "source_object",
            "source_field",
            "default_value",
        ]

    def clean_source_field(self) -> str:
        name: str = self.cleaned_data["source_field"]
        if name and not FIELD_NAME.fullmatch(name):
            raise forms.ValidationError(f"\u201c{name}\u201d is no API name of a field.")
        return name


class FieldMappingFormSet(BaseInlineFormSet):
    def clean(self) -> None:
        """What keeps a mapping from being confirmed on its page keeps it from being saved here."""
        super().clean()
        if any(self.errors):
            return
        kept = [
            form.cleaned_data
            for form in self.forms
            if form.cleaned_data.get("target") and form not in self.deleted_forms
        ]
        rules = [
            FieldRule(
                target=Target(row["target"]),
                custom_label=row["custom_label"],
                custom_home=CustomFieldHome(row["custom_home"]),
                source_object=SourceObject(row["source_object"]),
                source_field=row["source_field"],
                default_value=row["default_value"],
            )
            for row in kept
        ]
        problems = mappings.lint(connection=self.instance, rules=rules)
        stopping = [problem.sentence for problem in problems if problem.blocking]
        if stopping:
            raise forms.ValidationError(stopping)


class FieldMappingInline(admin.TabularInline):
    model = FieldMapping
    form = FieldMappingForm
    formset = FieldMappingFormSet
    extra = 0


class TranslationInline(admin.TabularInline):
    model = Translation
    extra = 0


@admin.register(Connection)
class ConnectionAdmin(MachineWrittenAdmin):
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
    list_select_related = ["org", "mapping_version__connection"]
    ordering = ["name"]
    inlines = [FieldMappingInline, TranslationInline]
    facts = [
        "name",
        "provider",
        "org",
        "state",
        "state_reason",
        "mode",
        pretty("warnings"),
        "login_url",
        "instance_url",
        "api_version",
        "time_zone",
        "import_from",
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

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(CHANGE_MAPPING)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        may_change = request.user.has_perm(CHANGE_CONNECTIONS)
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
        version = mappings.ensure_version(connection=connection, actor=signed_in(request))
        if version is None:
            messages.info(request, "The field mapping is the same as before.")
            return
        reread = read_held_again(connection)
        messages.success(
            request,
            f"Version {version.number} of the field mapping is in force. Held deals read again: {reread}.",
        )
