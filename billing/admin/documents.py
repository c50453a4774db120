"""Documents and mails, for support: to be looked at. They are changed and sent on the pages."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from billing.models import (
    CreditNote,
    CreditNoteRendering,
    Invoice,
    InvoiceMail,
    InvoiceRendering,
    Letterhead,
    Mailing,
)
from contracts.admin.read_only import MachineWrittenAdmin, link


@admin.display(description="PDF")
def document_link(invoice: Invoice) -> str:
    url = reverse("invoice-document", args=[invoice.pk])
    return format_html('<a href="{}">{}</a>', url, "Download" if invoice.number else "Preview")


@admin.display(description="PDF")
def credit_note_document_link(note: CreditNote) -> str:
    url = reverse("credit-note-document", args=[note.pk])
    return format_html('<a href="{}">{}</a>', url, "Download" if note.number else "Preview")


@admin.register(InvoiceMail)
class InvoiceMailAdmin(MachineWrittenAdmin):
    list_display = [
        "created_at",
        link("invoice"),
        link("credit_note"),
        "state",
        "recipient",
        "tries",
        "sent_at",
        "problem",
    ]
    list_filter = ["state"]
    list_select_related = ["invoice", "credit_note"]
    search_fields = ["invoice__number__exact", "credit_note__number__exact"]
    search_help_text = "The whole number of an invoice or credit note."
    ordering = ["-id"]
    facts = [
        "invoice",
        "credit_note",
        "state",
        "recipient",
        "message_id",
        "tries",
        "next_try_at",
        "sent_at",
        "may_have_left",
        "problem",
        "requested_by",
        "created_at",
    ]


@admin.register(InvoiceRendering)
class InvoiceRenderingAdmin(MachineWrittenAdmin):
    list_display = ["created_at", link("invoice"), "sha256"]
    list_select_related = ["invoice"]
    search_fields = ["invoice__number__exact", "sha256__exact"]
    search_help_text = "The whole invoice number, or the SHA-256 of a PDF."
    ordering = ["-id"]
    facts = ["invoice", "sha256", "created_at"]


@admin.register(CreditNoteRendering)
class CreditNoteRenderingAdmin(MachineWrittenAdmin):
    list_display = ["created_at", link("credit_note"), "sha256"]
    list_select_related = ["credit_note"]
    search_fields = ["credit_note__number__exact", "sha256__exact"]
    search_help_text = "The whole credit note number, or the SHA-256 of a PDF."
    ordering = ["-id"]
    facts = ["credit_note", "sha256", "created_at"]


@admin.register(Letterhead)
class LetterheadAdmin(MachineWrittenAdmin):
    list_display = ["legal_entity", "logo", "footer"]
    list_select_related = ["legal_entity", "logo"]
    ordering = ["id"]
    facts = ["legal_entity", "logo", "footer"]


@admin.register(Mailing)
class MailingAdmin(MachineWrittenAdmin):
    list_display = ["__str__", "automatic", "sender"]
    ordering = ["id"]
    facts = ["automatic", "sender"]
