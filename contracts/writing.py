"""How days and numbers are written and typed on the pages: one way, which the workspace chooses. Pure.

What machines read, such as CSV and JSON, and what customers get are written elsewhere and never this way.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils.dateformat import format as formatted

from contracts.currencies import EXPONENTS
from contracts.enums import PageFormat
from contracts.money import Money

MINUS = "\u2212"
NO_BREAK = "\u00a0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """`day` and `moment`: Django's date formats. `group` parts thousands, `point` stands before decimals."""

    day: str
    moment: str
    group: str
    point: str
    currency_first: bool


WRITINGS = {
    PageFormat.ENGLISH: Writing(day="j M Y", moment="j M Y, H:i", group=",", point=".", currency_first=True),
    PageFormat.GERMAN: Writing(day="d.m.Y", moment="d.m.Y, H:i", group=".", point=",", currency_first=False),
}
_chosen: ContextVar[PageFormat] = ContextVar("page_format", default=PageFormat.ENGLISH)


@contextmanager
def written_as(code: str) -> Iterator[None]:
    """Within it days and numbers are written that way; an unknown code is English."""
    token = _chosen.set(PageFormat(code) if code in PageFormat.values else PageFormat.ENGLISH)
    try:
        yield
    finally:
        _chosen.reset(token)


def chosen() -> PageFormat:
    return _chosen.get()


def current() -> Writing:
    return WRITINGS[_chosen.get()]


def write_day(value: date) -> str:
    return formatted(value, current().day)


def write_moment(value: datetime) -> str:
    """Of a moment in the zone in which it is to be shown."""
    return formatted(value, current().moment)


def write_amount(amount: Money) -> str:
    """Without its currency. A minus is one, not a hyphen."""
    way = current()
    return amount.format_amount(group=way.group, point=way.point).replace("-", MINUS)


def write_money(amount: Money) -> str:
    said = write_amount(amount)
    pair = (amount.currency, said) if current().currency_first else (said, amount.currency)
    return NO_BREAK.join(pair)


def write_number(number: int | Decimal) -> str:
    """All its digits, as they were told."""
    way = current()
    text = f"{number:,}" if isinstance(number, int) else f"{number:,f}"
    return text.translate({ord(","): way.group, ord("."): way.point, ord("-"): MINUS})


def write_percent(rate: Decimal) -> str:
    return f"{write_number(rate)} %"


class UnclearAmount(ValueError):
    """What was typed is no amount, or can be two. The text is a sentence with what to do.

    `readings`: the amounts that it can mean and the currency can have; none where it is no amount.
    """

    def __init__(self, sentence: str, *, readings: tuple[Decimal, ...] = ()) -> None:
        super().__init__(sentence)
        self.readings = readings


MOST_DECIMALS = max(EXPONENTS.values())
NO_AMOUNT = "Enter an amount in digits, such as 1200.00 or 1.200,00."
NOISE = re.compile(r"[\s\u00a0\u202f'\u2019]|[$\u20ac\u00a3\u00a5]")
ONE_KIND = re.compile(r"-?\d+(?:[.,]\d+)*", re.ASCII)


def typed_amount(text: str, *, decimals: int | None) -> Decimal:
    """What a person typed, in the form of either language. Raises UnclearAmount rather than guess.

    `decimals`: how many the currency has; None where it is not known yet. A single mark before exactly three
    digits is read by the way in which the page is written, and asked about where that is no help.
    """
    plain = without_currency(NOISE.sub("", text).replace(MINUS, "-"))
    if not ONE_KIND.fullmatch(plain):
        raise UnclearAmount(NO_AMOUNT)
    number = Decimal(plain_form(plain, decimals=decimals))
    if decimals_of(number) > (MOST_DECIMALS if decimals is None else decimals):
        raise UnclearAmount(f"This has more decimals than the currency, which has {decimals or 'none'}.")
    return number


def without_currency(text: str) -> str:
    for code in (text[:3].upper(), text[-3:].upper()):
        if code in EXPONENTS:
            return text[3:] if text[:3].upper() == code else text[:-3]
    return text


def plain_form(text: str, *, decimals: int | None) -> str:
    """With a point before the decimals and no other mark."""
    points, commas = text.count("."), text.count(",")
    if points and commas:
        return with_both(text, point=max(".,", key=text.rfind))
    mark = "." if points else ","
    if points + commas > 1:
        return grouped_only(text, mark=mark)
    if not points + commas:
        return text
    whole, _, rest = text.partition(mark)
    may_group = len(rest) == 3 and len(whole.lstrip("-")) <= 3 and whole.lstrip("-") != "0"
    if not may_group:
        return f"{whole}.{rest}"
    if mark == current().group:
        return whole + rest
    if decimals == 3:
        return f"{whole}.{rest}"
    large, small = Decimal(whole + rest), Decimal(f"{whole}.{rest}")
    fits = decimals_of(small) <= (MOST_DECIMALS if decimals is None else decimals)
    one, other = in_full(large, decimals=decimals), in_full(small, decimals=2)
    raise UnclearAmount(
        f"\u201c{text}\u201d can mean {one} or {other}. Which one?",
        readings=(large, small) if fits else (large,),
    )


def decimals_of(number: Decimal) -> int:
    """How many it needs: 1.20 needs one."""
    exponent = number.normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def in_full(number: Decimal, *, decimals: int | None) -> str:
    """As the page writes an amount: with the decimals of the currency, or two where it is not known."""
    least = 2 if decimals is None else decimals
    return write_number(number.quantize(Decimal(1).scaleb(-max(least, decimals_of(number)))))


def typed_day(text: str) -> date | None:
    """What a person typed: 2026-11-30, 30.11.2026, 30/11/2026 or 30 Nov 2026; None for anything else."""
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%d %b %Y", "%d %B %Y"):
        with suppress(ValueError):
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007  a day has no zone
    return None


def with_both(text: str, *, point: str) -> str:
    """The last mark is the point; the other has to group by threes."""
    group = "," if point == "." else "."
    whole, _, rest = text.rpartition(point)
    if point in whole:
        raise UnclearAmount(NO_AMOUNT)
    return f"{grouped_only(whole, mark=group)}.{rest}"


def grouped_only(text: str, *, mark: str) -> str:
    first, *others = text.lstrip("-").split(mark)
    if not 1 <= len(first) <= 3 or any(len(group) != 3 for group in others):
        raise UnclearAmount(NO_AMOUNT)
    return text.replace(mark, "")
