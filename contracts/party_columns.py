"""The columns that customers and legal entities have in common: names, address in parts, ids, contact.

They are what an invoice names of a party (the business terms of EN 16931). VAT id, tax number and company id
are three fields. An address is kept in parts; one that came as a text, and that nobody could split, is kept
as a text beside them and used as long as the parts are empty.
"""

from typing import Any

from django.core.validators import validate_email
from django.db import models
from django.db.models import Q

from contracts.addresses import Address, country_in, printed_lines


def text(length: int, **options: Any) -> Any:
    return models.CharField(max_length=length, blank=True, default="", db_default="", **options)


class PartyColumns(models.Model):
    trading_name = text(500, help_text="Where it differs from the registered name.")
    address = models.TextField(
        "address as one text",
        blank=True,
        default="",
        db_default="",
        help_text="As it came, where its parts cannot be told. Used while the parts are empty.",
    )
    street = models.TextField(
        blank=True, default="", db_default="", help_text="Street and number, or a P.O. box. One line or more."
    )
    post_code = text(20)
    city = text(100)
    region = text(100, help_text="State or province, where the address needs one.")
    country = text(2, help_text="ISO 3166-1 code, such as DE.")
    vat_id = text(32, verbose_name="VAT ID", help_text="With the letters of its country, as in DE136695976.")
    tax_number = text(64, help_text="What the tax office knows its own tax payers by.")
    company_id = text(64, verbose_name="company ID", help_text="Of the company register: HRB 12345 B.")
    company_id_scheme = text(4, verbose_name="scheme of the company ID")
    electronic_address = text(320, help_text="Where e-invoices are received.")
    electronic_scheme = text(4, help_text="Scheme of the electronic address; EM is e-mail.")
    contact_name = text(200)
    contact_phone = text(50)
    contact_email = text(320, validators=[validate_email], verbose_name="contact e-mail")

    class Meta:
        abstract = True

    @property
    def parts(self) -> Address:
        return Address(
            street=self.street,
            post_code=self.post_code,
            city=self.city,
            region=self.region,
            country=self.country,
        )

    @property
    def has_parts(self) -> bool:
        return any(part.strip() for part in (self.street, self.post_code, self.city))

    @property
    def has_address(self) -> bool:
        """Parts with a country and a street or a city, or a text that nobody could split."""
        return self.parts.is_complete if self.has_parts else bool(self.address.strip())

    @property
    def known_country(self) -> str:
        """The code, from the parts or from the last line of the text; empty where neither says it."""
        return self.country or country_in(self.address)

    @property
    def tax_id(self) -> str:
        """The one of both that names it: the VAT id, else the tax number."""
        tax_id: str = self.vat_id or self.tax_number
        return tax_id

    def address_lines(self, *, language: str = "en", from_country: str = "") -> list[str]:
        """As it is printed."""
        if not self.has_parts:
            return [line.strip() for line in self.address.splitlines() if line.strip()]
        return printed_lines(self.parts, language=language, from_country=from_country)


def country_is_a_code(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(country="") | Q(country__regex=r"^[A-Z]{2}$"),
        name=name,
        violation_error_message="A country is the two letters of its ISO code.",
    )
