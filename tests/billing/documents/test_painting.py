"""PDFs, opened by a reader that nobody here wrote."""

import io
import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from hashlib import sha256
from itertools import chain
from typing import Any

import pytest
from django.conf import settings
from hypothesis import HealthCheck, example, given
from hypothesis import settings as rounds
from pypdf import PdfReader
from reportlab.pdfbase.ttfonts import TTFontParser

from billing.documents.content import Document, Party, Reference
from billing.documents.fonts import fonts
from billing.documents.logos import as_jpeg
from billing.documents.painting import render, render_with_boxes
from billing.tax import RateTotal
from tests.billing.documents.papers import CATALOGUE, documents, lines, pages, paper, picture, shown

FIXED = (
    "Invoice Tax ID Tax ID Billed to Invoice number Invoice date Due date Payment terms PO number "
    "Net Tax Total USD"
)


def amount(value: int) -> str:
    """Of USD, written without the product."""
    return f"{'-' if value < 0 else ''}{abs(value) // 100:,}.{abs(value) % 100:02d}"


def day(value: date) -> str:
    return f"{value.day}{'JanFebMarAprMayJunJulAugSepOctNovDec'[value.month * 3 - 3 : value.month * 3]}{value.year}"


def frozen_copy(document: Document) -> str:
    """Everything that the document must say, once."""
    parts = [FIXED, document.number, "22Nov2026", "22Dec2026", "30days", document.po_number]
    for party in (document.seller, document.buyer):
        parts += [party.name, party.address, party.tax_id]
    for line in document.lines:
        parts += [line.description, f"{day(line.first_day)}–{day(line.last_day)}", amount(line.amount_minor)]
    parts += [amount(document.net_minor), amount(document.tax_minor), amount(document.total_minor)]
    return "".join(shown(part or "") for part in parts)


@rounds(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=documents)
@example(document=paper(buyer=Party(name="x" * 500, address="\n".join("abc" * 40), tax_id="")))
def test_a_reader_finds_the_frozen_copy_and_nothing_else(document: Document) -> None:
    pdf = render(document)

    found = pages(pdf)
    heads = sum(line == "Amount (USD)" for page in found for line in page)
    everywhere = "".join(f"{document.footer}{number}of{len(found)}" for number in range(1, len(found) + 1))
    later = (document.seller.name + "Invoice" + (document.number or "")) * (len(found) - 1)
    expected = frozen_copy(document) + shown(everywhere + later + "Description Period Amount (USD)" * heads)
    if not document.buyer.tax_id:
        expected = expected.replace("TaxID", "", 1)
    assert Counter(shown("".join(chain(*found)))) == Counter(expected)
    assert 1 <= heads <= len(found)
    assert render(document) == pdf


def test_texts_are_read_in_their_order() -> None:
    document = paper(
        buyer=Party(
            name=CATALOGUE[3], address=f"{CATALOGUE[1]}\n{CATALOGUE[2]}\n{CATALOGUE[6]}", tax_id="<b>1</b>"
        ),
        lines=[*lines(1, description="Zoë 😀🎉"), *lines(1, description="&amp; <i>it</i> (\\)")],
    )

    (page,) = pages(render(document))
    assert " ".join(page) == " ".join(
        [
            "Invoice",
            "Fincelo Inc",
            "2 Side Street",
            "Springfield",
            "Tax ID US-2",
            "Invoice number",
            "INV-2026-000001",
            "Invoice date",
            "22 Nov 2026",
            "Due date",
            "22 Dec 2026",
            "Payment terms",
            "30 days",
            "PO number",
            "PO 7",
            "Billed to",
            "Łódź ąćęłńóśźż Ǆ ẞ ﬁ",
            "Σωκράτης Α.Ε.",
            "ООО «Ромашка» Їжак",
            "株式会社 日本語",
            "Tax ID <b>1</b>",
            "Description",
            "Period",
            "Amount (USD)",
            "Zoë 😀🎉",
            "22 Nov 2026 – 21 Dec 2026",
            "100.00",
            "&amp; <i>it</i> (\\)",
            "22 Nov 2026 – 21 Dec 2026",
            "100.00",
            "Net",
            "100.00",
            "Tax",
            "19.00",
            "Total",
            "USD 119.00",
            "Bank of Springfield",
            "Register 4711",
            "1 of 1",
        ]
    )


