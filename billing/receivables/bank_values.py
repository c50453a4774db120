"""Reads the amounts and days that banks and spreadsheets write. Pure: a text and its form in, a value out.

Nothing is guessed: a text that is no amount or day of that form has no reading.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from billing.values import DayOrder, DecimalMark

_ALIKE = {
    **dict.fromkeys(map(ord, "\t\u00a0\u2007\u2009\u202f"), " "),
    **dict.fromkeys(map(ord, "\u2212\u2013"), "-"),
    ord("’"): "'",
}
_CURRENCY_BEFORE = re.compile(r"\A([-+(]?\s*)([A-Za-z]{3})(?=\s*[-+(]?\s*[0-9.,])")
_CURRENCY_AFTER = re.compile(r"(?<=[0-9\s-])([A-Za-z]{3})(?=\s*\)?\Z)")
_CURRENCY_SIGN = re.compile(r"[A-Z]{0,2}[€$£¥]")
_SIGNED = re.compile(
    r"(?P<open>\()?\s*(?P<lead>[-+])?\s*(?P<bare>.*?)\s*(?P<trail>[-+]|CR|DR)?\s*(?P<close>\))?",
    re.IGNORECASE | re.DOTALL,
)


def _whole(group: str) -> str:
    """Digits, bare or in threes, with one mark between all of them."""
    return rf"[0-9]+|[0-9]{{1,3}}(?P<group>[{group} '])[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*"


_INDIAN = r"[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}"
_POINT = re.compile(rf"(?:{_whole(',')}|{_INDIAN})?(?:\.[0-9]+)?")
_COMMA = re.compile(rf"(?:{_whole('.')})?(?:,[0-9]+)?")
_DAY = re.compile(r"(?P<a>[0-9]{1,4})(?P<mark>[-./])(?P<b>[0-9]{1,2})(?P=mark)(?P<c>[0-9]{1,4})(?:[ T].*)?")
_COMPACT_DAY = re.compile(r"(20[0-9]{2})([0-9]{2})([0-9]{2})")
_WEEKDAY = re.compile(r"\A[^\W\d_]{2,}[.,]* +(?=[0-9])")
_WORDED_DAYS = (
    re.compile(r"(?P<day>[0-9]{1,2})[-./ ]*(?P<month>[^\W\d_]{3,})\.?[-,/ ]*(?P<year>20[0-9]{2}|[0-9]{2})"),
    re.compile(r"(?P<month>[^\W\d_]{3,})\.?[-/ ]*(?P<day>[0-9]{1,2}),?[-/ ]+(?P<year>20[0-9]{2})"),
)
_MONTHS = """
january januar janvier gennaio januari enero
february februar fevrier febbraio februari febrero
march marz maerz mrz mars marzo maart mrt
april avril aprile abril
may mai maggio mei mayo
june juni juin giugno junio
july juli juillet luglio julio
august aout agosto augustus
september septembre settembre septiembre setiembre
october oktober octobre ottobre octubre
november novembre noviembre
december dezember decembre dicembre diciembre
"""
_NAMES: Mapping[str, int] = {
    name: number for number, line in enumerate(_MONTHS.split("\n")[1:-1], start=1) for name in line.split()
}
"""Months in English, German, French, Italian, Dutch and Spanish, without their accents."""


def cleaned(text: str) -> str:
    """Without marks that nobody sees, and with one kind each of blank, minus and apostrophe."""
    seen = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return seen.translate(_ALIKE).strip()


def bare_number(text: str) -> tuple[str, str]:
    """The digits and marks of an amount without its currency, and its sign.

    Brackets, a minus on either side and DR mean money that goes out. Two signs are no amount.
    """
    bare = _CURRENCY_SIGN.sub("", cleaned(text).removeprefix("'"))  # with which spreadsheets mark a text
    bare = _CURRENCY_AFTER.sub("", _CURRENCY_BEFORE.sub(r"\1", bare))
    found = _SIGNED.fullmatch(bare)
    assert found  # any text is one, with or without a sign
    if bool(found["open"]) != bool(found["close"]):
        return bare, ""
    signs = [found[name].upper() for name in ("open", "lead", "trail") if found[name]]
    if len(signs) > 1:
        return bare, ""
    return found["bare"], "-" if signs and signs[0] in ("(", "-", "DR") else ""


def amount_currency(text: str) -> str:
    """The code that stands before or after an amount; empty where there is none."""
    bare = cleaned(text)
    before, after = _CURRENCY_BEFORE.search(bare), _CURRENCY_AFTER.search(bare)
    return before[2].upper() if before else after[1].upper() if after else ""


def read_number(text: str, *, mark: DecimalMark) -> Decimal | None:
    """None where the text is no amount of that form."""
    bare, sign = bare_number(text)
    pattern, point = (_POINT, ".") if mark == DecimalMark.POINT else (_COMMA, ",")
    if not bare or not pattern.fullmatch(bare):
        return None
    whole, _, rest = bare.partition(point)
    digits = "".join(digit for digit in whole if digit.isdigit())
    return Decimal(f"{sign}{digits or 0}.{rest or 0}") if rest else Decimal(f"{sign}{digits}")


def read_day(text: str, *, order: DayOrder) -> date | None:
    """None where the text is no day of the calendar in that order. Two digits are a year of this century."""
    bare = re.sub(r"\s*([-./])\s*(?=[0-9])", r"\1", cleaned(text)).rstrip(".")
    bare = re.sub(r"[年月]", "-", bare).rstrip("日")
    found = _DAY.fullmatch(bare)
    if not found:
        compact = _COMPACT_DAY.fullmatch(bare)
        return _date(*map(int, compact.groups())) if compact else _read_words(bare, order=order)
    first, second, third = found["a"], found["b"], found["c"]
    if len(first) == 4:
        return _date(int(first), int(second), int(third)) if len(third) <= 2 else None
    if len(first) > 2 or len(third) not in (2, 4):
        return None
    year = int(third) if len(third) == 4 else 2000 + int(third)
    is_day_first = order == DayOrder.DAY_FIRST or found["mark"] == "."
    day, month = (first, second) if is_day_first else (second, first)
    return _date(year, int(month), int(day))


def _read_words(text: str, *, order: DayOrder) -> date | None:
    """With its month as a word, or behind the day of the week."""
    if found := _read_worded(text):
        return found
    without = _WEEKDAY.sub("", text)
    return read_day(without, order=order) if without != text else None


def _read_worded(text: str) -> date | None:
    """A day whose month is written as a word, whole or shortened."""
    for pattern in _WORDED_DAYS:
        if found := pattern.fullmatch(text):
            year = int(found["year"]) if len(found["year"]) == 4 else 2000 + int(found["year"])
            month = _month(found["month"])
            return _date(year, month, int(found["day"])) if month else None
    return None


def _month(word: str) -> int | None:
    """None where no month begins so, or two do."""
    bare = unicodedata.normalize("NFKD", word.casefold())
    bare = "".join(letter for letter in bare if letter.isalpha())
    found = {number for name, number in _NAMES.items() if name.startswith(bare)}
    return found.pop() if len(found) == 1 else None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
