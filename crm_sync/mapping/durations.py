"""How many months a text names. Pure: a text is understood when all its words are."""

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from crm_sync.mapping import synonyms
from crm_sync.mapping.rhythm_words import ISO_PERIOD, number_of
from crm_sync.mapping.words import is_number, words_in

LONGEST_TEXT = 200
UNITS = {
    **dict.fromkeys(synonyms.YEAR_WORDS | synonyms.SHORT_YEARS, 12),
    **dict.fromkeys(synonyms.QUARTER_WORDS, 3),
    **dict.fromkeys(synonyms.MONTH_WORDS | synonyms.SHORT_MONTHS, 1),
}
BETWEEN = frozenset({"and", "und", "et", "y", "e", "en", "og", "och", ",", "&", "+"})
NOUNS = frozenset({"term", "contract"})
PARTS = re.compile(r"[()/=]")


@lru_cache(maxsize=4096)
def months_of_text(text: str) -> Fraction:
    """Months in "12 months", "2 years 6 months", "1.5 Jahre" or "P12M"; 0 for anything else.

    Parts in brackets or behind a stroke have to say the same: "24 months (2 years)".
    """
    if len(text) > LONGEST_TEXT:
        return Fraction(0)
    period = ISO_PERIOD.fullmatch(text.strip().upper())
    if period and (period[1] or period[2]):
        return Fraction(int(period[1] or 0) * 12 + int(period[2] or 0))
    parts: list[list[str]] = [[]]
    for word in words_in(text):
        if PARTS.fullmatch(word):
            parts.append([])
        else:
            parts[-1].append(word)
    said = {months_of_part(part) for part in parts if part}
    return said.pop() if len(said) == 1 else Fraction(0)


def months_of_part(words: Sequence[str]) -> Fraction:
    """The sum of its years, quarters and months in that order, each named once.

    12 months beside a year may say that year once more: nothing as long as the unit before it is added.
    """
    total, smallest, at = Fraction(0), 13, 0
    while at < len(words):
        if words[at] in NOUNS or (total and words[at] in BETWEEN and at + 1 < len(words)):
            at += 1
            continue
        number, unit = number_at(words, at=at), UNITS.get(words[at + 1]) if at + 1 < len(words) else None
        if number is None or unit is None or unit >= smallest or (total and number * unit >= smallest):
            return Fraction(0)
        total, smallest, at = total + number * unit, unit, at + 2
    return total


def number_at(words: Sequence[str], *, at: int) -> Fraction | None:
    word = words[at]
    if word in synonyms.NUMBERS:
        return Fraction(synonyms.NUMBERS[word])
    return number_of(word) if is_number(word) else None
