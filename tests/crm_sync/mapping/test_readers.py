from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given, settings

from contracts.enums import BillingCycle
from crm_sync.deals import RawValue
from crm_sync.enums import TermUnit
from crm_sync.mapping import readers
from crm_sync.mapping.readers import Unreadable
from crm_sync.mapping.rhythms import Rhythm
from tests.crm_sync.deal_values import AWKWARD_VALUES, raw_values

NOT_A_NUMBER = ("AMOUNT_UNREADABLE", "is not a plain number; write it with digits and a decimal point only")
NOT_ABOVE_ZERO = ("AMOUNT_NOT_POSITIVE", "is not above zero")
TOO_MUCH = ("OVER_LIMIT", "is more than Fincelo can bill")
NO_TERM = ("TERM_UNREADABLE", "is not a duration of 1 to 1200 whole months")
NO_DATE = ("DATE_OUT_OF_RANGE", "cannot be read as a date")
NO_SUCH_YEAR = ("DATE_OUT_OF_RANGE", "is not between the years 1990 and 2100")
NO_CURRENCY = ("CURRENCY_UNKNOWN", "is no current ISO 4217 currency code")
NO_CYCLE = ("FREQUENCY_UNKNOWN", "is no billing cycle that Fincelo knows; add a translation for it")
NOT_BILLED = (
    "FREQUENCY_UNKNOWN",
    "names a rhythm, and Fincelo does not bill so: it bills monthly, quarterly, semi-annually, annually or once",
)
SEVERAL = ("FREQUENCY_UNKNOWN", "names more than one rhythm or timing; add a translation for it")
UNUSUAL = (
    "TERM_UNREADABLE",
    "is more than 240 months; if it is meant, enter it here or add a translation",
)
UNSTORABLE = ("TEXT_INVALID", "contains characters that cannot be stored")

READERS: dict[str, Callable[[RawValue], object]] = {
    "is_missing": readers.is_missing,
    "number": readers.read_number,
    "amount": readers.read_amount,
    "months": lambda raw: readers.read_months(raw, unit=TermUnit.MONTHS),
    "years": lambda raw: readers.read_months(raw, unit=TermUnit.YEARS),
    "cycle": lambda raw: readers.read_rhythm(raw),
    "date": lambda raw: readers.read_date(raw, time_zone="Pacific/Kiritimati"),
    "currency": readers.read_currency,
    "text": lambda raw: readers.read_text(raw, longest=500),
    "lines": lambda raw: readers.read_lines(raw, longest=2000),
    "printable": readers.printable,
}


