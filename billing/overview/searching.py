"""Finds documents, customers and contracts by what stands on their pages. Each look-up has its own index.

At most `MOST` of each kind, newest first. What may be shown to whom the caller decides.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Lower, Replace, Reverse, Upper

from billing.models import CreditNote, Invoice, Payment
from billing.receivables.bank_values import bare_number, read_number
from billing.values import DecimalMark
from contracts.currencies import EXPONENTS
from contracts.models import Contract, Customer

MOST = 5
LARGEST = Decimal(10) ** 15
WORD = re.compile(r"\w+")
NUMBER = re.compile(
    r"([A-Z0-9]{1,4}?)[\s\-/.]*(20[0-9]{2})[\s\-/.]+([0-9]{1,9})|([A-Z]{1,4})(20[0-9]{2})([0-9]{6,9})"
)
"""Of a document, with any marks between its parts, or none where its place has all its digits."""
NUMBER_END = re.compile(r"(?:(?P<year>20[0-9]{2})-)?(?P<place>[0-9]{1,9})")
WIDTH = 6


def invoices_by_number(text: str) -> list[Invoice]:
    return list(_by_number(Invoice.objects.select_related("customer"), text))


def credit_notes_by_number(text: str) -> list[CreditNote]:
    return list(_by_number(CreditNote.objects.select_related("customer", "invoice"), text))


def _by_number(documents: QuerySet[Any], text: str) -> QuerySet[Any]:
    """The whole number first; else what it ends with, padded to the width of the series."""
    named: QuerySet[Any] = documents.annotate(number_upper=Upper("number"), backwards=Reverse("number"))
    whole = named.filter(number_upper=as_printed(text))
    found = NUMBER_END.fullmatch(text)
    if not found or whole.exists():
        return whole.order_by("-id")[:MOST]
    year = f"-{found['year']}" if found["year"] else ""
    end = f"{year}-{int(found['place']):0{WIDTH}d}"
    return named.filter(backwards__startswith=end[::-1]).order_by("-id")[:MOST]


def as_printed(text: str) -> str:
    """A number as it stands on the document, however it was typed."""
    found = NUMBER.fullmatch(text.upper())
    if not found:
        return text.upper()
    prefix, year, place = [part for part in found.groups() if part is not None]
    return f"{prefix}-{year}-{int(place):0{WIDTH}d}"


def customers_by_words(text: str) -> list[Customer]:
    return list(_by_words(Customer.objects.current(), text).order_by("name", "id")[:MOST])


def contracts_by_words(text: str) -> list[Contract]:
    """By their own name, or by that of their customer."""
    named = _by_words(Customer.objects.all(), text)
    own = _by_words(Contract.objects.all(), text)
    found = Contract.objects.select_related("customer").filter(
        Q(pk__in=own.order_by("-id").values("pk")[:MOST])
        | Q(customer__in=named.order_by("-id").values("pk")[:MOST])
    )
    return list(found.order_by("-start_date", "-id")[:MOST])


def _by_words(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Every word as the beginning of a word of the name, in any order."""
    words = WORD.findall(text)
    if not words:
        return rows.none()
    query = SearchQuery(" & ".join(f"{word}:*" for word in words), config="simple", search_type="raw")
    found: QuerySet[Any] = rows.annotate(words=SearchVector("name", config="simple")).filter(words=query)
    return found


def customers_by_mail(text: str) -> list[Customer]:
    if "@" not in text:
        return []
    lowered = Customer.objects.current().annotate(mail=Lower("billing_email"))
    return list(lowered.filter(mail__startswith=text.lower()).order_by("mail", "id")[:MOST])


def customers_by_tax_id(text: str) -> list[Customer]:
    bare = re.sub(r"[\s.-]", "", text).upper()
    if len(bare) < 5 or not any(letter.isdigit() for letter in bare):
        return []
    found = Customer.objects.current().annotate(
        bare_vat_id=Upper(Replace("vat_id", Value(" "), Value(""))),
        bare_tax_number=Upper(Replace("tax_number", Value(" "), Value(""))),
    )
    matching = found.filter(Q(bare_vat_id=bare) | Q(bare_tax_number=bare))
    return list(matching.order_by("name", "id")[:MOST])


def contracts_by_po(text: str) -> list[Contract]:
    found = Contract.objects.select_related("customer").annotate(po_upper=Upper("po_number"))
    return list(found.filter(po_upper__startswith=text.upper()).order_by("-id")[:MOST])


def invoices_by_po(text: str) -> list[Invoice]:
    found = Invoice.objects.exclude(po_number="").select_related("customer")
    found = found.annotate(po_upper=Upper("po_number"))
    return list(found.filter(po_upper__startswith=text.upper(), number__isnull=False).order_by("-id")[:MOST])


def invoices_by_amount(amount: "SearchedAmount") -> list[Invoice]:
    """By their total, or by what is open of them."""
    balance = F("total_minor") - F("credited_minor") - F("paid_minor")
    found = Invoice.objects.select_related("customer").exclude(number=None).annotate(balance=balance)
    by_total = amount.filter("total_minor")
    return list(found.filter(by_total | amount.filter("balance")).order_by("-id")[:MOST])


def credit_notes_by_amount(amount: "SearchedAmount") -> list[CreditNote]:
    found = CreditNote.objects.select_related("customer", "invoice").exclude(number=None)
    return list(found.filter(amount.filter("total_minor")).order_by("-id")[:MOST])


def payments_by_amount(amount: "SearchedAmount") -> list[Payment]:
    found = Payment.objects.select_related("invoice__customer").filter(reverses=None)
    return list(found.filter(amount.filter("amount_minor")).order_by("-id")[:MOST])


def contracts_by_amount(amount: "SearchedAmount") -> list[Contract]:
    found = Contract.objects.select_related("customer")
    return list(found.filter(amount.filter("value_minor")).order_by("-id")[:MOST])


class SearchedAmount:
    """An amount as it is typed, in any currency: exact, or without cents the whole unit."""

    def __init__(self, *, readings: Sequence[Decimal], is_whole: bool) -> None:
        self.readings = readings
        self.is_whole = is_whole

    def filter(self, column: str) -> Q:
        """The rows of every currency whose minor units are that amount."""
        found = Q()
        for decimals in sorted(set(EXPONENTS.values())):
            codes = [code for code, places in EXPONENTS.items() if places == decimals]
            for reading in self.readings:
                found |= Q(currency__in=codes) & self._range(column, reading, decimals)
        return found

    def _range(self, column: str, reading: Decimal, decimals: int) -> Q:
        minor = reading.scaleb(decimals)
        if minor != minor.to_integral_value():
            return Q(pk__in=[])
        last = minor + (10**decimals - 1 if self.is_whole else 0)
        return Q(**{f"{column}__gte": int(minor), f"{column}__lte": int(last)})


def read_amount(text: str) -> SearchedAmount | None:
    """None where the text is no amount. One that can be read in two ways is looked for as both."""
    readings = {read_number(text, mark=mark) for mark in DecimalMark} - {None}
    found = sorted(reading for reading in readings if reading is not None and 0 < reading < LARGEST)
    if not found:
        return None
    return SearchedAmount(readings=found, is_whole=re.sub("[ ']", "", bare_number(text)[0]).isdigit())
