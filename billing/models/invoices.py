from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Reverse, Upper
from django.urls import reverse

from billing.enums import (
    AskReason,
    BillingRunState,
    BillingTrigger,
    InstalmentState,
    InvoiceState,
    ScheduleState,
    SeriesKind,
)
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
from billing.tax import WHOLE
from contracts.models import Contract, Customer
from contracts.party_columns import PartyColumns, country_is_a_code, text
from fincelo.validators import one_line

PREFIX_LENGTH = 4
PREFIX = RegexValidator(r"\A[A-Z0-9]{1,4}\Z", "Use one to four capital letters and digits.")


class LegalEntity(PartyColumns):
    """Who sends the invoices. The oldest row is the one that bills until more are supported."""

    name = models.CharField(max_length=200, validators=[one_line])
    legal_info = models.TextField(
        "legal information",
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="What letters of the company must name: register court, managing directors, capital.",
    )
    vat_currency = text(3, verbose_name="VAT currency")
    requires_buyer_address = models.BooleanField(
        "invoices need the customer's address",
        default=True,
        db_default=True,
        help_text="As the law of nearly every country asks. An invoice without one waits.",
    )
    invoice_prefix = models.CharField(
        max_length=PREFIX_LENGTH,
        default="INV",
        validators=[PREFIX],
        help_text="Stands before the year and the number: INV-2026-000001. At most 16 characters in all.",
    )
    credit_note_prefix = models.CharField(
        max_length=PREFIX_LENGTH,
        default="CN",
        db_default="CN",
        validators=[PREFIX],
        help_text="Stands before the year and the number of credit notes: CN-2026-000001.",
    )
    payment_terms_days = models.PositiveSmallIntegerField(
        default=30, validators=[MaxValueValidator(365)], help_text="Days until an invoice is due."
    )
    default_tax_rate = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(WHOLE - 1)],
        help_text=(
            "In thousandths of a percent: 19000 is 19 %. For customers in the same country without a rate of "
            "their own. Empty: every customer needs one."
        ),
    )
    prices_include_tax = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Contract values include the tax. Otherwise it is added to them.",
    )

    class Meta:
        triggers = [never_emptied(name="legal_entities_are_kept", words="Legal entities")]
        verbose_name_plural = "legal entities"
        constraints = [
            models.CheckConstraint(
                condition=~Q(invoice_prefix=F("credit_note_prefix")),
                name="series_have_their_own_prefixes",
                violation_error_message="Invoices and credit notes need different prefixes.",
            ),
            models.CheckConstraint(
                condition=Q(default_tax_rate=None) | Q(default_tax_rate__lt=WHOLE),
                name="default_tax_rate_is_a_rate",
            ),
            country_is_a_code("legal_entity_country_is_a_code"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def missing(self) -> str:
        """In words, what every invoice must name of its sender and cannot yet; empty once it is complete."""
        parts = (("name", bool(self.name.strip())), ("address", self.has_address))
        return " and ".join(word for word, is_there in parts if not is_there)

    @property
    def needs_tax_id(self) -> bool:
        """It charges tax and cannot name the id or number under which it does."""
        return bool(self.default_tax_rate) and not self.tax_id


class NumberSeries(models.Model):
    """The next number of one kind of document, legal entity and year. Locked last, and only to issue."""

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    kind = models.CharField(max_length=11, choices=SeriesKind.choices, db_default=SeriesKind.INVOICE.value)
    year = models.PositiveSmallIntegerField()
    next_number = models.PositiveIntegerField(db_default=1)
    last_issue_date = models.DateField(null=True, help_text="Issue dates never fall as numbers rise.")

    class Meta:
        triggers = [never_emptied(name="number_series_are_kept", words="Number series")]
        verbose_name_plural = "number series"
        constraints = [
            models.UniqueConstraint(
                fields=["legal_entity", "year", "kind"], name="one_series_per_entity_year_and_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.year}"


class BillingSchedule(models.Model):
    """The plan by which one contract is billed. With this row the Smart Billing Agent is activated."""

    contract = models.OneToOneField(Contract, on_delete=models.PROTECT, related_name="billing_schedule")
    state = models.CharField(max_length=10, choices=ScheduleState.choices)
    asks_because = models.CharField(
        max_length=10,
        choices=AskReason.choices,
        db_default=AskReason.MISSED.value,
        help_text="Why it needs a decision, while it does.",
    )
    has_short_period = models.BooleanField(
        db_default=False, help_text="The term is no multiple of the cycle: the last period is shorter."
    )
    activated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers = [never_emptied(name="schedules_are_kept", words="Billing schedules")]

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
    parked_by = models.ForeignKey(
        "BillingRun",
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="parked_instalments",
        help_text="The run that found it to exceed a bound, until somebody has decided.",
    )
    is_cleared = models.BooleanField(
        db_default=False, help_text="Somebody has decided that it is billed whatever the bounds say."
    )

    class Meta:
        triggers = [never_emptied(name="instalments_are_kept", words="Instalments")]
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
            ),
            models.Index(
                fields=["parked_by"],
                condition=Q(parked_by__isnull=False),
                name="instalment_parked_by_run",
            ),
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
    drafted = models.PositiveIntegerField(db_default=0, help_text="Left for approval.")
    totals = models.JSONField(
        default=dict,
        db_default={},
        help_text="By currency: what was issued or drafted, as the contracts say.",
    )
    caught_up_since = models.DateField(
        null=True, help_text="The first day on which nothing had been billed, where it caught up an outage."
    )
    parked = models.JSONField(
        default=list, db_default=[], help_text="What exceeded the usual: currency, invoices, minor units."
    )
    problems = models.JSONField(
        default=list, db_default=[], help_text="Contract and sentence of each failure."
    )
    backend_pid = models.IntegerField(null=True, help_text="The database session of the process at work.")
    backend_start = models.DateTimeField(null=True)

    class Meta:
        triggers = [never_emptied(name="billing_runs_are_kept", words="Billing runs")]
        indexes = [models.Index(fields=["-started_at"], name="billing_run_newest_first")]

    def __str__(self) -> str:
        return f"Billing as of {self.as_of}"


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
    number = models.CharField(max_length=16, null=True)  # noqa: DJ001  a draft has none
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