def outcome(read: Callable[[], object]) -> object:
    """What was read, or the reason code and sentence."""
    try:
        return read()
    except Unreadable as problem:
        return (problem.code.value, problem.sentence)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("12000", Decimal(12000)),
        (" 12000.00 ", Decimal("12000.00")),
        ("1E+3", Decimal("1E+3")),
        (12000, Decimal(12000)),
        (Decimal("12000.50"), Decimal("12000.50")),
        (Decimal("0.001"), Decimal("0.001")),
        (0, NOT_ABOVE_ZERO),
        ("0", NOT_ABOVE_ZERO),
        ("0.00", NOT_ABOVE_ZERO),
        ("-0", NOT_ABOVE_ZERO),
        (Decimal("-0"), NOT_ABOVE_ZERO),
        (Decimal("0E+999999"), NOT_ABOVE_ZERO),
        ("-250.00", NOT_ABOVE_ZERO),
        ("12,000.00", NOT_A_NUMBER),
        ("12.000,00", NOT_A_NUMBER),
        ("12 000", NOT_A_NUMBER),
        ("EUR 5", NOT_A_NUMBER),
        ("1_000", NOT_A_NUMBER),
        ("٤٢", NOT_A_NUMBER),
        ("４２", NOT_A_NUMBER),
        ("1e", NOT_A_NUMBER),
        (".5", NOT_A_NUMBER),
        ("NaN", NOT_A_NUMBER),
        ("Infinity", NOT_A_NUMBER),
        (Decimal("NaN"), NOT_A_NUMBER),
        (Decimal("sNaN"), NOT_A_NUMBER),
        (Decimal("Infinity"), NOT_A_NUMBER),
        (True, NOT_A_NUMBER),
        ("true", NOT_A_NUMBER),
        ("A\u0000", NOT_A_NUMBER),
        ("\ud800", NOT_A_NUMBER),
        pytest.param(10**4999, NOT_A_NUMBER, id="5000 digits"),
        (Decimal("0." + "1" * 200), NOT_A_NUMBER),
        ("9" * 19, Decimal("9" * 19)),
        ("9" * 20, TOO_MUCH),
        ("1e400", TOO_MUCH),
        (Decimal("1E+400"), TOO_MUCH),
        (Decimal("1E+999999"), TOO_MUCH),
    ],
)
def test_cases_2_3_and_6_amounts(raw: RawValue, expected: object) -> None:
    assert outcome(lambda: readers.read_amount(raw)) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("12 months", 12),
        ("1 year", 12),
        ("24", 24),
        ("24.0", 24),
        ("P12M", 12),
        (" 12 Mo ", 12),
        (24, 24),
        (Decimal("24.0"), 24),
        ("12-month", 12),
        ("12 mos.", 12),
        ("3 yrs", 36),
        ("P1Y6M", 18),
        ("p2y", 24),
        ("1.5 years", 18),
        ("240", 240),
        ("20 years", 240),
        ("241", UNUSUAL),
        ("1200", UNUSUAL),
        ("100 years", UNUSUAL),
        ("1e1", NO_TERM),
        (Decimal("1E+2"), NO_TERM),
        ("12-24", NO_TERM),
        ("annual", NO_TERM),
        ("tbd", NO_TERM),
        (-6, NO_TERM),
        ("-6", NO_TERM),
        ("-6 months", NO_TERM),
        ("\u22126 months", NO_TERM),
        ("- 12 months", NO_TERM),
        (0, NO_TERM),
        ("0 months", NO_TERM),
        ("1.5", NO_TERM),
        ("1.25 years", 15),
        ("1.3 years", NO_TERM),
        ("1201", NO_TERM),
        ("12 weeks", NO_TERM),
        ("P", NO_TERM),
        ("P12W", NO_TERM),
        ("evergreen", NO_TERM),
        ("month to month", NO_TERM),
        ("１２ months", NO_TERM),
        (True, NO_TERM),
        (Decimal("NaN"), NO_TERM),
        (Decimal("1E+999999"), NO_TERM),
        (Decimal("1E-999999"), NO_TERM),
    ],
)
def test_cases_19_to_21_durations(raw: RawValue, expected: object) -> None:
    assert outcome(lambda: readers.read_months(raw, unit=TermUnit.MONTHS)) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("3", 36), ("1.5", 18), (Decimal("0.5"), 6), ("24 months", 24), ("P2Y", 24), ("101", NO_TERM)],
)
def test_case_22_bare_numbers_count_in_the_connections_unit(raw: RawValue, expected: object) -> None:
    assert outcome(lambda: readers.read_months(raw, unit=TermUnit.YEARS)) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Annual", (Rhythm(cycle=BillingCycle.ANNUAL), "as is")),
        ("ANNUAL", (Rhythm(cycle=BillingCycle.ANNUAL), "as is")),
        ("Yearly", (Rhythm(cycle=BillingCycle.ANNUAL), "built-in synonym")),
        ("annually", (Rhythm(cycle=BillingCycle.ANNUAL), "built-in synonym")),
        ("P12M", (Rhythm(cycle=BillingCycle.ANNUAL), "built-in synonym")),
        (" monthly ", (Rhythm(cycle=BillingCycle.MONTHLY), "as is")),
        ("per_six_months", (Rhythm(cycle=BillingCycle.SEMI_ANNUAL), "built-in synonym")),
        ("Semi-annual", (Rhythm(cycle=BillingCycle.SEMI_ANNUAL), "as is")),
        ("semi annual", (Rhythm(cycle=BillingCycle.SEMI_ANNUAL), "as is")),
        ("quarterly", (Rhythm(cycle=BillingCycle.QUARTERLY), "as is")),
        ("One-time", (Rhythm(cycle=BillingCycle.ONE_TIME), "as is")),
        ("Upfront", (Rhythm(cycle=BillingCycle.ONE_TIME), "built-in synonym")),
        (
            "Bi-annual",
            ("FREQUENCY_UNKNOWN", "can mean twice a year or every two years; add a translation for it"),
        ),
        (
            "BIMONTHLY",
            ("FREQUENCY_UNKNOWN", "can mean twice a month or every two months; add a translation for it"),
        ),
        ("weekly", NOT_BILLED),
        ("Jährlich", (Rhythm(cycle=BillingCycle.ANNUAL), "built-in synonym")),
        ("Monthly\u200b", (Rhythm(cycle=BillingCycle.MONTHLY), "as is")),
        ("monthly;annual", SEVERAL),
        (True, NO_CYCLE),
        (12, NO_CYCLE),
        pytest.param(10**4999, NO_CYCLE, id="5000 digits"),
    ],
)
def test_cases_25_26_and_28_billing_cycles(raw: RawValue, expected: object) -> None:
    assert outcome(lambda: readers.read_rhythm(raw)) == expected


