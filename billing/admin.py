from django.contrib import admin

from billing.document_admin import document_link
from billing.models import (
    BillingRun,
    BillingSchedule,
    Instalment,
    Invoice,
    InvoiceLine,
    LegalEntity,
    NumberSeries,
)
from contracts.admin.read_only import (
    MachineWrittenAdmin,
    MachineWrittenInline,
    link,
    money,
    pretty,
    related_list,
)
from contracts.admin.settings import OneRowAdmin


@admin.register(LegalEntity)
class LegalEntityAdmin(OneRowAdmin):
    list_display = ["name", "tax_id", "invoice_prefix", "payment_terms_days"]


@admin.register(NumberSeries)
class NumberSeriesAdmin(MachineWrittenAdmin):
    list_display = ["legal_entity", "year", "next_number", "last_issue_date"]
    list_select_related = ["legal_entity"]
    ordering = ["-year", "id"]
    facts = ["legal_entity", "year", "next_number", "last_issue_date"]


@admin.register(BillingSchedule)
class BillingScheduleAdmin(MachineWrittenAdmin):
    list_display = [link("contract"), "state", "has_short_period", "activated_at"]
    list_display_links = ["activated_at"]
    list_filter = ["state", "has_short_period"]
    list_select_related = ["contract"]
    ordering = ["-id"]
    facts = [
        "contract",
        "state",
        "has_short_period",
        "activated_at",
        related_list("billing.instalment", by="schedule", label="instalments"),
    ]


@admin.register(Instalment)
class InstalmentAdmin(MachineWrittenAdmin):
    list_display = [
        "billing_date",
        link("schedule__contract"),
        "sequence",
        "period_start",
        "period_end",
        money("amount_minor", currency="schedule__contract__currency", label="amount"),
        "state",
    ]
    list_filter = ["state", "billing_date"]
    list_select_related = ["schedule__contract"]
    ordering = ["billing_date", "id"]
    facts = [
        link("schedule__contract"),
        "schedule",
        "sequence",
        "period_start",
        "period_end",
        money("amount_minor", currency="schedule__contract__currency", label="amount"),
        "billing_date",
        "state",
        related_list("billing.invoice", by="instalment", label="invoices"),
    ]


@admin.register(BillingRun)
class BillingRunAdmin(MachineWrittenAdmin):
    list_display = ["started_at", "trigger", "actor", "as_of", "state", "issued", "failed", "finished_at"]
    list_filter = ["state", "trigger"]
    list_select_related = ["actor"]
    ordering = ["-started_at", "-id"]
    facts = [
        "trigger",
        "actor",
        "as_of",
        "state",
        "started_at",
        "finished_at",
        "issued",
        "failed",
        pretty("problems"),
        related_list("billing.invoice", by="billing_run", label="invoices"),
    ]


class InvoiceLineInline(MachineWrittenInline):
    model = InvoiceLine
    facts = [
        "position",
        "description",
        "period_start",
        "period_end",
        money("amount_minor", currency="invoice__currency", label="amount"),
    ]


@admin.register(Invoice)
class InvoiceAdmin(MachineWrittenAdmin):
    list_display = [
        "__str__",
        "state",
        link("customer"),
        link("contract"),
        "issue_date",
        "due_date",
        money("total_minor", label="total"),
    ]
    list_filter = ["state", "issue_date", "currency"]
    list_select_related = ["customer", "contract"]
    search_fields = ["number__exact"]
    search_help_text = "The whole invoice number."
    ordering = ["-issue_date", "-id"]
    inlines = [InvoiceLineInline]
    facts = [
        "number",
        "state",
        "legal_entity",
        "customer",
        "contract",
        "instalment",
        "billing_run",
        "issue_date",
        "due_date",
        "payment_terms_days",
        "po_number",
        money("net_minor", label="net"),
        money("tax_minor", label="tax"),
        money("total_minor", label="total"),
        pretty("seller"),
        pretty("buyer"),
        document_link,
        related_list("billing.invoicemail", by="invoice", label="mails"),
        "created_at",
    ]


@admin.register(InvoiceLine)
class InvoiceLineAdmin(MachineWrittenAdmin):
    list_display = [
        "description",
        link("invoice"),
        "position",
        "period_start",
        "period_end",
        money("amount_minor", currency="invoice__currency", label="amount"),
    ]
    list_select_related = ["invoice"]
    search_fields = ["invoice__number__exact"]
    search_help_text = "The whole invoice number."
    ordering = ["-id"]
    facts = [
        "invoice",
        "position",
        "description",
        "period_start",
        "period_end",
        money("amount_minor", currency="invoice__currency", label="amount"),
    ]
