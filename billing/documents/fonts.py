"""Noto Sans, as documents are set in it: Latin, Greek and Cyrillic. What it lacks is shown as an empty box.

A character without a glyph keeps a place of its own in the embedded font, so that the box still is the
character when it is searched for or copied. By itself reportlab draws them all as one nameless box, and
writes characters beyond U+FFFF in a way that readers cannot parse.
"""

import io
import re
from functools import lru_cache
from typing import Any, NamedTuple

from reportlab.pdfbase.ttfonts import SUBSETN, TTFont

MISSING_GLYPH = 0
_CODE_BEYOND_BMP = re.compile(r"<([0-9A-F]{5,6})>")


class _Glyphs(dict[int, int]):
    """Glyph by character. The font has one for every character, if need be the box."""

    def __contains__(self, character: object) -> bool:
        return True

    def __missing__(self, character: int) -> int:
        return MISSING_GLYPH


class DocumentFont(TTFont):
    def __init__(self, *, name: str, file: bytes) -> None:
        super().__init__(name, io.BytesIO(file), asciiReadable=False, shapable=False)
        self.face.charToGlyph = _Glyphs(self.face.charToGlyph)

    def width(self, text: str, *, size: float) -> float:
        return float(self.stringWidth(text, size))

    def has(self, character: str) -> bool:
        return self.face.charToGlyph[ord(character)] != MISSING_GLYPH

    def addObjects(self, doc: Any) -> None:  # noqa: N802  reportlab's name
        """As reportlab does, then the characters beyond U+FFFF spelled as surrogate pairs, as PDF asks."""
        subsets = range(len(self.state[doc].subsets))
        super().addObjects(doc)
        for subset in subsets:
            name = (SUBSETN(subset) + b"+" + self.face.name + self.face.subfontNameX).decode("pdfdoc")
            meanings = doc.idToObject[f"toUnicodeCMap:{name}"]
            meanings.content = _CODE_BEYOND_BMP.sub(_surrogates, meanings.content)


class Fonts(NamedTuple):
    regular: DocumentFont
    bold: DocumentFont


@lru_cache(maxsize=1)
def fonts() -> Fonts:
    from pymupdf_fonts import NotoSans_Bold, NotoSans_Regular  # unpacks a megabyte: only where it is needed

    return Fonts(
        regular=DocumentFont(name="FinceloRegular", file=NotoSans_Regular.fontbuffer),
        bold=DocumentFont(name="FinceloBold", file=NotoSans_Bold.fontbuffer),
    )


def shows_boxes(text: str) -> bool:
    """Whether a text that is fit to be set has letters which the font lacks."""
    has = fonts().regular.has
    return not all(letter == " " or has(letter) for letter in text)


def _surrogates(code: re.Match[str]) -> str:
    return f"<{chr(int(code[1], 16)).encode('utf-16-be').hex().upper()}>"
