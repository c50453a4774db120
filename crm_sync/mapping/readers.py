"""Reads one CRM value as what a contract needs, or says why it cannot. Nothing is guessed."""

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from zoneinfo import ZoneInfo

from contracts.countries import country_of
from contracts.currencies import is_known
from crm_sync.deals import RawValue
from crm_sync.enums import HoldCode, NumberFormat, TermUnit
from crm_sync.mapping.durations import months_of_text
from crm_sync.mapping.rhythm_words import Misread, NoRhythm, rhythm_of, timing_of
from crm_sync.mapping.rhythms import Rhythm, Timing
from crm_sync.mapping.words import same_words

FIRST_YEAR, LAST_YEAR = 1990, 2100
LONGEST_TERM_MONTHS = 1200
USUAL_TERM_MONTHS = 240
"""What the CRM says beyond that has to be said by a person as well."""
LARGEST_EXPONENT = 18
LONGEST_NUMBER = 100
PLAIN_NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?", re.ASCII)
GROUPED = {
    NumberFormat.COMMA_GROUPS: re.compile(r"[+-]?(\d{1,3}(,\d{3}){1,12}|\d{1,40})(\.\d{1,40})?", re.ASCII),
    NumberFormat.POINT_GROUPS: re.compile(r"[+-]?(\d{1,3}(\.\d{3}){1,12}|\d{1,40})(,\d{1,40})?", re.ASCII),
}
ANY_NUMBER = re.compile(r"[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d{1,6})?", re.ASCII)
"""In any of the forms above."""
NO_NUMBER = "no number"
NO_RHYTHM = {
    Misread.UNKNOWN: "is no billing cycle that Fincelo knows; add a translation for it",
    Misread.AMBIGUOUS: "can mean {detail}; add a translation for it",
    Misread.NOT_BILLED: (
        "names a rhythm, and Fincelo does not bill so: it bills monthly, quarterly, semi-annually, annually "
        "or once"
    ),
    Misread.NO_CYCLE: "names no billing cycle",
    Misread.SEVERAL: "names more than one rhythm or timing; add a translation for it",
    Misread.LEAD: "asks for other days ahead than Fincelo offers; add a translation for it",
    Misread.MORE: (
        "says more than a billing cycle and its timing, \u201c{detail}\u201d; add a translation for it"
    ),
}
YES, NO = frozenset({"yes", "true"}), frozenset({"no", "false"})
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})", re.ASCII)


