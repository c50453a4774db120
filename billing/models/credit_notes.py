from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Reverse, Upper
from django.urls import reverse

from billing.enums import CreditNoteState
from billing.models.invoices import Invoice, InvoiceLine
from billing.models.legal_entities import NUMBER_LENGTH, LegalEntity
from billing.models.triggers import (
    CreditNoteIsFrozen,
    CreditNoteLineIsFrozen,
    CreditReachesInvoice,
    issued_stays,
    never_emptied,
)
from contracts.models import Customer


class CreditNote(models.Model):
    """Takes back an invoice or a part of it. Written as a draft; from issue on it never changes."""

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="credit_notes")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="credit_notes")
    state = models.CharField(
        max_length=10, choices=CreditNoteState.choices, db_default=CreditNoteState.DRAFT.value
    )
    number = models.CharField(max_length=NUMBER_LENGTH, null=True)  # noqa: DJ001  a draft has none
    year = models.PositiveSmallIntegerField(null=True)
    sequence = models.PositiveIntegerField(null=True)
    issue_date = models.DateField(null=True)
    currency = models.CharField(max_length=3)
    asked_minor = models.BigIntegerField(
        help_text="What is taken back: without tax, or with it where the invoice's prices include tax."
    )
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    tax_summary = models.JSONField(default=list, help_text="As on the invoice.")
    reason = models.CharField(max_length=500)
    prints_reason = models.BooleanField(
        db_default=False, help_text="Those from before it was printed keep their bytes."
    )
    lacks_lines = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Issued before every credit note had a line: it takes back tax alone, up to one unit.",
    )
    seller = models.JSONField(help_text="Frozen copy of the invoice's.")
    buyer = models.JSONField(help_text="Frozen copy of the invoice's.")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    alone_limit_minor = models.BigIntegerField(
        null=True, help_text="The limit under which one person issued it alone. Empty: two did, or none held."
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        permissions = [("issue_creditnote", "Can issue and approve credit notes")]
        constraints = [
            models.UniqueConstraint(fields=["legal_entity", "number"], name="credit_note_number_is_unique"),
            models.UniqueConstraint(
                fields=["legal_entity", "year", "sequence"], name="credit_note_sequence_is_unique"
            ),
            models.CheckConstraint(
                condition=Q(
                    state=CreditNoteState.DRAFT, number=None, year=None, sequence=None, issue_date=None
                )
                | Q(
                    state=CreditNoteState.ISSUED,
                    number__isnull=False,
                    year__isnull=False,
                    sequence__isnull=False,
                    issue_date__isnull=False,
                ),
                name="credit_note_is_numbered_at_issue",
            ),
            models.CheckConstraint(
                condition=Q(
                    total_minor=F("net_minor") + F("tax_minor"), total_minor__gt=0, asked_minor__gt=0
                ),
                name="credit_note_total_is_net_plus_tax",
            ),
        ]
        indexes = [
            models.Index(fields=["-issue_date", "-id"], name="credit_note_newest_first"),
            models.Index(fields=["total_minor"], name="credit_note_by_total"),
            models.Index(OpClass(Upper("number"), "text_pattern_ops"), name="credit_note_by_number"),
            models.Index(OpClass(Reverse("number"), "text_pattern_ops"), name="credit_note_by_end_of_number"),
        ]
        triggers = [
            issued_stays(name="issued_credit_note_stays", word="Credit note"),
            CreditNoteIsFrozen(name="issued_credit_note_is_frozen"),
            CreditReachesInvoice(name="credit_reaches_invoice"),
            never_emptied(name="credit_notes_are_kept", words="Issued credit notes"),
        ]

    def __str__(self) -> str:
        return self.number or "Draft"

    def get_absolute_url(self) -> str:
        return reverse("credit-note", args=[self.pk])


class CreditNoteLine(models.Model):
    """What is taken back of one line of the invoice."""

    credit_note = models.ForeignKey(
        CreditNote, on_delete=models.PROTECT, related_name="lines", db_index=False
    )
    position = models.PositiveSmallIntegerField()
    invoice_line = models.ForeignKey(InvoiceLine, on_delete=models.PROTECT, related_name="credit_lines")
    description = models.CharField(max_length=600)
    period_start = models.DateField()
    period_end = models.DateField(help_text="The first day after the period.")
    amount_minor = models.BigIntegerField(help_text="Without tax.")
    tax_rate = models.PositiveIntegerField(help_text="In thousandths of a percent.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["credit_note", "position"], name="one_credit_note_line_per_place"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="credit_note_line_amount_is_positive"
            ),
        ]
        triggers = [
            CreditNoteLineIsFrozen(name="credit_note_line_is_frozen"),
            never_emptied(name="credit_note_lines_are_kept", words="Lines of issued credit notes"),
        ]

    def __str__(self) -> str:
        return self.description
