from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Reverse, Upper
from django.urls import reverse

from billing.enums import InvoiceState
from billing.models.legal_entities import NUMBER_LENGTH, LegalEntity
from billing.models.schedules import BillingRun, Instalment
from billing.models.triggers import (
    InvoiceNamesItsParties,
    IssuedByTheDatabasesDay,
    IssuedHasLines,
    IssuedInvoiceIsFrozen,
    IssuedLineStays,
    LinesAddUp,
    NothingBilledWhileWaiting,
    issued_stays,
    never_emptied,
)
from contracts.models import Contract, Customer

_SETTLED = F("paid_minor") + F("credited_minor")
_STATE_FOLLOWS = (
    Q(state__in=[InvoiceState.DRAFT, InvoiceState.VOID], paid_minor=0, credited_minor=0)
    | Q(state__in=[InvoiceState.ISSUED, InvoiceState.SENT], paid_minor=0, credited_minor__lt=F("total_minor"))
    | Q(state=InvoiceState.PART_PAID, paid_minor__gt=0, total_minor__gt=_SETTLED)
    | Q(state=InvoiceState.PAID, paid_minor__gt=0, total_minor__lte=_SETTLED)
    | Q(state=InvoiceState.CREDITED, credited_minor=F("total_minor"))
)


class Invoice(models.Model):
    """A legal document. From issue on the database refuses every change of what was issued."""

    legal_entity = models.ForeignKey(
        LegalEntity,
        on_delete=models.PROTECT,
        db_index=False,  # the numbers' keys begin with it
    )
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="invoices")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="invoices")
    instalment = models.ForeignKey(
        Instalment, on_delete=models.PROTECT, related_name="invoices", db_index=False
    )
    billing_run = models.ForeignKey(BillingRun, on_delete=models.PROTECT, null=True, related_name="invoices")
    state = models.CharField(max_length=10, choices=InvoiceState.choices)
    number = models.CharField(max_length=NUMBER_LENGTH, null=True)  # noqa: DJ001  a draft has none
    year = models.PositiveSmallIntegerField(null=True)
    sequence = models.PositiveIntegerField(null=True)
    issue_date = models.DateField(null=True)
    due_date = models.DateField(null=True)
    currency = models.CharField(max_length=3)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField(db_default=0)
    total_minor = models.BigIntegerField()
    tax_summary = models.JSONField(
        default=list, db_default=[], help_text="Per rate: rate in thousandths of a percent, net and tax."
    )
    prices_include_tax = models.BooleanField(db_default=False)
    credited_minor = models.BigIntegerField(db_default=0, help_text="The total of its credit notes.")
    paid_minor = models.BigIntegerField(db_default=0, help_text="The sum of its payments.")
    sent_at = models.DateTimeField(null=True)
    payment_terms_days = models.PositiveSmallIntegerField()
    po_number = models.CharField(max_length=100, blank=True, db_default="")
    seller = models.JSONField(help_text="Frozen copy; format 2 has the address in parts.")
    buyer = models.JSONField(help_text="Frozen copy; format 2 has the address in parts.")
    custom_fields = models.JSONField(
        default=list, db_default=[], help_text="Frozen copy of those that are printed: label, type, value."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        permissions = [
            ("approve_invoice", "Can approve drafts up to the limits"),
            ("approve_over_limit", "Can approve drafts over the limits"),
            ("void_invoice", "Can make invoices void"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["instalment"],
                condition=~Q(state=InvoiceState.VOID),
                name="one_live_invoice_per_instalment",
            ),
            models.UniqueConstraint(fields=["legal_entity", "number"], name="invoice_number_is_unique"),
            models.UniqueConstraint(
                fields=["legal_entity", "year", "sequence"], name="invoice_sequence_is_unique"
            ),
            models.CheckConstraint(
                condition=Q(
                    state=InvoiceState.DRAFT,
                    number=None,
                    year=None,
                    sequence=None,
                    issue_date=None,
                )
                | (
                    ~Q(state=InvoiceState.DRAFT)
                    & Q(
                        number__isnull=False,
                        year__isnull=False,
                        sequence__isnull=False,
                        issue_date__isnull=False,
                        due_date__isnull=False,
                    )
                ),
                name="invoice_is_numbered_at_issue",
            ),
            models.CheckConstraint(
                condition=Q(total_minor=F("net_minor") + F("tax_minor")), name="invoice_total_is_net_plus_tax"
            ),
            models.CheckConstraint(
                condition=Q(credited_minor__gte=0, credited_minor__lte=F("total_minor")),
                name="credited_is_never_above_the_invoice",
            ),
            models.CheckConstraint(
                condition=Q(paid_minor__gte=0, paid_minor__lte=F("total_minor")),
                name="paid_is_never_above_the_invoice",
            ),
            models.CheckConstraint(condition=_STATE_FOLLOWS, name="invoice_state_follows_from_its_balance"),
        ]
        indexes = [
            models.Index(fields=["-issue_date", "-id"], name="invoice_newest_first"),
            models.Index(OpClass(Upper("number"), "text_pattern_ops"), name="invoice_by_number"),
            models.Index(OpClass(Reverse("number"), "text_pattern_ops"), name="invoice_by_end_of_number"),
            models.Index(
                OpClass(Upper("po_number"), "text_pattern_ops"),
                condition=~Q(po_number=""),
                name="invoice_by_po",
            ),
            models.Index(fields=["total_minor"], name="invoice_by_total"),
            models.Index(F("total_minor") - F("credited_minor") - F("paid_minor"), name="invoice_by_balance"),
            models.Index(fields=["state", "-issue_date", "-id"], name="invoice_by_state"),
        ]
        triggers = [
            issued_stays(name="issued_invoice_stays", word="Invoice"),
            IssuedInvoiceIsFrozen(name="issued_invoice_is_frozen"),
            IssuedByTheDatabasesDay(name="issued_by_the_databases_day"),
            NothingBilledWhileWaiting(name="nothing_is_billed_while_waiting"),
            IssuedHasLines(name="issued_invoice_has_lines"),
            InvoiceNamesItsParties(name="issued_invoice_names_its_parties"),
            never_emptied(name="invoices_are_kept", words="Issued invoices"),
        ]

    def __str__(self) -> str:
        return self.number or "Draft"

    def get_absolute_url(self) -> str:
        return reverse("invoice", args=[self.pk])

    @property
    def balance_minor(self) -> int:
        """What is open. Below zero the customer has paid more than was left after credit."""
        return self.total_minor - self.credited_minor - self.paid_minor


class InvoiceLine(models.Model):
    """A charge."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines", db_index=False)
    position = models.PositiveSmallIntegerField()
    description = models.CharField(max_length=600)
    period_start = models.DateField()
    period_end = models.DateField(help_text="The first day after the period.")
    amount_minor = models.BigIntegerField(help_text="Without tax.")
    tax_rate = models.PositiveIntegerField(db_default=0, help_text="In thousandths of a percent.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="one_invoice_line_per_place"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="invoice_line_amount_is_positive"),
        ]
        triggers = [
            IssuedLineStays(name="invoice_line_is_frozen"),
            LinesAddUp(name="invoice_lines_add_up"),
            never_emptied(name="invoice_lines_are_kept", words="Lines of issued invoices"),
        ]

    def __str__(self) -> str:
        return self.description
