"""The faces of the scripts that Noto Sans lacks, and their glyphs as small fonts that a PDF can hold.

All are of the Noto family, under the SIL Open Font License. A face is opened when a document needs it. What a
document uses of it becomes a font of its own: one glyph for each use, so that each knows the letters that it
stands for, whatever the script made of them.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

import uharfbuzz
from fontTools.fontBuilder import FontBuilder
from fontTools.misc.transform import Offset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

BOLD = 700
TOLERANCE = 0.001
"""Of curves that are drawn again, as a share of the em."""
PACKAGE = "manimgx_fonts"
SCRIPTS = (
    *("Hebrew", "Arabic", "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu"),
    *("Kannada", "Malayalam", "Sinhala", "Thai", "Lao", "Khmer", "Myanmar", "Ethiopic", "Georgian"),
    "Armenian",
)
FIRST_CODE = 0x100000
"""Glyphs are named by characters of the last private plane."""
NOTHING = ".notdef"


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyph:
    """One use of a glyph: where it stands beside the pen, and how far the pen moves, in units of its face.

    `text`: the letters that it stands for; of several glyphs for the same letters, the first has them.
    """

    id: int
    text: str
    advance: int
    x: int
    y: int


class Face:
    """One font file at one weight. Blanks and digits between the letters of a text face are set in it too."""

    def __init__(self, *, package: str, file: str, weight: int | None, is_text: bool = True) -> None:
        self._data = files(package).joinpath(file).read_bytes()
        self._weight = weight
        self.is_text = is_text
        self.name = file.partition("[")[0].partition(".")[0]

    @cached_property
    def _font(self) -> Any:
        return TTFont(io.BytesIO(self._data), lazy=True, recalcTimestamp=False)

    @cached_property
    def characters(self) -> frozenset[str]:
        return frozenset(map(chr, self._font.getBestCmap()))

    @cached_property
    def units(self) -> int:
        """To the em."""
        return int(self._font["head"].unitsPerEm)

    @cached_property
    def shaper(self) -> Any:
        font = uharfbuzz.Font(uharfbuzz.Face(self._data))
        if self._weight:
            font.set_variations({"wght": self._weight})
        return font

    def as_font_file(self, *, glyphs: Sequence[Glyph]) -> bytes:
        """A TrueType font whose n-th character from FIRST_CODE on is the n-th of these uses.

        Each has its place and its advance drawn in, so that a line is set by naming them one after the other.
        """
        shapes = self._font.getGlyphSet(location={"wght": self._weight} if self._weight else None)
        order = [f"use{place}" for place in range(len(glyphs))]
        builder = FontBuilder(self.units, isTTF=True)
        builder.setupGlyphOrder([NOTHING, *order])
        builder.setupCharacterMap({FIRST_CODE + place: use for place, use in enumerate(order)})
        drawn = {use: self._drawn(shapes, glyph) for use, glyph in zip(order, glyphs, strict=True)}
        builder.setupGlyf({NOTHING: TTGlyphPen(None).glyph(), **drawn})
        outlines = builder.font["glyf"]
        builder.setupHorizontalMetrics(
            {NOTHING: (0, 0)}
            | {
                use: (glyph.advance, _left_of(outlines, use))
                for use, glyph in zip(order, glyphs, strict=True)
            }
        )
        head = self._font["hhea"]
        builder.setupHorizontalHeader(ascent=head.ascent, descent=head.descent)
        name = f"{self.name}{self._weight or ''}"
        builder.setupNameTable({"familyName": name, "styleName": "Regular", "psName": name})
        builder.setupOS2(sTypoAscender=head.ascent, sTypoDescender=head.descent, usWinAscent=head.ascent)
        builder.setupPost()
        builder.font["head"].created = builder.font["head"].modified = 0  # no moment goes in
        builder.font.recalcTimestamp = False
        file = io.BytesIO()
        builder.save(file)
        return file.getvalue()

    def _drawn(self, shapes: Mapping[str, Any], glyph: Glyph) -> Any:
        """The outline at its place, with quadratic curves and without parts that lie elsewhere."""
        recorded = DecomposingRecordingPen(shapes)
        shapes[self._font.getGlyphName(glyph.id)].draw(TransformPen(recorded, Offset(glyph.x, glyph.y)))
        pen = TTGlyphPen(None)
        is_cubic = "glyf" not in self._font
        recorded.replay(
            Cu2QuPen(pen, max_err=self.units * TOLERANCE, reverse_direction=True) if is_cubic else pen
        )
        return pen.glyph()


def _left_of(outlines: Any, use: str) -> int:
    """Where an outline begins: renderers move it there."""
    outlines[use].recalcBounds(outlines)
    return int(getattr(outlines[use], "xMin", 0))


@lru_cache(maxsize=1)
def _cjk() -> Face:
    return Face(package="noto_cjk_sans_jp_regular", file="NotoSansCJKjp-Regular.otf", weight=None)


@lru_cache(maxsize=2)
def faces(*, bold: bool) -> tuple[Face, ...]:
    """In the order in which they are asked for a letter. CJK has one weight."""
    weight = BOLD if bold else None
    return (
        *(Face(package=PACKAGE, file=f"NotoSans{script}[wght].ttf", weight=weight) for script in SCRIPTS),
        _cjk(),
        Face(package=PACKAGE, file="NotoSansSymbols[wght].ttf", weight=weight, is_text=False),
        Face(package=PACKAGE, file="NotoEmoji[wght].ttf", weight=weight, is_text=False),
    )


def face_of(character: str, *, bold: bool) -> Face | None:
    """The first face that has it."""
    return next((face for face in faces(bold=bold) if character in face.characters), None)
