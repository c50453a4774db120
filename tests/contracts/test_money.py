from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.currencies import EXPONENTS, UnknownCurrency
from contracts.money import LIMIT, AmountRefused, CurrencyMismatch, Money, NotFinite, TooLarge, TooPrecise

CURRENCIES = st.sampled_from(["JPY", "USD", "BHD", "CLF"])
MINORS = st.integers(min_value=-LIMIT + 1, max_value=LIMIT - 1)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12000", "USD", 1_200_000),
        ("12000.5", "USD", 1_200_050),
        ("12000.50", "USD", 1_200_050),
        ("0.01", "USD", 1),
        ("-0.01", "USD", -1),
        ("-0", "USD", 0),
        ("0E+999999", "USD", 0),
        ("0E-999999", "USD", 0),
        ("1E+3", "USD", 100_000),
        ("1.2E+1", "JPY", 12),
        ("100000", "JPY", 100_000),
        ("1.234", "BHD", 1_234),
        ("1.2345", "CLF", 12_345),
        ("9999999999999.99", "USD", LIMIT - 1),
        ("-9999999999999.99", "USD", -LIMIT + 1),
    ],
)
def test_from_decimal_is_exact(amount: str, currency: str, minor: int) -> None:
    assert Money.from_decimal(Decimal(amount), currency=currency) == Money(minor=minor, currency=currency)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("10.005", "USD"), ("0.001", "USD"), ("0.5", "JPY"), ("0.125", "USD"), ("1E-400", "BHD")],
)
def test_case_5_more_decimals_than_the_currency_has(amount: str, currency: str) -> None:
    with pytest.raises(TooPrecise):
        Money.from_decimal(Decimal(amount), currency=currency)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("10.000", "USD", 1_000), ("10.50000000000000000000000000000000", "USD", 1_050), ("5.0", "JPY", 5)],
)
def test_case_5_zeros_after_the_last_decimal_are_accepted(amount: str, currency: str, minor: int) -> None:
    assert Money.from_decimal(Decimal(amount), currency=currency) == Money(minor=minor, currency=currency)


def test_too_precise_names_what_the_currency_has() -> None:
    with pytest.raises(TooPrecise) as dollars:
        Money.from_decimal(Decimal("1.005"), currency="USD")
    with pytest.raises(TooPrecise) as yen:
        Money.from_decimal(Decimal("0.5"), currency="JPY")

    assert str(dollars.value) == "The amount has more decimals than USD, which has 2."
    assert str(yen.value) == "The amount has more decimals than JPY, which has none."


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_from_decimal_refuses_what_is_no_number(amount: str) -> None:
    with pytest.raises(NotFinite):
        Money.from_decimal(Decimal(amount), currency="USD")


@pytest.mark.parametrize(
    "amount", ["1E13", "10000000000000.00", "-1E13", "1E400", "1E+999999999999", "1" * 5000]
)
def test_from_decimal_refuses_what_no_column_holds(amount: str) -> None:
    with pytest.raises(TooLarge):
        Money.from_decimal(Decimal(amount), currency="USD")


@pytest.mark.parametrize("amount", [1, 1.5, True, "1.5", None])
def test_from_decimal_refuses_every_other_type(amount: object) -> None:
    with pytest.raises(TypeError):
        Money.from_decimal(amount, currency="USD")


@pytest.mark.parametrize("minor", [1.0, True, Decimal(1), "1", None])
def test_money_refuses_every_other_type(minor: object) -> None:
    with pytest.raises(TypeError):
        Money(minor=minor, currency="USD")


def test_money_refuses_an_unknown_currency() -> None:
    with pytest.raises(UnknownCurrency):
        Money(minor=1, currency="usd")
    with pytest.raises(UnknownCurrency):
        Money.from_decimal(Decimal("NaN"), currency="HRK")


def test_too_large_names_the_amount() -> None:
    with pytest.raises(TooLarge) as refusal:
        Money.from_decimal(Decimal("12345678901234"), currency="USD")

    assert str(refusal.value) == "USD 1.235E+13 is more than Fincelo can bill."


def test_a_sum_may_pass_the_limit_of_one_amount() -> None:
    most = Money(minor=LIMIT - 1, currency="USD")

    assert most + most == Money(minor=2 * LIMIT - 2, currency="USD")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123_450, "USD", "USD 1,234.50"),
        (-123_450, "USD", "USD -1,234.50"),
        (5, "USD", "USD 0.05"),
        (-5, "USD", "USD -0.05"),
        (0, "USD", "USD 0.00"),
        (1_234_567, "JPY", "JPY 1,234,567"),
        (1_234_567, "KWD", "KWD 1,234.567"),
        (1_234_567, "CLF", "CLF 123.4567"),
    ],
)
def test_str_groups_and_shows_every_decimal(minor: int, currency: str, text: str) -> None:
    money = Money(minor=minor, currency=currency)

    assert str(money) == text
    assert f"{currency} {money.format_amount()}" == text


def test_sums_and_comparisons_within_one_currency() -> None:
    more, less = Money(minor=5, currency="EUR"), Money(minor=3, currency="EUR")

    assert more + less == Money(minor=8, currency="EUR")
    assert less - more == Money(minor=-2, currency="EUR")
    assert -more == Money(minor=-5, currency="EUR")
    assert sorted([more, less]) == [less, more]
    assert (more > less, more >= more, less < more, less <= less) == (True, True, True, True)
    assert (more > more, less >= more, less < less, more <= less) == (False, False, False, False)
    assert Money(minor=1, currency="EUR").is_positive
    assert str((less - less).to_decimal()) == "0.00"
    assert (more.is_positive, (less - less).is_positive, (less - more).is_positive) == (True, False, False)


def test_two_currencies_never_mix() -> None:
    euros, dollars = Money(minor=5, currency="EUR"), Money(minor=5, currency="USD")

    assert euros != dollars
    for mix in (
        lambda: euros + dollars,
        lambda: euros - dollars,
        lambda: euros < dollars,
        lambda: euros <= dollars,
        lambda: euros > dollars,
        lambda: euros >= dollars,
    ):
        with pytest.raises(CurrencyMismatch) as refusal:
            mix()
        assert str(refusal.value) == "EUR 0.05 and USD 0.05 are different currencies."


def test_money_goes_with_money_only() -> None:
    with pytest.raises(TypeError):
        Money(minor=5, currency="EUR") + 1  # type: ignore[operator]


@settings(max_examples=500)
@given(minor=MINORS, currency=CURRENCIES)
def test_decimal_there_and_back(minor: int, currency: str) -> None:
    money = Money(minor=minor, currency=currency)

    with localcontext(Context(prec=3)):  # exact whatever the caller's context
        assert Money.from_decimal(money.to_decimal(), currency=currency) == money
    assert money.to_decimal() == Decimal(minor) / 10 ** EXPONENTS[currency]
    assert Decimal(money.format_amount().replace(",", "")) == money.to_decimal()


@settings(max_examples=500)
@given(amount=st.decimals(), currency=CURRENCIES)
def test_from_decimal_is_exact_or_refuses(amount: Decimal, currency: str) -> None:
    try:
        money = Money.from_decimal(amount, currency=currency)
    except AmountRefused:
        assert not amount.is_finite() or abs(amount) >= 10**11 or amount != round(amount, EXPONENTS[currency])
    else:
        assert money.to_decimal() == amount
