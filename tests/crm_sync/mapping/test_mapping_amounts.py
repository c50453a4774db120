"""Contract value, currency, and how the value is cut."""

from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.money import LIMIT, Money, TooLarge
from crm_sync.deals import RawValue
from crm_sync.enums import AmountMeans, Target
from crm_sync.mapping.mapper import over_term
from crm_sync.mapping.result import Origin, Step
from crm_sync.mapping.rules import FieldRule
from tests.crm_sync.deal_values import (
    a_deal,
    amounts_of,
    contract_of,
    mapped,
    problems_of,
    rules_with,
    settings_with,
)


@pytest.mark.parametrize(
    ("amount", "currency", "value"),
    [
        ("100.000", "USD", Money(minor=10_000, currency="USD")),
        ("500.00", "JPY", Money(minor=500, currency="JPY")),
        ("1E+3", "USD", Money(minor=100_000, currency="USD")),
        ("1.234", "KWD", Money(minor=1_234, currency="KWD")),
        (Decimal("0.01"), "USD", Money(minor=1, currency="USD")),
        ("9999999999999.99", "USD", Money(minor=LIMIT - 1, currency="USD")),
    ],
)
def test_case_5_zeros_after_the_last_decimal_are_accepted(
    amount: RawValue, currency: str, value: Money
) -> None:
    assert contract_of(mapped(a_deal(amount=amount, deal_currency_code=currency, term="1"))).value == value


@pytest.mark.parametrize(
    ("amount", "currency", "term", "amounts"),
    [
        ("100.00", "USD", "3", ["USD 33.34", "USD 33.33", "USD 33.33"]),
        ("100000", "JPY", "12", ["JPY 8,334"] * 4 + ["JPY 8,333"] * 8),
        ("100.000", "BHD", "3", ["BHD 33.334", "BHD 33.333", "BHD 33.333"]),
    ],
)
def test_case_7_amounts_that_do_not_divide(amount: str, currency: str, term: str, amounts: list[str]) -> None:
    one = mapped(a_deal(amount=amount, deal_currency_code=currency, term=term, frequency="monthly"))

    assert amounts_of(one) == amounts


@pytest.mark.parametrize(
    ("means", "amount", "term", "value"),
    [
        (AmountMeans.TOTAL, "1200.00", "36", "USD 1,200.00"),
        (AmountMeans.ANNUAL, "1200.00", "36", "USD 3,600.00"),
        (AmountMeans.ANNUAL, "1200.00", "18", "USD 1,800.00"),
        (AmountMeans.ANNUAL, "100.02", "1", "USD 8.34"),
        (AmountMeans.ANNUAL, "0.06", "1", "USD 0.01"),
        (AmountMeans.MONTHLY, "99.99", "24", "USD 2,399.76"),
    ],
)
def test_case_9_what_the_amount_means(means: AmountMeans, amount: str, term: str, value: str) -> None:
    one = mapped(
        a_deal(amount=amount, term=term, frequency="one-time"), settings=settings_with(amount_means=means)
    )

    assert str(contract_of(one).value) == value


def test_case_9_the_trace_shows_both_readings() -> None:
    one = mapped(a_deal(amount="1200", term="36"), settings=settings_with(amount_means=AmountMeans.ANNUAL))

    assert [step for step in one.trace if step.field == "Contract Value"] == [
        Step(
            key="contract_value",
            origin=Origin.CRM,
            field="Contract Value",
            source="Deal: amount",
            raw="1200",
            transform="number",
            value="1200",
        ),
        Step(
            key="contract_value",
            origin=Origin.RECKONED,
            field="Contract Value",
            source="Amount means",
            raw="USD 1,200.00",
            transform="annual value, over 36 months",
            value="USD 3,600.00",
        ),
    ]


def test_a_value_that_rounds_to_nothing_is_held() -> None:
    one = mapped(a_deal(amount="0.04", term="1"), settings=settings_with(amount_means=AmountMeans.ANNUAL))

    assert problems_of(one) == [
        ("AMOUNT_NOT_POSITIVE", "Contract Value “0.04” adds up to zero over the contract's term.")
    ]


def test_a_monthly_value_that_is_too_much_over_the_term_is_held() -> None:
    one = mapped(a_deal(amount="9999999999999.99"), settings=settings_with(amount_means=AmountMeans.MONTHLY))

    assert problems_of(one) == [
        ("OVER_LIMIT", "Contract Value “9999999999999.99” is more than Fincelo can bill.")
    ]


@given(minor=st.integers(1, LIMIT - 1), months=st.integers(1, 1200), means=st.sampled_from(AmountMeans))
def test_the_value_over_the_term_is_exact_but_for_one_rounding(
    minor: int, months: int, means: AmountMeans
) -> None:
    periods = Fraction(months, 12) if means is AmountMeans.ANNUAL else Fraction(months)
    exact = floor(minor * periods + Fraction(1, 2))
    try:
        value = over_term(Money(minor=minor, currency="USD"), means=means, months=months)
    except TooLarge:
        assert exact >= LIMIT
    else:
        assert value == Money(minor=exact, currency="USD")


@pytest.mark.parametrize(
    ("changes", "value", "source"),
    [
        pytest.param({"deal_currency_code": None}, "EUR 12,000.00", "Default value", id="case 60"),
        pytest.param(
            {"deal_currency_code": "gbp"}, "GBP 12,000.00", "Deal: deal_currency_code", id="case 62"
        ),
        pytest.param(
            {"deal_currency_code": "GBP", "amount_in_home_currency": "15000"},
            "GBP 12,000.00",
            "Deal: deal_currency_code",
            id="case 63",
        ),
    ],
)
def test_the_currency_is_the_deals_own(changes: dict[str, Any], value: str, source: str) -> None:
    one = mapped(a_deal(**changes))

    assert str(contract_of(one).value) == value
    assert [step.source for step in one.trace if step.field == "Currency"] == [source]


def test_cases_53_and_61_two_deals_of_one_account_keep_their_own_currencies() -> None:
    dollars, euros = mapped(a_deal()), mapped(a_deal(external_id="9002", deal_currency_code="EUR"))

    assert [str(contract_of(one).value) for one in (dollars, euros)] == ["USD 12,000.00", "EUR 12,000.00"]
    assert (dollars.deal.account_id, dollars.customer) == (euros.deal.account_id, euros.customer)


def test_a_mapped_currency_field_comes_before_the_crms_own() -> None:
    rules = rules_with(FieldRule(target=Target.CURRENCY, source_field="billing_currency"))

    chosen = mapped(a_deal(billing_currency="CHF"), rules=rules)
    empty = mapped(a_deal(billing_currency=None), rules=rules)

    assert [str(contract_of(one).value) for one in (chosen, empty)] == ["CHF 12,000.00", "EUR 12,000.00"]


@pytest.mark.parametrize(
    ("term", "frequency", "amounts"),
    [
        pytest.param("14", "annual", ["USD 10,285.72", "USD 1,714.28"], id="case 23"),
        pytest.param("1", "annual", ["USD 12,000.00"], id="case 24"),
        pytest.param("12", "One-time", ["USD 12,000.00"], id="case 28"),
        pytest.param("12", "Upfront", ["USD 12,000.00"], id="case 28, upfront"),
    ],
)
def test_terms_and_cycles(term: str, frequency: str, amounts: list[str]) -> None:
    assert amounts_of(mapped(a_deal(term=term, frequency=frequency))) == amounts
