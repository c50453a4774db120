"""Documents as the tests of their PDFs need them, and what a reader finds in a PDF."""

import io
import unicodedata
from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import strategies as st
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
    taxes=[],
    prices_include_tax=False,
    credits=None,
    reason="",
    footer="Bank of Springfield\nRegister 4711",
    logo=None,
)


def paper(**facts: Any) -> Document:
    """An invoice of one line, unless it says otherwise."""
    return replace(PAPER, **facts)


def lines(count: int, *, description: str = "Line {number}") -> list[Line]:
    return [replace(LINE, description=description.format(number=number)) for number in range(1, count + 1)]


CATALOGUE = [
    "Acme",
    "Σωκράτης Α.Ε.",
    "ООО «Ромашка» Їжак",
    "Łódź ąćęłńóśźż Ǆ ẞ ﬁ",
    "שלום עולם בע״מ",
    "شركة الأمل المحدودة",
    "株式会社 日本語",
    "Zoë 😀🎉👩‍👩‍👧 Café",
    "Cafe\u0301 NFD",
    "bidi \u202egnp.exe\u202c zero\u200bwidth",
    '<b>bold</b> <script>alert(1)</script> "><img src=x onerror=alert(1)>',
    "<para><font color=red>&amp; &#60; ]]> <!--",
    "{{7*7}} {% load x %} %s %(name)s {number}",
    '=HYPERLINK("http://x") (brackets) \\) \\backslash\\',
    "javascript:alert(1) file:///etc/passwd http://127.0.0.1/",
    "x" * 500,
    "word " * 90,
    "ＦＵＬＬ＝width",
    "1\n2\r\n3\t4\x0c5",
    "control \x01\x1b\x7f",
]
text = st.sampled_from(CATALOGUE) | st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=60
).filter(lambda value: value.strip() != "")
minor = st.integers(-(10**15), 10**15)
days = st.dates(date(1900, 1, 1), date(9999, 12, 31))
documents = st.builds(
    paper,
    buyer=st.builds(Party, name=text, address=text, tax_id=text),
    seller=st.builds(Party, name=st.just("Fincelo Inc"), address=text, tax_id=text),
    lines=st.lists(
        st.builds(Line, description=text, first_day=days, last_day=days, amount_minor=minor),
        min_size=1,
        max_size=8,
    ),
    net_minor=minor,
    tax_minor=minor,
    total_minor=minor,
    po_number=text,
    footer=st.just("") | st.just("Bank of Springfield"),
)


def pages(pdf: bytes) -> list[list[str]]:
    """The lines of text on each page, in the order in which they are drawn."""
    return [
        [line.strip() for line in page.extract_text().splitlines() if line.strip()]
        for page in PdfReader(io.BytesIO(pdf)).pages
    ]


def shown(value: str) -> str:
    """How a text looks on paper, without its blanks and what has no shape."""
    return "".join(
        "\ufffd" if unicodedata.category(letter) in ("Cc", "Cs") or ord(letter) & 0xFFFE == 0xFFFE else letter
        for letter in unicodedata.normalize("NFC", value)
        if not letter.isspace() and unicodedata.category(letter) != "Cf"
    )


def picture(*, width: int = 40, height: int = 10, mode: str = "RGB", form: str = "PNG") -> bytes:
    file = io.BytesIO()
    colour = {"RGB": (200, 30, 30), "RGBA": (200, 30, 30, 0), "L": 90, "P": 3, "CMYK": (1, 2, 3, 4)}[mode]
    Image.new(mode, (width, height), colour).save(file, form)
    return file.getvalue()
