"""What stands on a document: values only, taken from the frozen copy of an invoice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    name: str
    address: str
    tax_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    description: str
    first_day: date
    last_day: date
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`number`, `issue_date` and `due_date` are missing on a draft, and only there."""

    language: str
    number: str | None
    issue_date: date | None
    due_date: date | None
    payment_terms_days: int
    po_number: str
    currency: str
    seller: Party
    buyer: Party
    lines: Sequence[Line]
    net_minor: int
    tax_minor: int
    total_minor: int
    footer: str
    logo: bytes | None
    """JPEG."""

    @property
    def is_draft(self) -> bool:
        return self.number is None
