"""Names in the scripts of the world are read on the PDF as they are written."""

import io
import re

import pytest
from pypdf import PdfReader
from pypdf.generic import IndirectObject

from billing.documents.content import Party
from billing.documents.fonts import is_printable
from billing.documents.painting import render, render_with_boxes
from tests.billing.documents.papers import paper

NAMES = {
    "hebrew": "שלום עולם בע״מ",
    "arabic": "شركة الأمل المحدودة",
    "persian": "شرکت پارس",
    "urdu": "پاکستان ٹریڈنگ",
    "hindi": "हिन्दी कंपनी लिमिटेड",
    "bengali": "বাংলা কোম্পানি",
    "punjabi": "ਪੰਜਾਬ ਟਰੇਡਰਜ਼",
    "gujarati": "ગુજરાત ટ્રેડર્સ",
    "tamil": "தமிழ் நிறுவனம்",
    "telugu": "తెలుగు సంస్థ",
    "kannada": "ಕನ್ನಡ ಸಂಸ್ಥೆ",
    "malayalam": "മലയാളം കമ്പനി",
    "sinhala": "සිංහල සමාගම",
    "thai": "บริษัท ไทย จำกัด",
    "lao": "ບໍລິສັດ ລາວ",
    "khmer": "ក្រុមហ៊ុន ខ្មែរ",
    "burmese": "မြန်မာ ကုမ္ပဏီ",
    "georgian": "საქართველოს ბანკი",
    "armenian": "Հայաստան ՓԲԸ",
    "amharic": "የኢትዮጵያ ንግድ",
    "chinese": "北京科技有限公司",
    "traditional": "臺灣積體電路",
    "japanese": "株式会社さくらテクノロジー",
    "korean": "주식회사 한국전자",
    "greek": "Σωκράτης Α.Ε.",
    "cyrillic": "ООО «Ромашка»",
    "vietnamese": "Công ty Phở Việt",
    "emoji": "🍕 Pizza 🚀 Inc 12",
    "mixed": "Acme 株式会社 & Söhne",
}


def page_of(pdf: bytes) -> list[str]:
    return PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split("\n")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_name_is_whole_twice_the_same_and_without_boxes(name: str) -> None:
    document = paper(buyer=Party(name=name, address=name))

    pdf = render(document)

    assert is_printable(name)
    assert page_of(pdf).count(name) == 2  # bold as a name, regular in the address
    assert boxes_in(pdf) == []
    assert render(document) == pdf


def test_documents_do_not_lend_one_another_their_letters() -> None:
    first = paper(buyer=Party(name=NAMES["hebrew"], address="שלום"))
    alone = render(first)

    render(paper(buyer=Party(name="בע״מ שלום", address=NAMES["arabic"])))

    assert render(first) == alone


def test_lines_from_the_right_keep_what_is_written_from_the_left_in_order() -> None:
    lines = page_of(render(paper(buyer=Party(name="חברה 2026 Acme", address="x"))))

    assert any("2026" in line and "Acme" in line and "חברה" in line for line in lines)


@pytest.mark.parametrize("name", ["Acme\x07Inc", "Acme \ufffd", "Acme\uffff"])
def test_what_is_no_letter_is_not_printable(name: str) -> None:
    assert not is_printable(name)
    assert is_printable("Acme\tInc\r\n2 Main Street")


@pytest.mark.parametrize("name", ["\U0001fabe Tree", "𐎠𐎼𐎹", "Acme \ue000"])
def test_what_no_font_has_is_told(name: str) -> None:
    assert not is_printable(name)


def test_documents_of_earlier_releases_are_made_with_boxes_again() -> None:
    document = paper(buyer=Party(name=NAMES["hebrew"], address="x"))

    assert render_with_boxes(document) != render(document)
    assert render_with_boxes(paper()) == render(paper())


def boxes_in(pdf: bytes) -> list[str]:
    """Fonts of which a page uses the glyph for what is missing."""
    page = PdfReader(io.BytesIO(pdf)).pages[0]
    shown = page.get_contents().get_data()  # type: ignore[union-attr]
    found = []
    for name, reference in page["/Resources"]["/Font"].items():  # type: ignore[index]
        font = reference.get_object() if isinstance(reference, IndirectObject) else reference
        codes = set(re.findall(rb"<([0-9A-F]{2})>\s*<FFFD>", font["/ToUnicode"].get_data()))
        if codes and name.encode() in shown:
            found.append(str(font["/BaseFont"]))
    return found
