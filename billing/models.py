import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse

from billing import document_models  # noqa: F401  models of this app in a module of their own
from billing.enums import BillingRunState, BillingTrigger, InstalmentState, InvoiceState, ScheduleState
from contracts.models import Contract, Customer


class LegalEntity(models.Model):
    """Who sends the invoices. The oldest row is the one that bills until more are supported."""

    name = models.CharField(max_length=200)
    address = models.TextField(blank=True)
    tax_id = models.CharField(max_length=64, blank=True)
    invoice_prefix = models.CharField(
        max_length=4,
        default="INV",
        help_text="Stands before the year and the number: INV-2026-000001. At most 16 characters in all.",
    )
    payment_terms_days = models.PositiveSmallIntegerField(
        default=30, help_text="Days until an invoice is due."
    )

    class Meta:
        verbose_name_plural = "legal entities"

    def __str__(self) -> str:
        return self.name


class NumberSeries(models.Model):
    """The next invoice number of one legal entity and year. The row is locked last, and only to issue."""

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    year = models.PositiveSmallIntegerField()
    next_number = models.PositiveIntegerField(db_default=1)
    last_issue_date = models.DateField(null=True, help_text="Issue dates never fall as numbers rise.")

    class Meta:
        verbose_name_plural = "number series"
        constraints = [
            models.UniqueConstraint(fields=["legal_entity", "year"], name="one_series_per_entity_and_year")
        ]

    def __str__(self) -> str:
        return f"{self.legal_entity} {self.year}"


class BillingSchedule(models.Model):
    """The plan by which one contract is billed. With this row the Smart Billing Agent is activated."""

    contract = models.OneToOneField(Contract, on_delete=models.PROTECT, related_name="billing_schedule")
    state = models.CharField(max_length=10, choices=ScheduleState.choices)
    has_short_period = models.BooleanField(
        db_default=False, help_text="The term is no multiple of the cycle: the last period is shorter."
    )
    activated_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"Schedule of {self.contract}"


class Instalment(models.Model):
    """One billing period: what it costs and the day from which it may be billed."""

    schedule = models.ForeignKey(
        BillingSchedule, on_delete=models.PROTECT, related_name="instalments", db_index=False
    )
    sequence = models.PositiveSmallIntegerField(help_text="1 for the first period.")
    period_start = models.DateField()
    period_end = models.DateField(help_text="The first day after the period.")
    amount_minor = models.BigIntegerField()
    billing_date = models.DateField()
    state = models.CharField(
        max_length=16, choices=InstalmentState.choices, db_default=InstalmentState.PLANNED.value
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["schedule", "sequence"], name="one_instalment_per_place"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="instalment_amount_is_positive"),
            models.CheckConstraint(
                condition=Q(period_end__gt=F("period_start")), name="instalment_period_has_days"
            ),
        ]
        indexes = [
            models.Index(
                fields=["billing_date", "id"],
                condition=Q(state=InstalmentState.PLANNED),
                name="instalment_planned_by_date",
            )
        ]

    def __str__(self) -> str:
        return f"Instalment {self.sequence} of {self.schedule}"


class BillingRun(models.Model):
    """One pass of the Smart Billing Agent."""

    trigger = models.CharField(max_length=10, choices=BillingTrigger.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    as_of = models.DateField()
    state = models.CharField(
        max_length=10, choices=BillingRunState.choices, db_default=BillingRunState.RUNNING.value
    )
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True)
    issued = models.PositiveIntegerField(db_default=0)
    failed = models.PositiveIntegerField(db_default=0)
    problems = models.JSONField(
        default=list, db_default=[], help_text="Contract and sentence of each failure."
    )

    class Meta:
        indexes = [models.Index(fields=["-started_at"], name="billing_run_newest_first")]

    def __str__(self) -> str:
        return f"Billing as of {self.as_of}"


class Invoice(models.Model):
    """A legal document. From issue on the database refuses every change of what was issued."""

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="invoices")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="invoices")
    instalment = models.ForeignKey(
        Instalment, on_delete=models.PROTECT, related_name="invoices", db_index=False
    )
    billing_run = models.ForeignKey(BillingRun, on_delete=models.PROTECT, null=True, related_name="invoices")
    state = models.CharField(max_length=10, choices=InvoiceState.choices)
    number = models.CharField(max_length=16, null=True)  # noqa: DJ001  a draft has none
    year = models.PositiveSmallIntegerField(null=True)
    sequence = models.PositiveIntegerField(null=True)
    issue_date = models.DateField(null=True)
    due_date = models.DateField(null=True)
    currency = models.CharField(max_length=3)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField(db_default=0)
    total_minor = models.BigIntegerField()
    payment_terms_days = models.PositiveSmallIntegerField()
    po_number = models.CharField(max_length=100, blank=True, db_default="")
    seller = models.JSONField(help_text="Frozen copy: name, address, tax_id.")
    buyer = models.JSONField(help_text="Frozen copy: name, address, tax_id, billing_email.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
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
        ]
        indexes = [
            models.Index(fields=["-issue_date", "-id"], name="invoice_newest_first"),
            models.Index(fields=["state", "-issue_date", "-id"], name="invoice_by_state"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="issued_invoice_stays",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.state <> 'draft'"),
            ),
            pgtrigger.ReadOnly(
                name="issued_invoice_is_frozen",
                exclude=["state"],
                condition=pgtrigger.Condition("OLD.state <> 'draft'"),
            ),
        ]

    def __str__(self) -> str:
        return self.number or "Draft"

    def get_absolute_url(self) -> str:
        return reverse("invoice", args=[self.pk])


class InvoiceLine(models.Model):
    """A charge."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines", db_index=False)
    position = models.PositiveSmallIntegerField()
    description = models.CharField(max_length=600)
    period_start = models.DateField()
    period_end = models.DateField(help_text="The first day after the period.")
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="one_invoice_line_per_place"),
        ]
        triggers = [
            pgtrigger.Protect(name="invoice_line_is_frozen", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return self.description
