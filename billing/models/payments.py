from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from billing.models.invoices import Invoice
from billing.models.payment_triggers import PaymentCameByNow, PaymentReachesInvoice, PaymentStays
from billing.models.triggers import never_emptied
from billing.values import Choice, DayOrder, DecimalMark, Role


class BankProfile(models.Model):
    """How one bank writes its files, as a person has chosen it once. Its head words tell its files."""

    name = models.CharField(max_length=100)
    header_key = models.CharField(max_length=64, unique=True, help_text="Of the head words in their order.")
    encoding = models.CharField(max_length=20)
    columns = models.JSONField(default=dict, help_text="By what it says: the head word of a column.")
    decimal_mark = models.CharField(max_length=5, choices=[(mark.value, mark.value) for mark in DecimalMark])
    day_order = models.CharField(max_length=11, choices=[(order.value, order.value) for order in DayOrder])
    currency = models.CharField(max_length=3, blank=True)
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    chosen_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.name

    @property
    def choice(self) -> Choice:
        return Choice(
            encoding=self.encoding,
            columns={Role(role): head for role, head in self.columns.items()},
            decimal_mark=DecimalMark(self.decimal_mark),
            day_order=DayOrder(self.day_order),
            currency=self.currency,
        )


class PaymentImport(models.Model):
    """One file of payments that was read: what was recorded, and what matched nothing and why.

    While a person chooses how the file is read it is a preview, and its content is kept with it.
    """

    file_name = models.CharField(max_length=200)
    imported_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    imported_at = models.DateTimeField(db_default=Now(), editable=False)
    is_preview = models.BooleanField(db_default=False, help_text="Nothing of it is recorded yet.")
    content = models.BinaryField(null=True, help_text="While it is a preview.")
    content_sha256 = models.CharField(max_length=64, blank=True, db_default="", db_index=True)
    recorded = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0, help_text="Rows that an earlier import had recorded.")
    skipped = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Rows of a statement that are no money received."
    )
    unmatched = models.JSONField(default=list, help_text="Row, its values and the reason.")
    asked = models.JSONField(
        default=list, db_default=[], help_text="Rows that may be recorded already: a person decides."
    )

    class Meta:
        triggers = [never_emptied(name="payment_imports_are_kept", words="Payment files")]

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        return reverse("payment-import", args=[self.pk])


class Payment(models.Model):
    """Money received for an invoice. Never changed; a wrong one is taken back by its reverse."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="payments")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(help_text="Below zero for the reverse of another payment.")
    received_date = models.DateField()
    reference = models.CharField(max_length=200, blank=True)
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="reversed_by")
    payment_import = models.ForeignKey(
        PaymentImport, on_delete=models.PROTECT, null=True, related_name="payments"
    )
    fingerprint = models.CharField(  # noqa: DJ001  unique where there is one
        max_length=64, null=True, unique=True, help_text="Of the row of a file, so that none counts twice."
    )
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reverses=None, amount_minor__gt=0)
                | Q(reverses__isnull=False, amount_minor__lt=0),
                name="payment_is_an_amount_or_its_reverse",
            ),
        ]
        indexes = [
            models.Index(fields=["-received_date", "-id"], name="payment_newest_first"),
            models.Index(fields=["amount_minor"], name="payment_by_amount"),
        ]
        triggers = [
            PaymentCameByNow(name="payment_came_by_now"),
            PaymentStays(name="payment_stays"),
            PaymentReachesInvoice(name="payment_reaches_invoice"),
            never_emptied(name="payments_are_kept", words="Payments"),
        ]

    def __str__(self) -> str:
        return f"Payment of {self.received_date}"
