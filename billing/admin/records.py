from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model
from django.http import HttpRequest

import billing.admin.legal_entities  # noqa: F401  registers it
from billing.admin.documents import credit_note_document_link, document_link
from billing.enums import BillingMode, LimitKind
from billing.forms.settings import BillingPolicyForm, LimitForm
from billing.issuing.policy import change_policy, drop_limit, lift_limit, put_limit
from billing.models import (
    ApprovalLimit,
    BillingPolicy,
    BillingRun,
    BillingSchedule,
    BillingWait,
    ContractChange,
    ControlChange,
    CreditNote,
    CreditNoteLine,
    Instalment,
    Invoice,
    InvoiceLine,
    NumberSeries,
    Payment,
    PaymentImport,
)
from contracts.admin.read_only import (
    LongListAdmin,
    MachineWrittenAdmin,
    MachineWrittenInline,
    last_day,
    link,
    money,
    pretty,
    related_list,
)
from contracts.admin.settings import OneRowAdmin


def actor_of(request: HttpRequest) -> AbstractBaseUser:
    assert request.user.is_authenticated  # the admin lets nobody else in
    return request.user


WAITS_FOR_ANOTHER = "This loosens a control, so another approver confirms it under Approvals."


@admin.register(BillingPolicy)
class BillingPolicyAdmin(OneRowAdmin):
    form = BillingPolicyForm
    list_display = ["__str__", "mode", "locked_until"]

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        in_force = change_policy(
            mode=BillingMode(form.cleaned_data["mode"]),
            locked_until=form.cleaned_data["locked_until"],
            actor=actor_of(request),
        )
        if not in_force:
            self.message_user(request, WAITS_FOR_ANOTHER, messages.WARNING)


@admin.register(ApprovalLimit)
class ApprovalLimitAdmin(LongListAdmin):
    """A limit is replaced by adding it again."""

    form = LimitForm
    list_display = ["kind", "currency", money("amount_minor", label="limit")]
    ordering = ["kind", "currency"]
    actions = None

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        if obj:
            return ["kind", "currency", money("amount_minor", label="limit")]
        return ["limit_kind", "limit_currency", "amount", "no_limit"]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return self.get_fields(request, obj) if obj else []

    def save_model(self, request: HttpRequest, obj: ApprovalLimit, form: Any, change: bool) -> None:
        kind, currency = LimitKind(form.cleaned_data["limit_kind"]), form.cleaned_data["limit_currency"]
        amount, actor = form.cleaned_data["limit"], actor_of(request)
        result = (
            put_limit(kind=kind, amount=amount, actor=actor)
            if amount is not None
            else lift_limit(kind=kind, currency=currency, actor=actor)
        )
        obj.pk, obj.kind, obj.currency = result.pk, kind.value, currency
        if isinstance(result, ControlChange):
            self.message_user(request, WAITS_FOR_ANOTHER, messages.WARNING)

    def delete_model(self, request: HttpRequest, obj: ApprovalLimit) -> None:
        if isinstance(drop_limit(limit=obj, actor=actor_of(request)), ControlChange):
            self.message_user(request, WAITS_FOR_ANOTHER, messages.WARNING)


@admin.register(NumberSeries)
class NumberSeriesAdmin(MachineWrittenAdmin):
    list_display = ["legal_entity", "kind", "year", "next_number", "last_issue_date"]
    list_select_related = ["legal_entity"]
    ordering = ["-year", "id"]
    facts = ["legal_entity", "kind", "year", "next_number", "last_issue_date"]


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
        "asks_because",
        "has_short_period",
        "activated_at",
        related_list("billing.instalment", by="schedule", label="instalments"),
    ]


@admin.register(BillingWait)
class BillingWaitAdmin(MachineWrittenAdmin):
    list_display = ["since", link("contract"), "code"]
    list_filter = ["code"]
    list_select_related = ["contract"]
    ordering = ["-id"]
    facts = [link("contract"), "code", "since"]


@admin.register(ContractChange)
class ContractChangeAdmin(MachineWrittenAdmin):
    list_display = ["first_seen_at", link("contract"), "kind", "state", "revision", "changed_at"]
    list_filter = ["state", "kind"]
    list_select_related = ["contract"]
    ordering = ["-id"]
    facts = [
        link("contract"),
        "origin",
        "kind",
        "state",
        "revision",
        pretty("before"),
        pretty("after"),
        "reason",
        "first_seen_at",
        "changed_at",
        "decided_at",
        "told_at",
    ]


