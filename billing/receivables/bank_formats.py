"""Tells a text from what is no text, and names the formats that hold no table. Pure."""

import re
from collections.abc import Sequence

ENCODING_NAMES = {"cp1252": "Windows-1252", "utf-8-sig": "UTF-8"}
NAMED_FORMATS: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"camt\.052"), "CAMT.052"),
    (re.compile(r"camt\.053"), "CAMT.053"),
    (re.compile(r"camt\.054"), "CAMT.054"),
    (re.compile(r"\A\s*OFXHEADER|<OFX>|<\?OFX"), "OFX"),
    (
        re.compile(r"\A\s*<(!doctype html|html|table|meta)", re.I),
        "a web page, even if its name ends with .xls",
    ),
    (re.compile(r"\A\s*<(\?xml|[A-Za-z])"), "XML"),
    (re.compile(r"\A\s*(\{1:F01.*)?:20:.*^:34F:", re.S | re.M), "MT942"),
    (re.compile(r"\A\s*(\{1:F01.*)?:20:.*^:(25|60[FM]):", re.S | re.M), "MT940"),
    (re.compile(r"\A\s*!(Type|Account|Option):", re.I), "QIF"),
    (re.compile(r"\A01,[^,\n]*,[^,\n]*,[0-9]{6},[0-9]{0,4},.*^02,", re.S | re.M), "BAI2"),
    (re.compile(r"\A\s*[{\[]\s*[\"{\[]"), "JSON"),
    (re.compile(r"\APK\x03\x04"), "a spreadsheet or an archive"),
    (re.compile(r"\A\x1f\x8b"), "an archive"),
    (re.compile(r"\A\xd0\xcf\x11\xe0"), "a spreadsheet of the old Excel format"),
    (re.compile(r"\A\{\\rtf"), "a text of a word processor"),
    (re.compile(r"\A%PDF"), "a PDF"),
)
"""What a file begins with, read as Latin-1 or as the text that it is."""


class UnreadableFile(ValueError):
    """No table of payments."""


def refuse_other_formats(*, beginning: str) -> None:
    """UnreadableFile with the name of the format."""
    for pattern, name in NAMED_FORMATS:
        if pattern.search(beginning):
            raise UnreadableFile(f"The file is {name}, which is not read yet. Export the payments as CSV.")


def decoded(*, content: bytes, encoding: str) -> tuple[str, str]:
    """In which encoding it is, and the text. UnreadableFile where it is none."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ["utf-16"]
    elif content.startswith(b"\xef\xbb\xbf"):
        candidates = ["utf-8-sig"]
    elif content.count(0) > len(content) // 4:
        candidates = ["utf-16-le" if content[1:2] == b"\0" else "utf-16-be"]
    else:
        candidates = [encoding] if encoding else ["utf-8", "cp1252"]
    for candidate in candidates:
        try:
            return candidate, content.decode(candidate)
        except UnicodeError:
            continue
    names = " or ".join(ENCODING_NAMES.get(candidate, candidate.upper()) for candidate in candidates)
    raise UnreadableFile(f"The file is no text in {names}. Save it as CSV UTF-8.")
