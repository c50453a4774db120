"""Texts as the words that they consist of, whatever their case, accents, blanks and dashes. Values only."""

import re
import unicodedata

DASHES = "-_\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
"""Soft hyphens and joiners without width. Marks that turn the reading direction are not among them."""
JOINERS = re.compile(rf"[\s{re.escape(DASHES)}]+")
ONE_SIGN = {**dict.fromkeys(map(ord, DASHES), "-"), ord("_"): " "}
JOINS = frozenset("-'\u2019")
LOOKS_LIKE = str.maketrans({"\u00f8": "o", "\u0142": "l", "\u0111": "d", "\u00e6": "ae", "\u0153": "oe"})
"""Letters that are written without their stroke or as two, and are no letter with an accent."""
MAYBE_PLURAL = re.compile(r"(?<=[^\W\d_])\((s|e|n|en|es)\)")
WORD = re.compile(r"[0-9]+(?:[.,][0-9]+)*|[^\W\d_]+|\S")


def same_words(text: str) -> str:
    """Folds case, blanks, underscores and dashes: "Semi-Annual" and "semi annual" are the same words."""
    seen = text if text.isascii() else text.translate(INVISIBLE)
    return JOINERS.sub(" ", seen).strip().casefold()


def words_in(text: str) -> list[str]:
    """The small letters without accents, the numbers and the signs of a text, in their order.

    A dash or apostrophe between two words and a point behind one are dropped: "Semi-Annual." is semi, annual.
    A dash before a number stays, and "month(s)" is months. Digits of other scripts are signs.
    """
    plain = without_accents(text.translate(INVISIBLE).translate(ONE_SIGN))
    found = WORD.findall(MAYBE_PLURAL.sub(r"\1", plain))
    return [word for place, word in enumerate(found) if not only_joins(found, place=place)]


def without_accents(text: str) -> str:
    return "".join(plain_letter(one) for one in text.casefold().translate(LOOKS_LIKE))


def plain_letter(character: str) -> str:
    if not unicodedata.category(character).startswith("L"):
        return "" if unicodedata.combining(character) else character
    parts = unicodedata.normalize("NFKD", character)
    return "".join(one for one in parts if not unicodedata.combining(one))


def only_joins(words: list[str], *, place: int) -> bool:
    before = words[place - 1] if place else ""
    if words[place] == ".":
        return before.isalpha()
    after = words[place + 1] if place + 1 < len(words) else ""
    return words[place] in JOINS and is_word(before) and is_word(after)


def is_word(text: str) -> bool:
    return text[:1].isalnum()


def is_number(word: str) -> bool:
    return word[0].isascii() and word[0].isdigit()
