from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from billing.enums import SeriesKind
from billing.models.triggers import never_emptied
from billing.tax import WHOLE
from contracts.party_columns import PartyColumns, country_is_a_code, text
from fincelo.validators import one_line

PREFIX_LENGTH = 4
NUMBER_LENGTH = 16
"""Of a document's number: prefix, year and at least six digits."""
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
