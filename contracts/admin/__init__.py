from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from contracts.admin.read_only import MachineWrittenAdmin, last_day, link, money, pretty, related_list
from contracts.admin.settings import OneRowAdmin
from contracts.custom_fields import print_on_invoices
from contracts.forms import WorkspaceForm
from contracts.models import AuditEntry, Contract, Customer, CustomField, Workspace


@admin.register(Workspace)
class WorkspaceAdmin(OneRowAdmin):
    form = WorkspaceForm
    list_display = ["name", "time_zone", "default_currency"]


@admin.register(CustomField)
class CustomFieldAdmin(MachineWrittenAdmin):
    """Made and typed by field mappings. Whether it is printed is decided here as on its page."""

    list_display = ["label", "home", "type", "on_invoice", "created_at"]
    list_filter = ["home", "type", "on_invoice"]
    ordering = ["home", "pk"]
    facts = ["label", "home", "type", "on_invoice", "created_at"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("contracts.change_customfield")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return [
            fact for fact in self.facts if fact != "on_invoice" or not self.has_change_permission(request)
        ]

    def save_model(self, request: HttpRequest, obj: CustomField, form: Any, change: bool) -> None:
        stored = CustomField.objects.get(pk=obj.pk)
        assert request.user.is_authenticated  # a permission was asked for
        print_on_invoices(field=stored, printed=form.cleaned_data["on_invoice"], actor=request.user)


@admin.register(Customer)
class CustomerAdmin(MachineWrittenAdmin):
    list_display = ["name", "billing_email", "country", "vat_id", "created_at", "archived_at"]
    list_filter = [("archived_at", admin.EmptyFieldListFilter)]
    search_fields = ["name__istartswith"]
    search_help_text = "The beginning of the name."
    ordering = ["-id"]
    facts = [
        "name",
        "billing_email",
        "language",
        "printed_name",
        "street",
        "post_code",
        "city",
        "region",
        "country",
        "address",
        "vat_id",
        "tax_number",
        "company_id",
        "kind",
        "buyer_reference",
        "po_required",
        "entered",
        pretty("source_values"),
        pretty("custom_fields"),
        "archived_at",
        "created_at",
        "updated_at",
        related_list("contracts.contract", by="customer", label="contracts"),
        related_list("billing.invoice", by="customer", label="invoices"),
        related_list("crm_sync.crmaccount", by="customer", label="CRM accounts"),
    ]


@admin.register(Contract)
class ContractAdmin(MachineWrittenAdmin):
    list_display = [
        "name",
        link("customer"),
        money("value_minor", label="Contract Value"),
        "start_date",
        "duration_months",
        "billing_cycle",
        "state",
    ]
    list_filter = ["state", "billing_cycle", "billing_timing", "currency"]
    list_select_related = ["customer"]
    search_fields = ["name__istartswith", "customer__name__istartswith", "crm_deal__external_id__exact"]
    search_help_text = "The beginning of the contract's or customer's name, or the id of the deal."
    ordering = ["-start_date", "-id"]
    facts = [
        "name",
        "customer",
        money("value_minor", label="Contract Value"),
        "start_date",
        last_day("end_date"),
        "duration_months",
        "billing_cycle",
        "billing_timing",
        "lead_days",
        "state",
        "account_manager_email",
        "po_number",
        pretty("custom_fields"),
        "created_at",
        "updated_at",
        related_list("crm_sync.crmdeal", by="contract", label="deal"),
        related_list("billing.billingschedule", by="contract", label="billing schedule"),
        related_list("billing.invoice", by="contract", label="invoices"),
    ]


@admin.register(AuditEntry)
class AuditEntryAdmin(MachineWrittenAdmin):
    list_display = ["at", "actor_name", "address", "action", "object_name", "object_type", "reason"]
    list_filter = ["object_type"]
    search_fields = ["object_name__istartswith"]
    search_help_text = "The beginning of what the entry is about."
    ordering = ["-id"]
    facts = [
        "at",
        "actor_name",
        "address",
        "action",
        "object_type",
        "object_id",
        "object_name",
        pretty("before"),
        pretty("after"),
        "reason",
    ]
