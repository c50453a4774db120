"""Days and numbers are written one way, and typed in either."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django import forms

from contracts.amount_fields import AmountField, DayField, NumberKind, PercentField, Typed
from contracts.money import Money
from contracts.sentences import as_written
from contracts.writing import UnclearAmount, typed_amount, write_day, write_money, write_number, written_as
from tests.pages import squeezed

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
    ("1.200", None, ASKS, "1200"),
    ("1,200", None, "1200", ASKS),
    ("1.2345", None, "1.2345", "1.2345"),
    ("1.23456", None, REFUSED, REFUSED),
]
SENTENCES = [
    (
        "Due on 2026-11-30: EUR 1,234.56 and JPY 1,200.",
        "Due on 30 Nov 2026: EUR\u00a01,234.56 and JPY\u00a01,200.",
        "Due on 30.11.2026: 1.234,56\u00a0EUR and 1.200\u00a0JPY.",
    ),
    (
        "USD -5.00 of 1,200 deals.",
        "USD\u00a0\u22125.00 of 1,200 deals.",
        "\u22125,00\u00a0USD of 1.200 deals.",
    ),
    ("Since 2026-11-30, 14:02 UTC.", "Since 30 Nov 2026, 14:02.", "Since 30.11.2026, 14:02."),
    ("At 8.875 % and 19 %.", "At 8.875 % and 19 %.", "At 8,875 % and 19 %."),
    *(
        (kept, kept, kept)
        for kept in (
            "\u201c2026-11-30\u201d and 'EUR 1,200.00' are theirs.",
            "https://acme.example/2026-11-30/EUR%201,200.00 is theirs.",
            "INV-2026-000024, 2026-13-40, EUR 1.2, EUR 12, v1.2.3 and 1200.",
            "30.11.2026 and 1.234,56\u00a0EUR.",
        )
    ),
]


def read(text: str, *, decimals: int | None, page_format: str) -> str:
    with written_as(page_format):
        try:
            return str(Decimal(typed_amount(text, decimals=decimals)).normalize().__format__("f"))
        except UnclearAmount as refusal:
            return ASKS if "can mean" in str(refusal) else REFUSED


@pytest.mark.parametrize(("text", "decimals", "english", "german"), TYPED)
def test_an_amount_is_read_or_asked_about_and_never_guessed(
    text: str, decimals: int | None, english: str, german: str
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


@pytest.mark.parametrize(("kept", "english", "german"), SENTENCES)
def test_a_kept_sentence_is_written_as_the_page_is(kept: str, english: str, german: str) -> None:
    for page_format, written in (("en-gb", english), ("de", german)):
        with written_as(page_format):
            assert as_written(kept) == written
            assert as_written(written) == written


@pytest.mark.parametrize(
    ("text", "decimals", "page_format", "sentence", "choices"),
    [
        ("1.200", 2, "en-gb", "“1.200” can mean 1,200.00 or 1.20. Which one?", ["1200", "1.2"]),
        ("1,200", 2, "de", "“1,200” can mean 1.200,00 or 1,20. Which one?", ["1200", "1.2"]),
        ("1.234", None, "en-gb", "“1.234” can mean 1,234.00 or 1.234. Which one?", ["1234", "1.2340"]),
        ("1.200", 0, "en-gb", "“1.200” can mean 1,200 or 1.20. Which one?", ["1200"]),
        ("1.234", 2, "en-gb", "“1.234” can mean 1,234.00 or 1.234. Which one?", ["1234"]),
    ],
)
def test_an_amount_that_can_mean_two_is_answered_by_a_button(
    text: str, decimals: int | None, page_format: str, sentence: str, choices: list[str]
) -> None:
    class Form(forms.Form):
        amount = AmountField(decimals=decimals)

    with written_as(page_format):
        form = Form({"amount": text})
        html = squeezed(str(form["amount"].as_field_group()))
        assert form.errors == {"amount": [sentence]}
        assert re.findall(r'<button [^>]*name="amount" value="([^"]+)"', html) == choices
        for choice, meant in zip(choices, form.errors.as_data()["amount"][0].params["readings"], strict=True):
            assert Form({"amount": choice}).is_valid(), meant


UNDERSTOOD = [
    ("1200,5", "EUR", "EUR\u00a01,200.50", "1.200,50\u00a0EUR"),
    ("1.200", "BHD", "BHD\u00a01.200", "1.200,000\u00a0BHD"),
    ("1.200", "EUR", "\u201c1.200\u201d can mean 1,200.00 or 1.20. Which one?", "1.200,00\u00a0EUR"),
    ("1.200,5", "", "1,200.5", "1.200,5"),
    ("ten", "", "Enter an amount in digits, such as 1200.00 or 1.200,00.", None),
    (" ", "EUR", "", ""),
    ("8,875", "%", "8.875 %", "8,875 %"),
]


@pytest.mark.parametrize(("text", "currency", "english", "german"), UNDERSTOOD)
def test_a_number_is_told_as_it_would_be_saved(
    text: str, currency: str, english: str, german: str | None
) -> None:
    kind = NumberKind.PERCENT if currency == "%" else NumberKind.AMOUNT
    for page_format, told in (("en-gb", english), ("de", english if german is None else german)):
        with written_as(page_format):
            assert Typed(kind=kind, text=text, currency=currency).understood() == told


def test_a_form_says_how_it_understands_what_stands_in_it() -> None:
    class Form(forms.Form):
        coin = forms.CharField(initial="USD")
        limit = AmountField(currency_field="coin")
        rate = PercentField(initial=Decimal("8.875"))
        name = forms.CharField(initial="1200")

    def told(form: forms.Form) -> list[str]:
        return re.findall(r"<output [^>]*>([^<]*)</output>", squeezed(str(form)))

    with written_as("de"):
        assert told(Form(initial={"limit": Decimal("1200.5")})) == ["1.200,50\u00a0USD", "8,875 %"]
        assert told(Form({"coin": "JPY", "limit": "1,200.00", "rate": "19%"})) == ["1.200\u00a0JPY", "19 %"]
        assert told(Form({"coin": "JPY", "limit": "ten", "rate": ""})) == ["", ""]
        assert 'for="id_limit id_coin"' in str(Form())


@pytest.mark.parametrize(
    "text", ["2026-11-30", "30.11.2026", "30/11/2026", "30 Nov 2026", " 30 November 2026 "]
)
def test_a_day_is_typed_as_any_page_writes_it(text: str) -> None:
    assert DayField().clean(text) == date(2026, 11, 30)


@pytest.mark.parametrize("text", ["11/30/2026", "31.11.2026", "30.11", "2026-11-31", "tomorrow"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(forms.ValidationError):
        DayField().clean(text)


@pytest.mark.parametrize(
    ("text", "rate"),
    [("19", "19"), ("8.875", "8.875"), ("8,875 %", "8.875"), ("0", "0"), ("7,7\u00a0%", "7.7")],
)
def test_a_rate_is_typed_as_any_page_writes_it(text: str, rate: str) -> None:
    for page_format in ("en-gb", "de"):
        with written_as(page_format):
            assert PercentField().clean(text) == Decimal(rate)
            assert PercentField().clean(PercentField().prepare_value(Decimal(rate))) == Decimal(rate)


def test_what_is_shown_can_be_typed() -> None:
    for page_format in ("en-gb", "de"):
        with written_as(page_format):
            for minor, currency, decimals in ((123_450, "EUR", 2), (1234, "JPY", 0), (1_200, "BHD", 3)):
                amount = Money(minor=minor, currency=currency)
                assert typed_amount(write_money(amount), decimals=decimals) == amount.to_decimal()
