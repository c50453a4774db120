"""The fonts of documents: Noto Sans for Latin, Greek and Cyrillic, other faces for what it lacks.

A character that no face has is shown as an empty box, with a place of its own in the embedded font, so that
the box still is the character when it is searched for or copied. By itself reportlab draws them all as one
nameless box, and writes characters beyond U+FFFF in a way that readers cannot parse. Documents from before
there were other faces are made again with boxes (`boxes_alone`), byte for byte.
"""

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, NamedTuple

from reportlab.pdfbase.ttfonts import SUBSETN, TTFont

from billing.documents.faces import FIRST_CODE, Face, Glyph, face_of
from billing.documents.shaping import Piece, is_invisible, pieces_of
from billing.documents.text import REPLACEMENT, paragraphs

MISSING_GLYPH = 0
_has_faces: ContextVar[bool] = ContextVar("has_faces", default=True)
_CODE_BEYOND_BMP = re.compile(r"<([0-9A-F]{5,6})>")


class _Glyphs(dict[int, int]):
    """Glyph by character. The font has one for every character, if need be the box."""

    def __contains__(self, character: object) -> bool:
        return True

    def __missing__(self, character: int) -> int:
        return MISSING_GLYPH


class DocumentFont(TTFont):
    """`meanings`: by private character, the text that it stands for when it is copied."""

    def __init__(self, *, name: str, file: bytes, meanings: Mapping[int, str] | None = None) -> None:
        super().__init__(name, io.BytesIO(file), asciiReadable=False, shapable=False)
        self._meanings = meanings or {}
        self.face.charToGlyph = _Glyphs(self.face.charToGlyph)

    def addObjects(self, doc: Any) -> None:  # noqa: N802  reportlab's name
        """As reportlab does, then what glyphs stand for, and surrogate pairs beyond U+FFFF, as PDF asks."""
        subsets = range(len(self.state[doc].subsets))
        super().addObjects(doc)
        for subset in subsets:
            name = (SUBSETN(subset) + b"+" + self.face.name + self.face.subfontNameX).decode("pdfdoc")
            meanings = doc.idToObject[f"toUnicodeCMap:{name}"]
            meanings.content = _CODE_BEYOND_BMP.sub(self._meaning, meanings.content)

    def _meaning(self, code: re.Match[str]) -> str:
        character = int(code[1], 16)
        return f"<{self._meanings.get(character, chr(character)).encode('utf-16-be').hex().upper()}>"


class LetterFont(DocumentFont):
    """Noto Sans at one weight, with the other faces at hand."""

    def __init__(self, *, name: str, file: bytes, bold: bool) -> None:
        super().__init__(name=name, file=file)
        self._bold = bold
        self._characters = frozenset(map(chr, self.face.charToGlyph))

    def pieces(self, text: str) -> Sequence[Piece]:
        """From left to right. A text that it has wholly is one piece, drawn as it is."""
        if text.isascii() or not _has_faces.get() or all(letter in self._characters for letter in text):
            return [Piece(text=text)]
        return pieces_of(text, has=self._characters, bold=self._bold)

    def width(self, text: str, *, size: float) -> float:
        return sum(self.piece_width(piece, size=size) for piece in self.pieces(text))

    def piece_width(self, piece: Piece, *, size: float) -> float:
        if piece.face:
            return sum(glyph.advance for glyph in piece.glyphs) * size / piece.face.units
        return float(self.stringWidth(piece.text, size))

    def has(self, character: str) -> bool:
        return (
            character in self._characters
            or is_invisible(character)
            or face_of(character, bold=self._bold) is not None
        )


class UsedFace(NamedTuple):
    """`codes`: by use of a glyph, its character in the font."""

    font: DocumentFont
    codes: Mapping[Glyph, int]


class Fonts(NamedTuple):
    regular: LetterFont
    bold: LetterFont


@lru_cache(maxsize=1)
def fonts() -> Fonts:
    from pymupdf_fonts import NotoSans_Bold, NotoSans_Regular  # unpacks a megabyte: only where it is needed

    return Fonts(
        regular=LetterFont(name="FinceloRegular", file=NotoSans_Regular.fontbuffer, bold=False),
        bold=LetterFont(name="FinceloBold", file=NotoSans_Bold.fontbuffer, bold=True),
    )


@contextmanager
def boxes_alone() -> Iterator[None]:
    """Letters that Noto Sans lacks are boxes, as they were before there were other faces."""
    token = _has_faces.set(False)
    try:
        yield
    finally:
        _has_faces.reset(token)


def shows_boxes(text: str) -> bool:
    """Whether a text that is fit to be set has letters which every font lacks."""
    has = fonts().regular.has
    return not text.isascii() and not all(map(has, text))


def is_printable(text: str) -> bool:
    """Whether every letter of a text has a glyph in one of the fonts, so that a document shows it.

    What is no letter, such as a control character, is shown as a mark of replacement: it is not printable.
    """
    return not any(REPLACEMENT in line or shows_boxes(line) for line in paragraphs(text))


def used_fonts(texts: Iterable[tuple[str, bool]]) -> dict[Face, UsedFace]:
    """The other faces that texts, each (text, bold), need, with the fonts that hold what they use."""
    uses: dict[Face, dict[Glyph, int]] = {}
    for text, bold in texts:
        font = fonts().bold if bold else fonts().regular
        for piece in font.pieces(text):
            if piece.face:
                places = uses.setdefault(piece.face, {})
                for glyph in piece.glyphs:
                    places.setdefault(glyph, FIRST_CODE + len(places))
    return {face: _used(face, places, number) for number, (face, places) in enumerate(uses.items())}


def _used(face: Face, places: Mapping[Glyph, int], number: int) -> UsedFace:
    return UsedFace(
        font=DocumentFont(
            name=f"Fincelo{number}{face.name}",
            file=face.as_font_file(glyphs=list(places)),
            meanings={code: glyph.text for glyph, code in places.items()},
        ),
        codes=places,
    )
