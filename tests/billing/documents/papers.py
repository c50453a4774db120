"""Documents as the tests of their PDFs need them, and what a reader finds in a PDF."""

import io
from dataclasses import replace
from datetime import date
from typing import Any

from PIL import Image
from pypdf import PdfReader

from billing.documents.content import Document, Line, Party

LINE = Line(
    description="Acme subscription",
    first_day=date(2026, 11, 22),
    last_day=date(2026, 12, 21),
    amount_minor=10_000,
)
PAPER = Document(
    language="en",
    number="INV-2026-000001",
    issue_date=date(2026, 11, 22),
    due_date=date(2026, 12, 22),
    payment_terms_days=30,
    po_number="PO 7",
    currency="USD",
    seller=Party(name="Fincelo Inc", address="2 Side Street\nSpringfield", tax_id="US-2"),
    buyer=Party(name="Acme", address="1 Main Street\nŁódź", tax_id="PL-1"),
    lines=[LINE],
    net_minor=10_000,
    tax_minor=1_900,
    total_minor=11_900,
    footer="Bank of Springfield\nRegister 4711",
    logo=None,
)


def paper(**facts: Any) -> Document:
    """An invoice of one line, unless it says otherwise."""
    return replace(PAPER, **facts)


def lines(count: int, *, description: str = "Line {number}") -> list[Line]:
    return [replace(LINE, description=description.format(number=number)) for number in range(1, count + 1)]


def pages(pdf: bytes) -> list[list[str]]:
    """The lines of text on each page, in the order in which they are drawn."""
    return [
        [line.strip() for line in page.extract_text().splitlines() if line.strip()]
        for page in PdfReader(io.BytesIO(pdf)).pages
    ]


def picture(*, width: int = 40, height: int = 10, mode: str = "RGB", form: str = "PNG") -> bytes:
    file = io.BytesIO()
    colour = {"RGB": (200, 30, 30), "RGBA": (200, 30, 30, 0), "L": 90, "P": 3, "CMYK": (1, 2, 3, 4)}[mode]
    Image.new(mode, (width, height), colour).save(file, form)
    return file.getvalue()
