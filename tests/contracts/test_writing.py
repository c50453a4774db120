"""Days and numbers are written one way, and typed in either."""

from datetime import date
from decimal import Decimal

import pytest

from contracts.money import Money
from contracts.writing import UnclearAmount, typed_amount, write_day, write_money, write_number, written_as

ASKS, REFUSED = "asks", "refused"
TYPED = [
    ("1200", 2, "1200", "1200"),
    ("1200.5", 2, "1200.5", "1200.5"),
    ("1200,5", 2, "1200.5", "1200.5"),
    ("1,200.00", 2, "1200", "1200"),
    ("1.200,00", 2, "1200", "1200"),
    ("1.200", 2, ASKS, "1200"),
    ("1,200", 2, "1200", ASKS),
    ("1 200,00", 2, "1200", "1200"),
    ("1\u202f200,00", 2, "1200", "1200"),
    ("1'200.00", 2, "1200", "1200"),
    ("\u20ac 1.200,00", 2, "1200", "1200"),
    ("EUR 1.200,00", 2, "1200", "1200"),
    ("1.200,00 eur", 2, "1200", "1200"),
    ("\u22125,00", 2, "-5", "-5"),
    ("1.234.567", 2, "1234567", "1234567"),
    ("12,34", 2, "12.34", "12.34"),
    ("0,125", 2, REFUSED, REFUSED),
    ("1.2.3", 2, REFUSED, REFUSED),
    ("1,2,3.4", 2, REFUSED, REFUSED),
    ("12.345.6,00", 2, REFUSED, REFUSED),
    ("1.200", 3, "1.2", "1200"),
    ("1,200", 3, "1200", "1.2"),
    ("1.200", 0, ASKS, "1200"),
    ("12,5", 0, REFUSED, REFUSED),
    (".5", 2, REFUSED, REFUSED),
    ("12a", 2, REFUSED, REFUSED),
    ("", 2, REFUSED, REFUSED),
    ("1e3", 2, REFUSED, REFUSED),
    ("\u0664\u0662", 2, REFUSED, REFUSED),
    ("1200.00.", 2, REFUSED, REFUSED),
    ("1.200,000", 2, "1200", "1200"),
]


def read(text: str, *, decimals: int, page_format: str) -> str:
    with written_as(page_format):
        try:
            return str(Decimal(typed_amount(text, decimals=decimals)).normalize().__format__("f"))
        except UnclearAmount as refusal:
            return ASKS if "can mean" in str(refusal) else REFUSED


@pytest.mark.parametrize(("text", "decimals", "english", "german"), TYPED)
def test_an_amount_is_read_or_asked_about_and_never_guessed(
    text: str, decimals: int, english: str, german: str
) -> None:
    assert read(text, decimals=decimals, page_format="en-gb") == english
    assert read(text, decimals=decimals, page_format="de") == german


@pytest.mark.parametrize(
    ("page_format", "day", "money", "negative", "number"),
    [
        ("en-gb", "30 Nov 2026", "EUR\u00a06,125.13", "EUR\u00a0\u22126,500.50", "10,000"),
        ("de", "30.11.2026", "6.125,13\u00a0EUR", "\u22126.500,50\u00a0EUR", "10.000"),
        ("xx", "30 Nov 2026", "EUR\u00a06,125.13", "EUR\u00a0\u22126,500.50", "10,000"),
    ],
)
def test_one_way_of_writing(page_format: str, day: str, money: str, negative: str, number: str) -> None:
    with written_as(page_format):
        assert write_day(date(2026, 11, 30)) == day
        assert write_money(Money(minor=612_513, currency="EUR")) == money
        assert write_money(Money(minor=-650_050, currency="EUR")) == negative
        assert write_number(10_000) == number


def test_what_is_shown_can_be_typed() -> None:
    for page_format in ("en-gb", "de"):
        with written_as(page_format):
            for minor, currency, decimals in ((123_450, "EUR", 2), (1234, "JPY", 0), (1_200, "BHD", 3)):
                amount = Money(minor=minor, currency=currency)
                assert typed_amount(write_money(amount), decimals=decimals) == amount.to_decimal()