def test_german_invoice() -> None:
    document = paper(language="de", currency="EUR", net_minor=123_456_789, total_minor=123_458_689)

    (page,) = pages(render(document))

    assert page[:1] + page[5:15] + page[19:] == [
        "Rechnung",
        "Rechnungsnummer",
        "INV-2026-000001",
        "Rechnungsdatum",
        "22.11.2026",
        "Fällig am",
        "22.12.2026",
        "Zahlungsziel",
        "30 Tage",
        "Bestellnummer",
        "PO 7",
        "Steuernummer PL-1",
        "Beschreibung",
        "Zeitraum",
        "Betrag (EUR)",
        "Acme subscription",
        "22.11.2026 – 21.12.2026",
        "100,00",
        "Netto",
        "1.234.567,89",
        "Steuer",
        "19,00",
        "Gesamt",
        "EUR 1.234.586,89",
        "Bank of Springfield",
        "Register 4711",
        "1 von 1",
    ]


@pytest.mark.parametrize("language", ["", "xx"])
def test_unknown_language_is_english(language: str) -> None:
    assert pages(render(paper(language=language))) == pages(render(paper()))


@pytest.mark.parametrize(
    ("currency", "net", "total"),
    [("JPY", "10,000", "JPY 11,900"), ("KWD", "10.000", "KWD 11.900"), ("CLF", "1.0000", "CLF 1.1900")],
)
def test_money_has_the_decimals_of_its_currency(currency: str, net: str, total: str) -> None:
    (page,) = pages(render(paper(currency=currency)))

    assert [page[page.index("Net") + 1], page[page.index("Total") + 1]] == [net, total]


def test_long_table_has_its_head_and_the_page_number_on_each_page() -> None:
    found = pages(render(paper(lines=lines(80))))

    assert len(found) == 3
    for number, page in enumerate(found, start=1):
        table = page.index("Description")
        assert page[table : table + 3] == ["Description", "Period", "Amount (USD)"]
        assert page[-3:] == ["Bank of Springfield", "Register 4711", f"{number} of 3"]
    assert [line for page in found for line in page if line.startswith("Line ")] == [
        f"Line {number}" for number in range(1, 81)
    ]
    assert [page[:2] for page in found[1:]] == [["Fincelo Inc", "Invoice INV-2026-000001"]] * 2


def test_a_line_of_a_table_is_not_torn_apart() -> None:
    """A last line that would fit in part only continues to the next page as a whole."""
    long = "word " * 100
    found = pages(render(paper(lines=[*lines(24), *lines(1, description=long)])))

    assert len(found) == 2
    assert "word" not in "".join(found[0])
    assert "".join(found[1]).count("word") == 100


def test_a_text_longer_than_a_page_goes_on() -> None:
    found = pages(render(paper(lines=lines(1, description="\n".join(f"row {n}" for n in range(1, 101))))))

    assert [line for page in found for line in page if line.startswith("row ")] == [
        f"row {number}" for number in range(1, 101)
    ]
    assert len(found) == 3


def test_an_address_longer_than_a_page_goes_on() -> None:
    address = "\n".join(f"floor {number}" for number in range(1, 101))
    found = pages(render(paper(buyer=Party(name="Acme", address=address, tax_id=""))))

    assert [line for page in found for line in page if line.startswith("floor ")] == address.split("\n")
    assert found[-1][-1] == f"{len(found)} of {len(found)}"


def test_total_never_stands_alone_without_its_parts() -> None:
    for count in range(15, 40):
        last = pages(render(paper(lines=lines(count))))[-1]
        assert last[last.index("Net") :][:6] == ["Net", "100.00", "Tax", "19.00", "Total", "USD 119.00"]


def test_draft_says_so_on_every_page() -> None:
    draft = paper(number=None, issue_date=None, due_date=None, lines=lines(80))

    found = pages(render(draft))

    assert [page[0] for page in found] == ["DRAFT"] * 3
    assert not {"Invoice number", "Invoice date", "Due date"} & set(found[0])


def test_issued_invoice_has_no_watermark() -> None:
    assert "DRAFT" not in chain(*pages(render(paper())))


def test_what_the_font_lacks_is_a_box_that_takes_its_place() -> None:
    regular = fonts().regular

    assert [regular.has(letter) for letter in "Aß€ΩЖ"] == [True] * 5
    assert [regular.has(letter) for letter in "日א😀"] == [True] * 3
    assert [regular.has(letter) for letter in "𐎠\ue000"] == [False] * 2
    assert regular.width("𐎠", size=10) == regular.width("\ue000", size=10) > 4


