"""Sentences as they are kept, and as a page writes them. Pure.

A kept sentence holds its facts in one form, whoever reads it later: days as 2026-11-30, moments as
2026-11-30, 14:02 UTC, money as EUR 1,234.56, counts as 1,200, rates and sizes as 8.875 %. What others wrote
is in quotes and stays as it is, and so do addresses of pages.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

from django.utils import timezone

from contracts.currencies import EXPONENTS
from contracts.money import AmountRefused, Money
from contracts.writing import write_day, write_moment, write_money, write_number

STRAIGHT = str.maketrans({"\u201c": '"', "\u201d": '"'})
QUOTED = r"(?P<quoted>\u201c[^\u201d]*\u201d|(?<!\w)'[^']*'(?!\w))"
ADDRESS = r"(?P<address>https?://\S+)"
MOMENT = r"(?<![\w-])(?P<moment>\d{4}-\d{2}-\d{2},? \d{2}:\d{2}) UTC\b"
DAY = r"(?<![\w-])(?P<day>\d{4}-\d{2}-\d{2})(?![\w-])"
GROUPED = r"\d{1,3}(?:,\d{3})+|\d+"
MONEY = rf"(?<!\w)(?P<currency>[A-Z]{{3}}) (?P<amount>-?(?:{GROUPED})(?:\.\d+)?)(?![\d%])"
MEASURE = r"(?<![\w.,-])(?P<measure>\d+\.\d+)(?=[ \u00a0\u202f]?(?:%|[kMGT]?B\b))"
COUNT = r"(?<![\w.,-])(?P<count>\d{1,3}(?:,\d{3})+)(?![\w]|[.,]\d|[ \u00a0\u202f]?%|\u00a0[A-Z]{3})"
FACT = re.compile("|".join((QUOTED, ADDRESS, MOMENT, DAY, MONEY, MEASURE, COUNT)), re.ASCII)


def quoted(text: str) -> str:
    """What somebody else wrote, so that no page or mail writes it in another way."""
    return f"\u201c{text.translate(STRAIGHT)}\u201d"


def as_written(sentence: str) -> str:
    """The kept sentence with its days and numbers as the page writes them."""
    return FACT.sub(_one, sentence)


def _one(found: re.Match[str]) -> str:
    return WRITERS[found.lastgroup or "quoted"](found)


def _moment(found: re.Match[str]) -> str:
    """Where the workspace is."""
    try:
        moment = datetime.fromisoformat(found["moment"].replace(",", "")).replace(tzinfo=UTC)
    except ValueError:
        return found[0]
    return write_moment(moment.astimezone(timezone.get_current_timezone()))


def _day(found: re.Match[str]) -> str:
    try:
        return write_day(date.fromisoformat(found["day"]))
    except ValueError:
        return found[0]


def _money(found: re.Match[str]) -> str:
    """Exact to the currency's last decimal, as money is kept; anything else is no amount."""
    amount = found["amount"]
    _, _, decimals = amount.partition(".")
    if EXPONENTS.get(found["currency"]) != len(decimals):
        return found[0]
    try:
        return write_money(Money.from_decimal(Decimal(amount.replace(",", "")), currency=found["currency"]))
    except AmountRefused:
        return found[0]


WRITERS: dict[str, Callable[[re.Match[str]], str]] = {
    "quoted": lambda found: found[0],
    "address": lambda found: found[0],
    "moment": _moment,
    "day": _day,
    "amount": _money,
    "measure": lambda found: write_number(Decimal(found["measure"])),
    "count": lambda found: write_number(int(found["count"].replace(",", ""))),
}
