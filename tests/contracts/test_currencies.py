import pytest

from contracts.currencies import EXPONENTS, UnknownCurrency, exponent, is_known


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [
        ("JPY", 0),
        ("KRW", 0),
        ("CLP", 0),
        ("ISK", 0),
        ("USD", 2),
        ("EUR", 2),
        ("CHF", 2),
        ("MGA", 2),
        ("MRU", 2),
        ("XCG", 2),
        ("ZWG", 2),
        ("BHD", 3),
        ("KWD", 3),
        ("TND", 3),
        ("CLF", 4),
        ("UYW", 4),
        ("UYI", 0),
        ("BOV", 2),
        ("COU", 2),
        ("MXV", 2),
    ],
)
def test_exponent_of_an_active_currency(currency: str, decimals: int) -> None:
    assert exponent(currency=currency) == decimals
    assert is_known(currency=currency)


@pytest.mark.parametrize(
    "currency",
    # Retired, replaced, metal, test, none, fund, not upper case, not a code.
    [
        "HRK",
        "BGN",
        "ANG",
        "ZWL",
        "SLL",
        "XAU",
        "XTS",
        "XXX",
        "XDR",
        "CHE",
        "CHW",
        "USN",
        "usd",
        "Usd",
        "US",
        "EURO",
        "€",
        "",
    ],
)
def test_exponent_of_an_unknown_currency(currency: str) -> None:
    assert not is_known(currency=currency)
    with pytest.raises(UnknownCurrency) as refusal:
        exponent(currency=currency)
    assert str(refusal.value) == f"{currency!r} is not an active ISO 4217 currency code."


def test_every_code_is_three_capitals_and_listed_once() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in EXPONENTS)
    assert len(EXPONENTS) == 161
    assert sorted(set(EXPONENTS.values())) == [0, 2, 3, 4]