@pytest.mark.parametrize(
    ("start", "end", "without"),
    [
        (0x20, 0x7E, set()),
        (0xA0, 0x24F, set()),
        (0x1E00, 0x1EFF, set()),
        (0x370, 0x3FF, {0x378, 0x379, 0x380, 0x381, 0x382, 0x383, 0x38B, 0x38D, 0x3A2, *range(0x3E2, 0x3F0)}),
        (0x400, 0x52F, set()),
        (0x20A0, 0x20BF, set()),
    ],
    ids=["ascii", "latin", "latin additional", "greek", "cyrillic", "currencies"],
)
def test_latin_greek_and_cyrillic_have_their_glyphs(start: int, end: int, without: set[int]) -> None:
    """Without the unassigned places and the Coptic letters of the Greek block."""
    for font in fonts():
        assert {code for code in range(start, end + 1) if not font.has(chr(code))} == without


def test_logo_stands_at_the_head_and_keeps_its_shape() -> None:
    pdf = render(paper(logo=as_jpeg(picture(width=400, height=50))))

    (page,) = PdfReader(io.BytesIO(pdf)).pages
    (image,) = page.images
    assert image.image.size == (400, 50)  # type: ignore[union-attr]
    assert b"170 0 0 21.25 56 766.75 cm" in pdf


def test_same_invoice_is_the_same_bytes_and_another_is_not() -> None:
    document = paper(logo=as_jpeg(picture()))

    assert render(document) == render(replace(document))
    assert render(document) != render(replace(document, po_number="PO 8"))


def test_threads_do_not_disturb_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each looks up glyphs in the same font, whose reader has one place where it reads on."""
    wanted = [paper(lines=lines(number, description="Łódź É ü {number}")) for number in range(1, 13)]
    alone = [render(document) for document in wanted]
    monkeypatch.setattr(TTFontParser, "seek", seek_and_let_others_go_first)

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(render, wanted))

    assert together == alone


def seek_and_let_others_go_first(parser: TTFontParser, position: int) -> None:
    parser._pos = position
    time.sleep(0)


def test_bytes_are_those_of_earlier_releases() -> None:
    """When this fails after an upgrade, PDFs that customers hold can no longer be made: see docs/adr/0012."""
    everything = paper(lines=lines(40, description="Łódź Ω Ж 日本 😀 {number}"), footer="Bank")

    assert sha256(render_with_boxes(everything)).hexdigest() == EARLIER


def test_bytes_of_taxed_documents_are_those_of_earlier_releases() -> None:
    taxed = paper(
        taxes=[RateTotal(rate=19_000, net=10_000, tax=1_900)],
        prices_include_tax=True,
        credits=Reference(number="INV-2026-000001", issue_date=date(2026, 11, 22)),
        number="CN-2026-000001",
        due_date=None,
        payment_terms_days=None,
    )

    assert sha256(render(taxed)).hexdigest() == EARLIER_TAXED


def test_bytes_of_a_credit_note_with_its_reason_are_those_of_earlier_releases() -> None:
    with_reason = paper(
        credits=Reference(number="INV-2026-000001", issue_date=date(2026, 11, 22)),
        number="CN-2026-000001",
        due_date=None,
        payment_terms_days=None,
        reason="Agreed with Łódź",
    )

    assert sha256(render(with_reason)).hexdigest() == EARLIER_WITH_REASON


EARLIER_WITH_REASON = "e61dacda807a3d916d2fa301bc59b5cd7d8ef1d6939fc97778ea346721d18393"
EARLIER_TAXED = "22a0db8875b5a7af651a0dd1d0175b2750bc0cb429c0ae371d8e72c14fa0a749"
EARLIER = "f6a63b30082058b232105b15a94e1765bb9287a7553cdd8715be87fccbae914a"

IN_A_PROCESS = """
from hashlib import sha256
from billing.documents.painting import render_with_boxes
from tests.billing.documents.papers import lines, paper
print(sha256(render_with_boxes(paper(lines=lines(40, description="Łódź Ω Ж 日本 😀 {number}"), footer="Bank"))).hexdigest())
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONUTF8": "1"},
        {"PYTHONHASHSEED": "2", "TZ": "America/New_York", "LC_ALL": "C.UTF-8", "RL_pageCompression": "1"},
    ],
)
def test_another_process_makes_the_same_bytes(environment: dict[str, str]) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS],
        cwd=settings.BASE_DIR,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert answer.stdout.strip() == EARLIER


def test_document_asks_nothing_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """S21: no file is opened and no address called, whatever the texts say."""
    render(paper())  # fonts are unpacked once
    calls: list[Any] = []
    monkeypatch.setattr("builtins.open", lambda *args, **kwargs: calls.append(args))
    monkeypatch.setattr("socket.socket.connect", lambda *args: calls.append(args))

    render(paper(buyer=Party(name=CATALOGUE[14], address="<img src='file:///etc/passwd'/>", tax_id="")))

    assert calls == []
