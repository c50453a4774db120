"""What documents are made with, and how they reach the customer."""

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.core.validators import validate_email
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from billing.enums import MailState
from billing.models.triggers import kept_as_made, never_emptied

if TYPE_CHECKING:
    from billing.models.credit_notes import CreditNote
    from billing.models.invoices import Invoice

FOOTER_LENGTH = 500


class Logo(models.Model):
    """A picture for the head of documents. Issued invoices name it by its hash, so it stays as it is."""

    sha256 = models.CharField(max_length=64, unique=True)
    jpeg = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers = [
            kept_as_made(name="logo_is_kept", what="A logo"),
            never_emptied(name="logos_are_kept", words="Logos of issued documents"),
        ]

    def __str__(self) -> str:
        return f"Logo {self.sha256[:8]}"


class Letterhead(models.Model):
    """What a legal entity's documents show beside its name and address. Issued ones keep what they had."""

    legal_entity = models.OneToOneField(
        "billing.LegalEntity", on_delete=models.CASCADE, related_name="letterhead"
    )
    logo = models.ForeignKey(Logo, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    footer = models.TextField(
        max_length=FOOTER_LENGTH,
        blank=True,
        default="",
        db_default="",
        help_text="At the foot of each page: bank account, register entry, managing directors.",
    )

    next_from = models.DateField(
        null=True, editable=False, help_text="From this day on what was confirmed last is printed."
    )
    next_look = models.JSONField(
        default=dict, db_default={}, editable=False, help_text="Footer, logo and legal info from then on."
    )

    def __str__(self) -> str:
        return f"Letterhead of {self.legal_entity}"


class InvoiceRendering(models.Model):
    """The hash of an issued invoice's first PDF. Every later one must have it too."""

    invoice = models.OneToOneField("billing.Invoice", on_delete=models.PROTECT, related_name="rendering")
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers = [
            kept_as_made(name="rendering_is_kept", what="The hash of a first PDF"),
            never_emptied(name="renderings_are_kept", words="The hashes of the first PDFs"),
        ]

    def __str__(self) -> str:
        return f"PDF of {self.invoice}"


class CreditNoteRendering(models.Model):
    """The same of an issued credit note."""

    credit_note = models.OneToOneField(
        "billing.CreditNote", on_delete=models.PROTECT, related_name="rendering"
    )
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers = [
            kept_as_made(name="credit_note_rendering_is_kept", what="The hash of a first PDF"),
            never_emptied(name="credit_note_renderings_are_kept", words="The hashes of the first PDFs"),
        ]

    def __str__(self) -> str:
        return f"PDF of {self.credit_note}"


class Mailing(models.Model):
    """How invoices and credit notes are mailed: one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    automatic = models.BooleanField(
        "mail invoices and credit notes when they are issued",
        default=True,
        help_text="Otherwise each waits under Invoices, Mail until somebody sends it.",
    )
    sender = models.CharField(
        "sender address",
        max_length=320,
        blank=True,
        default="",
        db_default="",
        validators=[validate_email],
        help_text="Where answers go. Empty: the address of the mail server's settings.",
    )

    class Meta:
        verbose_name = "mailing"
        verbose_name_plural = "mailing"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="mailing_is_one")]

    def __str__(self) -> str:
        return "Mailing of invoices"


class InvoiceMail(models.Model):
    """One mail that brings an invoice, or a credit note on it, to the customer.

    Written with the document and sent afterwards; a credit note only once its invoice was.
    """

    invoice = models.ForeignKey("billing.Invoice", on_delete=models.PROTECT, related_name="mails")
    credit_note = models.ForeignKey(
        "billing.CreditNote", on_delete=models.PROTECT, null=True, db_index=False, related_name="mails"
    )
    state = models.CharField(max_length=10, choices=MailState.choices)
    recipient = models.CharField(max_length=320, blank=True, db_default="", help_text="Of the last try.")
    tries = models.PositiveSmallIntegerField(db_default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    may_have_left = models.BooleanField(
        db_default=False,
        help_text="A try broke off, so that nobody knows whether the mail server has it.",
    )
    problem = models.TextField(blank=True, db_default="")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(credit_note=None, state__in=["by_hand", "no_address", "waiting", "sending"]),
                name="one_open_mail_per_invoice",
            ),
            models.UniqueConstraint(
                fields=["credit_note"],
                condition=Q(
                    credit_note__isnull=False, state__in=["by_hand", "no_address", "waiting", "sending"]
                ),
                name="one_open_mail_per_credit_note",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["sent", "bounced"], sent_at__isnull=False)
                | (~Q(state__in=["sent", "bounced"]) & Q(sent_at=None)),
                name="sent_mail_has_its_moment",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-id"], name="invoice_mail_by_state"),
            models.Index(
                fields=["credit_note"],
                condition=Q(credit_note__isnull=False),
                name="invoice_mail_by_credit_note",
            ),
            models.Index(
                fields=["next_try_at", "id"],
                condition=Q(state__in=["waiting", "sending"]),
                name="invoice_mail_to_send",
            ),
            models.Index(
                fields=["requested_by"],
                condition=Q(requested_by__isnull=False),
                name="invoice_mail_by_person",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="invoice_mail_is_kept", operation=pgtrigger.Delete),
            never_emptied(name="invoice_mails_are_kept", words="Mails of issued documents"),
        ]

    def __str__(self) -> str:
        return f"Mail of {self.document}"

    @property
    def document(self) -> "Invoice | CreditNote":
        return self.credit_note or self.invoice

    @property
    def message_id(self) -> str:
        """The same at every try, by which the receiving side can tell that it is one mail."""
        kind = "credit-note" if self.credit_note_id else "invoice"
        return f"<{kind}-{self.pk}-{self.created_at:%Y%m%d%H%M%S%f}@fincelo>"
