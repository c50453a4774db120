"""A line of text as pieces from left to right: each drawn by one font, its letters joined and ordered.

Noto Sans draws what it has as it is. Other scripts are shaped by HarfBuzz, after the Unicode bidirectional
algorithm has told the runs of the line.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import uharfbuzz
from bidi import algorithm

from billing.documents.faces import Face, Glyph, face_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Text for Noto Sans as it is, or the glyphs of another face."""

    text: str
    face: Face | None = None
    glyphs: Sequence[Glyph] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    text: str
    level: int
    face: Face | None

    @property
    def is_from_right(self) -> bool:
        return self.level % 2 == 1


def pieces_of(text: str, *, has: frozenset[str], bold: bool) -> list[Piece]:
    """In the order in which they stand. `has`: the characters of Noto Sans."""
    runs = list(_by_face(text, has=has, bold=bold))
    return [_shaped(run) if run.face else _plain(run) for run in _ordered(runs)]


def is_invisible(character: str) -> bool:
    """Joiners, selectors and marks of direction: they steer the shaping and have no shape of their own."""
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"


def _levels(text: str) -> list[tuple[str, int]]:
    """Each character with its embedding level. What is invisible has that of the character before it."""
    storage = algorithm.get_empty_storage()
    shown = "".join(_with_direction(one) for one in text if not is_invisible(one))
    base = algorithm.get_base_level(shown)
    storage["base_level"], storage["base_dir"] = base, ("L", "R")[base]
    algorithm.get_embedding_levels(shown, storage)
    algorithm.explicit_embed_and_overrides(storage)
    algorithm.resolve_weak_types(storage)
    algorithm.resolve_neutral_types(storage, False)
    algorithm.resolve_implicit_levels(storage, False)
    levels = iter([entry["level"] for entry in storage["chars"]])
    level = base
    found = []
    for character in text:
        level = level if is_invisible(character) else next(levels)
        found.append((character, level))
    return found


def _with_direction(character: str) -> str:
    """Itself, or a letter in place of what has no direction or would be left out."""
    kind = unicodedata.bidirectional(character)
    return "a" if not kind or kind in algorithm.X9_REMOVED else character


def _by_face(text: str, *, has: frozenset[str], bold: bool) -> Iterator[_Run]:
    """Neighbours of one level and one face. A character stays with the face before it where that has it."""
    chosen: list[tuple[str, int, Face | None]] = []
    face: Face | None = None
    for character, level in _levels(text):
        stays = face is not None and (
            is_invisible(character) or (face.is_text and character in face.characters)
        )
        if not stays:
            face = None if character in has else face_of(character, bold=bold)
        if face is None and is_invisible(character):
            continue
        chosen.append((character, level, face))
    for (level, owner), part in groupby(chosen, key=lambda entry: entry[1:]):
        yield _Run(text="".join(entry[0] for entry in part), level=level, face=owner)


def _ordered(runs: list[_Run]) -> list[_Run]:
    """From left to right: from the highest level down, what is at it or above is turned round."""
    lowest = min((run.level for run in runs), default=0)
    for level in range(max((run.level for run in runs), default=0), max(lowest - 1, 0), -1):
        turned: list[_Run] = []
        for is_above, part in groupby(runs, key=lambda run: run.level >= level):
            members = list(part)
            turned += reversed(members) if is_above else members
        runs = turned
    return runs


def _plain(run: _Run) -> Piece:
    if not run.is_from_right:
        return Piece(text=run.text)
    return Piece(text="".join(algorithm.MIRRORED.get(letter, letter) for letter in reversed(run.text)))


def _shaped(run: _Run) -> Piece:
    assert run.face is not None
    buffer = uharfbuzz.Buffer()
    buffer.add_str(run.text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if run.is_from_right else "ltr"
    uharfbuzz.shape(run.face.shaper, buffer)
    starts = sorted({info.cluster for info in buffer.glyph_infos})
    ends = dict(zip(starts, [*starts[1:], len(run.text)], strict=True))
    glyphs, told = [], set()
    for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        text = "" if info.cluster in told else run.text[info.cluster : ends[info.cluster]]
        told.add(info.cluster)
        glyphs.append(
            Glyph(
                id=info.codepoint,
                text=text,
                advance=position.x_advance,
                x=position.x_offset,
                y=position.y_offset,
            )
        )
    return Piece(text=run.text, face=run.face, glyphs=tuple(glyphs))