@pytest.mark.parametrize(
    ("raw", "time_zone", "expected"),
    [
        ("2025-04-01T01:09Z", "America/Phoenix", date(2025, 3, 31)),
        ("2025-04-01T01:09:22.123Z", "US/Arizona", date(2025, 3, 31)),
        ("2025-04-01T01:09Z", "Europe/Dublin", date(2025, 4, 1)),
        ("2025-04-01T00:00:00Z", "America/New_York", date(2025, 3, 31)),
        ("2025-04-01", "America/Phoenix", date(2025, 4, 1)),
        ("2025-04-01T10:00:00.000+0000", "UTC", date(2025, 4, 1)),
        ("2025-04-01T01:00:00+14:00", "UTC", date(2025, 3, 31)),
        ("2025-12-31T23:30:00Z", "Pacific/Kiritimati", date(2026, 1, 1)),
        ("2024-02-29", "UTC", date(2024, 2, 29)),
        ("2025-02-29", "UTC", NO_DATE),
        ("31/12/2025", "UTC", NO_DATE),
        ("20250401", "UTC", NO_DATE),
        ("2025-W14-2", "UTC", NO_DATE),
        ("1990010112345", "UTC", NO_DATE),
        ("1743469740000", "UTC", NO_DATE),
        (1743469740000, "UTC", NO_DATE),
        ("2025-04-01T01:09:00", "UTC", NO_DATE),
        ("2025-04-01 01:09:00Z", "UTC", NO_DATE),
        ("٢٠٢٥-٠٤-٠١", "UTC", NO_DATE),
        ("2025-04-01\ud800", "UTC", NO_DATE),
        (True, "UTC", NO_DATE),
        ("9999-12-31T23:59:59-23:59", "Pacific/Kiritimati", NO_DATE),
        ("0001-01-01T00:00:00+23:59", "UTC", NO_DATE),
        ("0001-01-01", "UTC", NO_SUCH_YEAR),
        ("1989-12-31", "UTC", NO_SUCH_YEAR),
        ("2101-01-01", "UTC", NO_SUCH_YEAR),
        ("9999-12-31", "UTC", NO_SUCH_YEAR),
    ],
)
def test_case_14_dates(raw: RawValue, time_zone: str, expected: object) -> None:
    assert outcome(lambda: readers.read_date(raw, time_zone=time_zone)) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("EUR", "EUR"),
        ("usd", "USD"),
        (" kwd ", "KWD"),
        ("HRK", NO_CURRENCY),
        ("XXX", NO_CURRENCY),
        ("US", NO_CURRENCY),
        ("US$", NO_CURRENCY),
        ("Uſd", NO_CURRENCY),
        ("ßp", NO_CURRENCY),
        (978, NO_CURRENCY),
    ],
)
def test_case_62_currencies(raw: RawValue, expected: object) -> None:
    assert outcome(lambda: readers.read_currency(raw)) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("  Acme\r\n Ltd\t", "Acme Ltd"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),
        ("🧾 Ünïcode", "🧾 Ünïcode"),
        ("شركة الاختبار", "شركة الاختبار"),
        ("Cafe\u0301", "Cafe\u0301"),
        (True, "Yes"),
        (False, "No"),
        (Decimal("24.0"), "24.0"),
        ("n" * 500, "n" * 500),
        ("n" * 501, ("TEXT_INVALID", "is longer than 500 characters")),
        pytest.param(10**4999, ("TEXT_INVALID", "is longer than 500 characters"), id="5000 digits"),
        ("A\u0000B", UNSTORABLE),
        ("\ud800", UNSTORABLE),
        ("A\u0007", UNSTORABLE),
    ],
)
def test_cases_82_and_83_texts(raw: RawValue, expected: object) -> None:
    assert outcome(lambda: readers.read_text(raw, longest=500)) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (" 1 Main  Street\r\n\n Dublin\u2028Ireland ", "1 Main Street\nDublin\nIreland"),
        ("A\u0000", UNSTORABLE),
        ("a\n" * 20, ("TEXT_INVALID", "is longer than 30 characters")),
    ],
)
def test_addresses_keep_their_lines(raw: RawValue, expected: object) -> None:
    assert outcome(lambda: readers.read_lines(raw, longest=30)) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (None, True),
        ("", True),
        (" \t\u00a0\u3000", True),
        ("\u200b\ufeff\u2060", True),
        ("\u0000", True),
        ("0", False),
        (0, False),
        (False, False),
        (Decimal(0), False),
    ],
)
def test_what_nobody_can_see_is_missing(raw: RawValue, expected: bool) -> None:
    assert readers.is_missing(raw) is expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (None, ""),
        ("A\u0000\ud800B\n", "A\ufffd\ufffdB\ufffd"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 199 + "…"),
        pytest.param(10**4999, "1" + "0" * 198 + "…", id="5000 digits"),
        (Decimal("1E+999999"), "1E+999999"),
    ],
)
def test_raw_values_are_shown_short_and_storable(raw: RawValue, expected: str) -> None:
    assert readers.printable(raw) == expected


@pytest.mark.timeout(20)  # a million digits made into a fraction take half a minute
@pytest.mark.parametrize("raw", [pytest.param(raw, id=str(n)) for n, raw in enumerate(AWKWARD_VALUES)])
def test_awkward_values_are_read_or_refused(raw: RawValue) -> None:
    """Nothing but Unreadable is raised, for it alone is caught here."""
    for read in READERS.values():
        outcome(partial(read, raw))


@settings(max_examples=300, deadline=None)
@given(raw=raw_values())
def test_any_value_is_read_or_refused(raw: RawValue) -> None:
    for read in READERS.values():
        outcome(partial(read, raw))


@settings(max_examples=300, deadline=None)
@given(raw=raw_values())
def test_texts_that_were_read_can_be_stored(raw: RawValue) -> None:
    try:
        text = readers.read_text(raw, longest=500)
    except Unreadable:
        text = readers.printable(raw, longest=500)

    assert len(text) <= 500
    assert "\u0000" not in text
    assert text.encode("utf-8").decode() == text
