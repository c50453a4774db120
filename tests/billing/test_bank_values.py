"""Amounts and days as banks write them: read in one form, or not at all."""

from datetime import date

import pytest

from billing.receivables.bank_values import amount_currency, cleaned, read_day, read_number
from billing.values import DayOrder, DecimalMark

POINT, COMMA = DecimalMark.POINT, DecimalMark.COMMA
DAY, MONTH = DayOrder.DAY_FIRST, DayOrder.MONTH_FIRST


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("", POINT, None),
        ("5", POINT, "5"),
        ("1,234.50", POINT, "1234.50"),
        ("1.234,50", POINT, None),
        ("1.234,50", COMMA, "1234.50"),
        ("1,234.50", COMMA, None),
        (" '\u22121 234.50 ", POINT, "-1234.50"),
        ("-.50", POINT, "-0.50"),
        ("1.50 dr", POINT, "-1.50"),
        ("1.50 Cr", POINT, "1.50"),
        ("+1.50", POINT, "1.50"),
        ("1.50-", POINT, "-1.50"),
        ("eur -1.50", POINT, "-1.50"),
        ("1.50 EUR", POINT, "1.50"),
        ("(1.50)", POINT, "-1.50"),
        ("(1.50", POINT, None),
        ("1.50)", POINT, None),
        ("(-1.50)", POINT, None),
        ("-1.50-", POINT, None),
        ("(-1.50 DR)", POINT, None),
        ("about 5", POINT, None),
    ],
)
def test_amounts(text: str, mark: DecimalMark, number: str | None) -> None:
    """Without a decimal that was not written: questions about the file show it so."""
    read = read_number(text, mark=mark)

    assert (read if read is None else str(read)) == number


@pytest.mark.parametrize(
    ("text", "currency"),
    [("usd 5.00", "USD"), ("5.00 eur", "EUR"), ("(chf 5.00)", "CHF"), ("5.00", ""), ("€ 5.00", "")],
)
def test_the_currency_beside_an_amount(text: str, currency: str) -> None:
    assert amount_currency(text) == currency


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("2026-11-21", MONTH, date(2026, 11, 21)),
        ("2026-1-2", DAY, date(2026, 1, 2)),
        ("2026-11-021", DAY, None),
        ("20261121", MONTH, date(2026, 11, 21)),
        ("20261321", MONTH, None),
        ("03/04/2026", DAY, date(2026, 4, 3)),
        ("03/04/2026", MONTH, date(2026, 3, 4)),
        ("03.04.26", MONTH, date(2026, 4, 3)),
        ("21.11.26", DAY, date(2026, 11, 21)),
        ("21.11.2026", DAY, date(2026, 11, 21)),
        ("021.11.2026", DAY, None),
        ("21.11.026", DAY, None),
        ("31.11.2026", DAY, None),
        ("21-Nov-26", MONTH, date(2026, 11, 21)),
        ("November 21, 2026", DAY, date(2026, 11, 21)),
        ("21 Août 2026", DAY, date(2026, 8, 21)),
        ("31 Januari 2026", DAY, date(2026, 1, 31)),
        ("31 d\u00e9c. 2026", DAY, date(2026, 12, 31)),
        ("21 Jui 2026", DAY, None),
        ("21 Foo 2026", DAY, None),
        ("Samstag, 21.11.2026", DAY, date(2026, 11, 21)),
        ("Sat 11/21/2026", MONTH, date(2026, 11, 21)),
        ("Sat 21. November 2026", DAY, date(2026, 11, 21)),
        ("soon", DAY, None),
    ],
)
def test_days(text: str, order: DayOrder, day: date | None) -> None:
    assert read_day(text, order=order) == day


def test_marks_that_nobody_sees_and_blanks_at_the_ends_go() -> None:
    assert cleaned("\u200e 1\u00a0000\u200b\u2013 ") == "1 000-"
