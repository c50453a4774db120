"""What stands on a document: values only, taken from the frozen copy of an invoice or credit note."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing.tax import RateTotal


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """As printed. `tax_id` is of documents from before VAT id and tax number were kept apart."""

    name: str
    address: str
    tax_id: str = ""
    vat_id: str = ""
    tax_number: str = ""
    company_id: str = ""
    legal_info: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    description: str
    first_day: date
    last_day: date
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomFact:
    """A custom field as it was kept when the invoice was issued."""

    label: str
    type: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The invoice that a credit note takes back."""

    number: str
    issue_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`number`, `issue_date` and `due_date` are missing on a draft; a credit note is never due."""

    language: str
    number: str | None
    issue_date: date | None
    due_date: date | None
    payment_terms_days: int | None
    po_number: str
    currency: str
    seller: Party
    buyer: Party
    lines: Sequence[Line]
    net_minor: int
    tax_minor: int
    total_minor: int
    taxes: Sequence[RateTotal]
    """Per rate; none on invoices from before there were rates."""
    prices_include_tax: bool
    credits: Reference | None
    """Set on a credit note, and only there."""
    reason: str
    """Of a credit note; empty on those from before it was printed."""
    footer: str
    logo: bytes | None
    """JPEG."""
    custom_fields: Sequence[CustomFact] = ()

    @property
    def is_draft(self) -> bool:
        return self.number is None
