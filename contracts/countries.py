"""Countries: ISO 3166-1 codes, and the names by which CRMs and people write them. Pure.

A spelling is taken where it means one country and nothing else. What can mean two, such as Korea, is nobody's
to guess: it is read as unknown, and a person answers once with a translation.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from babel import Locale
from babel.core import get_global
from babel.numbers import get_territory_currencies

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv", "da", "cs", "fi", "nb")
NOT_COUNTRIES = frozenset(
    {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
)
"""Regions that Unicode names and ISO 3166-1 does not."""
OTHER_SPELLINGS: Mapping[str, str] = {
    "uk": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "republic of ireland": "IE",
    "eire": "IE",
    "usa": "US",
    "u s a": "US",
    "united states of america": "US",
    "holland": "NL",
    "the netherlands": "NL",
    "czech republic": "CZ",
    "turkey": "TR",
    "south korea": "KR",
    "republic of korea": "KR",
    "north korea": "KP",
    "russian federation": "RU",
    "ivory coast": "CI",
    "cape verde": "CV",
    "swaziland": "SZ",
    "macedonia": "MK",
    "burma": "MM",
    "viet nam": "VN",
    "uae": "AE",
    "brd": "DE",
    "el": "GR",
}
AMBIGUOUS = frozenset({"korea", "congo", "georgia", "guinea", "ireland and northern ireland"})
"""Georgia is a state of the US as well; a CRM that means the country can send its code."""
_APART = re.compile(r"[\s.,_'’()-]+")


def name_of(code: str, *, language: str = "en") -> str:
    """The country's name in a language: Germany, Deutschland. The code itself where there is none."""
    return str(Locale.parse(language).territories.get(code, code))


@lru_cache(maxsize=4)
def choices(*, language: str = "en") -> tuple[tuple[str, str], ...]:
    """(code, name) of every country, by name."""
    named = [(code, name_of(code, language=language)) for code in codes()]
    return tuple(sorted(named, key=lambda choice: _folded(choice[1])))


@lru_cache(maxsize=1)
def codes() -> frozenset[str]:
    """The two-letter codes of ISO 3166-1, and XK for Kosovo, which has none of its own."""
    territories = map(str, Locale.parse("en").territories)
    return frozenset(code for code in territories if len(code) == 2 and code.isalpha()) - NOT_COUNTRIES


def country_of(text: str) -> str:
    """The code of the country that a text names, by code or by name. Empty where it names none for sure."""
    stripped = text.strip()
    if len(stripped) == 2 and stripped.isascii() and stripped.isupper() and stripped in codes():
        return stripped
    words = _folded(stripped)
    if words in AMBIGUOUS:
        return ""
    return _by_spelling().get(words, "")


def currency_of(code: str) -> str:
    """The currency of a country today; empty where none is known."""
    return next(iter(get_territory_currencies(code)), "") if code else ""


@lru_cache(maxsize=1)
def _by_spelling() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for alias, replaced in get_global("territory_aliases").items():
        if len(alias) == 3 and alias.isalpha() and len(replaced) == 1 and replaced[0] in codes():
            found[_folded(alias)] = replaced[0]
    clashing: set[str] = set()
    for language in LANGUAGES:
        for code, name in Locale.parse(language).territories.items():
            words = _folded(name)
            if code in codes() and found.setdefault(words, code) != code:
                clashing.add(words)
    clear = {words: code for words, code in found.items() if words not in clashing}
    return {**clear, **OTHER_SPELLINGS}


def _folded(text: str) -> str:
    return _APART.sub(" ", text.casefold()).strip()
