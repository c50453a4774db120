"""Salesforce's ids, dates and SOQL text."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

CHECK_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
FIELD_PATH = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*){0,4}")
ORG_AND_USER = re.compile(r"/id/(00D[A-Za-z0-9]{12,15})/(005[A-Za-z0-9]{12,15})")
NEXT_PAGE = re.compile(r"/services/data/v[0-9]+\.[0-9]/query(All)?/[A-Za-z0-9-]+")


def to_18(external_id: str) -> str:
    """The 18-character form of an id; ValueError when it is none.

    15 characters are case-sensitive. The last three of 18 record which of them are capitals, five by five, so
    that 18 which have become all small or all capital letters are still the same id.
    """
    if len(external_id) not in (15, 18) or not (external_id.isascii() and external_id.isalnum()):
        raise ValueError(f"{external_id!r} is no Salesforce id")
    stem = stem_of(external_id)
    groups = (stem[0:5], stem[5:10], stem[10:15])
    suffix = "".join(
        CHECK_CHARACTERS[sum(1 << place for place, letter in enumerate(group) if letter.isupper())]
        for group in groups
    )
    if len(external_id) == 18 and external_id[15:].upper() != suffix:
        raise ValueError(f"{external_id!r} is mistyped: its last three characters do not match")
    return stem + suffix


def stem_of(external_id: str) -> str:
    """The first 15 characters, with the capitals that the last three tell where all are of one case."""
    suffix, is_folded = external_id[15:].upper(), external_id in (external_id.lower(), external_id.upper())
    if not suffix or not is_folded or any(letter not in CHECK_CHARACTERS for letter in suffix):
        return external_id[:15]
    marks = "".join(f"{CHECK_CHARACTERS.index(letter):05b}"[::-1] for letter in suffix)
    return "".join(
        letter.upper() if mark == "1" else letter.lower()
        for letter, mark in zip(external_id[:15], marks, strict=True)
    )


def parse_moment(text: str) -> datetime:
    """`2026-11-22T10:14:07.000+0000`, always UTC and whole seconds."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)


def quote_text(value: str) -> str:
    """A SOQL string literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    for character, name in (("\n", "n"), ("\r", "r"), ("\t", "t"), ("\b", "b"), ("\f", "f")):
        escaped = escaped.replace(character, "\\" + name)
    return f"'{escaped}'"


def quote_texts(values: Sequence[str]) -> str:
    return "(" + ", ".join(quote_text(value) for value in values) + ")"


def moment_literal(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def date_literal(day: date) -> str:
    return day.isoformat()


def field_path(name: str) -> str:
    """A field's API name, fit to stand in a query. ValueError for anything else: names cannot be quoted."""
    if not FIELD_PATH.fullmatch(name):
        raise ValueError(f"{name!r} is no Salesforce field name")
    return name