class Unreadable(Exception):
    """A value that cannot be used, with the reason code and a sentence for the person who can mend it."""

    def __init__(self, code: HoldCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class ZeroAmount(Unreadable):
    """An amount of exactly zero, which a person may accept as a free contract."""

    def __init__(self) -> None:
        super().__init__(HoldCode.AMOUNT_NOT_POSITIVE, "is not above zero")


def is_missing(raw: RawValue) -> bool:
    """Null, empty, or nothing that can be seen."""
    if raw is None:
        return True
    return isinstance(raw, str) and not any(
        unicodedata.category(character) not in ("Cf", "Cc", "Zs", "Zl", "Zp") for character in raw
    )


def text_of(raw: RawValue) -> str:
    """The value as text. By way of Decimal, because `str` refuses to write out very long whole numbers."""
    return str(Decimal(raw)) if isinstance(raw, int) and not isinstance(raw, bool) else str(raw)


def read_number(raw: RawValue) -> Decimal | None:
    """A plain number, or None. Text has to be digits with a point at most: 12,000.00 is none."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return Decimal(raw) if abs(raw) < 10**40 else None
    if isinstance(raw, str):
        text = raw.strip()
        if not PLAIN_NUMBER.fullmatch(text):
            return None
        try:
            raw = Decimal(text)
        except InvalidOperation:
            return None
    usable = isinstance(raw, Decimal) and raw.is_finite() and len(str(raw)) <= LONGEST_NUMBER
    return raw if usable else None


def ungrouped(raw: RawValue, *, form: NumberFormat) -> RawValue:
    """A text in the chosen form as a plain number; everything else as it is, for its reader to refuse.

    A form that was chosen is the only one: "1234.56" is refused where points group thousands.
    """
    if form is NumberFormat.PLAIN or not isinstance(raw, str):
        return raw
    group, point = (",", ".") if form is NumberFormat.COMMA_GROUPS else (".", ",")
    found = GROUPED[form].fullmatch(raw.strip())
    return found[0].replace(group, "").replace(point, ".") if found else NO_NUMBER


def read_amount(raw: RawValue) -> Decimal:
    amount = read_number(raw)
    if amount is None:
        raise Unreadable(
            HoldCode.AMOUNT_UNREADABLE, "is not a plain number; write it with digits and a decimal point only"
        )
    if amount == 0:
        raise ZeroAmount
    if amount < 0:
        raise Unreadable(HoldCode.AMOUNT_NOT_POSITIVE, "is not above zero")
    if amount.adjusted() > LARGEST_EXPONENT:
        raise Unreadable(HoldCode.OVER_LIMIT, "is more than Fincelo can bill")
    return amount


def sign_of(printed: str) -> int:
    """Of an amount as a hold shows it: -1, 0 or 1. Text that is no amount counts as positive."""
    text = printed.strip()
    if not ANY_NUMBER.fullmatch(text):
        return 1
    digits = text.casefold().partition("e")[0]
    if not any(digit in digits for digit in "123456789"):
        return 0
    return -1 if text.startswith("-") else 1


def read_months(raw: RawValue, *, unit: TermUnit, is_entered: bool = False) -> int:
    """Whole months from 1 to 1200. A bare number counts in the connection's unit.

    `is_entered`: by a person. What a CRM says above 240 months, or with an exponent, is more likely a slip.
    """
    number = None if has_exponent(raw) else read_number(raw)
    if number is not None and abs(number.adjusted()) < LARGEST_EXPONENT:
        months = Fraction(number) * (12 if unit is TermUnit.YEARS else 1)
    else:
        months = months_of_text(raw if isinstance(raw, str) else "")
    if months.denominator != 1 or not 1 <= months <= LONGEST_TERM_MONTHS:
        raise Unreadable(
            HoldCode.TERM_UNREADABLE, f"is not a duration of 1 to {LONGEST_TERM_MONTHS} whole months"
        )
    if months > USUAL_TERM_MONTHS and not is_entered:
        raise Unreadable(
            HoldCode.TERM_UNREADABLE,
            f"is more than {USUAL_TERM_MONTHS} months; if it is meant, enter it here or add a translation",
        )
    return int(months)


def has_exponent(raw: RawValue) -> bool:
    """Written as 1e3 is: no person writes a duration so."""
    if isinstance(raw, Decimal):
        exponent = raw.as_tuple().exponent
        return isinstance(exponent, int) and exponent > 0
    return isinstance(raw, str) and bool(PLAIN_NUMBER.fullmatch(raw.strip())) and "e" in raw.casefold()


def read_rhythm(raw: RawValue) -> tuple[Rhythm, str]:
    """(cycle and timing, how it was understood), by its name or a built-in synonym."""
    text = text_of(raw)
    found = rhythm_of(text)
    if isinstance(found, NoRhythm):
        sentence = NO_RHYTHM[found.why].format(detail=found.detail)
        raise Unreadable(HoldCode.FREQUENCY_UNKNOWN, sentence)
    return found, "as is" if same_words(text) == same_words(found.label) else "built-in synonym"


def read_timing(raw: RawValue) -> tuple[Timing, str]:
    found = timing_of(text_of(raw))
    if found is None:
        raise Unreadable(
            HoldCode.FREQUENCY_UNKNOWN, "says neither in advance nor in arrears; add a translation for it"
        )
    return found, "built-in synonym"


def read_date(raw: RawValue, *, time_zone: str) -> date:
    """A calendar day. A moment becomes the day it falls on in the connection's time zone.

    Only the forms that CRMs send are read: in others, such as epoch milliseconds, a date is a guess.
    """
    text = raw.strip() if isinstance(raw, str) else ""
    try:
        if DAY.fullmatch(text):
            day = date.fromisoformat(text)
        elif MOMENT.fullmatch(text):
            day = datetime.fromisoformat(text).astimezone(ZoneInfo(time_zone)).date()
        else:
            raise Unreadable(HoldCode.DATE_OUT_OF_RANGE, "cannot be read as a date")
    except (ValueError, OverflowError):
        raise Unreadable(HoldCode.DATE_OUT_OF_RANGE, "cannot be read as a date") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Unreadable(HoldCode.DATE_OUT_OF_RANGE, f"is not between the years {FIRST_YEAR} and {LAST_YEAR}")
    return day


def read_currency(raw: RawValue) -> str:
    code = raw.strip().upper() if isinstance(raw, str) and raw.isascii() else ""
    if not is_known(currency=code):
        raise Unreadable(HoldCode.CURRENCY_UNKNOWN, "is no current ISO 4217 currency code")
    return code


def read_country(raw: RawValue) -> str:
    """The ISO code of a country that is named by code or by name."""
    code = country_of(raw) if isinstance(raw, str) else ""
    if not code:
        raise Unreadable(
            HoldCode.COUNTRY_UNKNOWN, "is no country that Fincelo knows for sure; add a translation for it"
        )
    return code


def read_tax_rate(raw: RawValue) -> Decimal:
    """A percentage from 0 to below 100 with three decimals at most, with or without its sign."""
    text = raw.strip().removesuffix("%").strip() if isinstance(raw, str) else raw
    percent = read_number(text)
    if percent is None or not 0 <= percent < 100 or percent != round(percent, 3):
        raise Unreadable(HoldCode.TEXT_INVALID, "is no tax rate from 0 to below 100 %, such as 19 or 8.875")
    return percent


def read_custom_number(raw: RawValue) -> Decimal:
    """With at most 18 digits before the point and 18 behind it; there is no minus zero."""
    number = read_number(raw)
    if number is None or (number and number.adjusted() > LARGEST_EXPONENT):
        raise Unreadable(HoldCode.TEXT_INVALID, "is not a plain number")
    if number and -int(number.as_tuple().exponent) > LARGEST_EXPONENT:
        raise Unreadable(HoldCode.TEXT_INVALID, f"has more than {LARGEST_EXPONENT} decimals")
    return number if number else Decimal(0)


def read_yes_no(raw: RawValue) -> bool:
    if isinstance(raw, bool):
        return raw
    words = text_of(raw).strip().casefold()
    if words in YES or words in NO:
        return words in YES
    raise Unreadable(HoldCode.TEXT_INVALID, "is neither yes nor no")


def words_of(raw: RawValue) -> str:
    if isinstance(raw, bool):
        return "Yes" if raw else "No"
    return text_of(raw)


def read_text(raw: RawValue, *, longest: int) -> str:
    """One line of text, inner line breaks and runs of blanks made one blank. Never cut."""
    return checked(" ".join(words_of(raw).split()), longest=longest)


def read_lines(raw: RawValue, *, longest: int) -> str:
    """Text that may have several lines, such as an address."""
    lines = [" ".join(line.split()) for line in words_of(raw).splitlines()]
    return checked("\n".join(line for line in lines if line), longest=longest)


def checked(text: str, *, longest: int) -> str:
    if len(text) > longest:
        raise Unreadable(HoldCode.TEXT_INVALID, f"is longer than {longest} characters")
    if any(unicodedata.category(character) in ("Cs", "Cc") and character != "\n" for character in text):
        raise Unreadable(HoldCode.TEXT_INVALID, "contains characters that cannot be stored")
    return text


def printable(raw: RawValue, *, longest: int = 200) -> str:
    """A raw value for people to look at: what cannot be stored is replaced, what is too long is cut."""
    if raw is None:
        return ""
    text = text_of(raw)[: longest + 1]
    clean = "".join(
        "\ufffd" if unicodedata.category(character) in ("Cs", "Cc") else character for character in text
    )
    return clean if len(clean) <= longest else clean[: longest - 1] + "\u2026"