@admin.register(Instalment)
class InstalmentAdmin(MachineWrittenAdmin):
    list_display = [
        "billing_date",
        link("schedule__contract"),
        "sequence",
        "period_start",
        last_day("period_end", label="period to"),
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
        last_day("period_end", label="period to"),
        money("amount_minor", currency="schedule__contract__currency", label="amount"),
        "billing_date",
        "state",
        link("parked_by"),
        "is_cleared",
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
        "drafted",
        "failed",
        pretty("totals"),
        "caught_up_since",
        pretty("parked"),
        pretty("problems"),
        related_list("billing.invoice", by="billing_run", label="invoices"),
    ]


class InvoiceLineInline(MachineWrittenInline):
    model = InvoiceLine
    facts = [
        "position",
        "description",
        "period_start",
        last_day("period_end", label="period to"),
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
    search_fields = ["number__icontains"]
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
        pretty("tax_summary"),
        "prices_include_tax",
        money("credited_minor", label="credited"),
        money("paid_minor", label="paid"),
        money("balance_minor", label="balance"),
        "sent_at",
        related_list("billing.creditnote", by="invoice", label="credit notes"),
        related_list("billing.payment", by="invoice", label="payments"),
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
        last_day("period_end", label="period to"),
        money("amount_minor", currency="invoice__currency", label="amount"),
    ]
    list_select_related = ["invoice"]
    search_fields = ["invoice__number__icontains"]
    search_help_text = "The whole invoice number."
    ordering = ["-id"]
    facts = [
        "invoice",
        "position",
        "description",
        "period_start",
        last_day("period_end", label="period to"),
        money("amount_minor", currency="invoice__currency", label="amount"),
    ]


class CreditNoteLineInline(MachineWrittenInline):
    model = CreditNoteLine
    facts = [
        "position",
        "description",
        "period_start",
        last_day("period_end", label="period to"),
        money("amount_minor", currency="credit_note__currency", label="amount"),
    ]


@admin.register(CreditNote)
class CreditNoteAdmin(MachineWrittenAdmin):
    list_display = [
        "__str__",
        "state",
        link("customer"),
        link("invoice"),
        "issue_date",
        money("total_minor", label="total"),
    ]
    list_filter = ["state", "issue_date", "currency"]
    list_select_related = ["customer", "invoice"]
    search_fields = ["number__icontains"]
    search_help_text = "The whole credit note number."
    ordering = ["-issue_date", "-id"]
    inlines = [CreditNoteLineInline]
    facts = [
        "number",
        "state",
        "legal_entity",
        "customer",
        link("invoice"),
        "issue_date",
        "reason",
        money("net_minor", label="net"),
        money("tax_minor", label="tax"),
        money("total_minor", label="total"),
        pretty("tax_summary"),
        "requested_by",
        "approved_by",
        pretty("seller"),
        pretty("buyer"),
        credit_note_document_link,
        related_list("billing.invoicemail", by="credit_note", label="mails"),
        "created_at",
    ]


@admin.register(Payment)
class PaymentAdmin(MachineWrittenAdmin):
    list_display = [
        "received_date",
        link("invoice"),
        money("amount_minor", label="amount"),
        "reference",
        "recorded_by",
        "created_at",
    ]
    list_filter = ["received_date", "currency"]
    list_select_related = ["invoice", "recorded_by"]
    search_fields = ["invoice__number__icontains"]
    search_help_text = "The whole invoice number."
    ordering = ["-received_date", "-id"]
    facts = [
        link("invoice"),
        money("amount_minor", label="amount"),
        "received_date",
        "reference",
        link("reverses"),
        link("payment_import"),
        "recorded_by",
        "created_at",
    ]


@admin.register(PaymentImport)
class PaymentImportAdmin(MachineWrittenAdmin):
    list_display = ["file_name", "imported_by", "imported_at", "recorded", "known"]
    list_select_related = ["imported_by"]
    ordering = ["-id"]
    facts = [
        "file_name",
        "imported_by",
        "imported_at",
        "recorded",
        "known",
        pretty("unmatched"),
        related_list("billing.payment", by="payment_import", label="payments"),
    ]
