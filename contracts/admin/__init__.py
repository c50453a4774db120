from django.contrib import admin

from contracts.admin.read_only import MachineWrittenAdmin, link, money, pretty, related_list
from contracts.admin.settings import OneRowAdmin
from contracts.forms import WorkspaceForm
from contracts.models import AuditEntry, Contract, Customer, Workspace


@admin.register(Workspace)
class WorkspaceAdmin(OneRowAdmin):
    form = WorkspaceForm
    list_display = ["name", "time_zone", "default_currency"]


@admin.register(Customer)
class CustomerAdmin(MachineWrittenAdmin):
    list_display = ["name", "billing_email", "tax_id", "created_at", "archived_at"]
    list_filter = [("archived_at", admin.EmptyFieldListFilter)]
    search_fields = ["name__istartswith"]
    search_help_text = "The beginning of the name."
    ordering = ["-id"]
    facts = [
        "name",
        "billing_email",
        "language",
        "address",
        "tax_id",
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
    search_fields = ["customer__name__istartswith"]
    search_help_text = "The beginning of the customer's name."
    ordering = ["-start_date", "-id"]
    facts = [
        "name",
        "customer",
        money("value_minor", label="Contract Value"),
        "start_date",
        "end_date",
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
    list_display = ["at", "actor_name", "action", "object_name", "object_type", "reason"]
    list_filter = ["object_type"]
    search_fields = ["object_name__istartswith"]
    search_help_text = "The beginning of what the entry is about."
    ordering = ["-id"]
    facts = [
        "at",
        "actor_name",
        "action",
        "object_type",
        "object_id",
        "object_name",
        pretty("before"),
        pretty("after"),
        "reason",
    ]
