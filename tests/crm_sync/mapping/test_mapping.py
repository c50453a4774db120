from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from contracts.drafts import ContractDraft, CustomerDraft
from contracts.enums import BillingCycle, BillingTiming, CustomFieldHome
from contracts.money import Money
from crm_sync.deals import RawValue
from crm_sync.enums import HoldCode, SourceObject, Target, TermUnit
from crm_sync.mapping.result import Origin, Problem, Step
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

CUSTOMER = CustomerDraft(name="Acme Ltd")
CONTRACT = ContractDraft(
    name="Acme - Platform",
    value=Money(minor=1_200_000, currency="USD"),
    start_date=date(2026, 11, 20),
    duration_months=12,
    billing_cycle=BillingCycle.QUARTERLY,
    billing_timing=BillingTiming.IN_ADVANCE,
    lead_days=0,
    account_manager_email="sam@acme.example",
)


def test_a_complete_deal_makes_a_customer_a_contract_and_a_plan() -> None:
    deal = a_deal()

    one = mapped(deal)

    assert (one.deal, one.customer, one.contract, one.problems) == (deal, CUSTOMER, CONTRACT, ())
    spans = [planned.period.span for planned in one.plan]
    assert amounts_of(one) == ["USD 3,000.00"] * 4
    assert [(span.start, span.end) for span in spans] == [
        (date(2026, 11, 20), date(2027, 2, 20)),
        (date(2027, 2, 20), date(2027, 5, 20)),
        (date(2027, 5, 20), date(2027, 8, 20)),
        (date(2027, 8, 20), date(2027, 11, 20)),
    ]
    assert [tuple(asdict(step).values())[2:7] for step in one.trace] == [
        ("Customer Name", "Account or company: name", "Acme Ltd", "as is", "Acme Ltd"),
        ("Currency", "Deal: deal_currency_code", "USD", "as is", "USD"),
        ("Contract Duration", "Deal: term", "12", "months, plain numbers are months", "12"),
        ("Contract Value", "Deal: amount", "12000.00", "number", "12000.00"),
        (
            "Contract Start Date",
            "Deal: closedate",
            "2026-11-20T15:30:00Z",
            "date in US/Eastern",
            "2026-11-20",
        ),
        ("Billing Cycle", "Deal: frequency", "Quarterly", "as is", "Quarterly"),
        ("Account Manager", "Owner: email", "sam@acme.example", "as is", "sam@acme.example"),
    ]


def test_a_deal_lists_all_its_problems_at_once_and_makes_nothing() -> None:
    deal = a_deal(
        account={},
        amount="12,000.00",
        closedate="soon",
        term="tbd",
        frequency="Bi-annual",
        deal_currency_code="GOLD",
        crm_says_won=False,
        name="A\u0000",
    )

    one = mapped(deal)

    assert (one.customer, one.contract, one.plan) == (None, None, ())
    assert problems_of(one) == [
        ("STAGE_CONFLICT", "Stage “Closed Won” is not a won stage by its settings in the CRM."),
        ("CUSTOMER_NAME_MISSING", "Customer Name is empty."),
        ("CURRENCY_UNKNOWN", "Currency “GOLD” is no current ISO 4217 currency code."),
        ("TERM_UNREADABLE", "Contract Duration “tbd” is not a duration of 1 to 1200 whole months."),
        (
            "AMOUNT_UNREADABLE",
            "Contract Value “12,000.00” is not a plain number; "
            "write it with digits and a decimal point only.",
        ),
        ("DATE_OUT_OF_RANGE", "Contract Start Date “soon” cannot be read as a date."),
        (
            "FREQUENCY_UNKNOWN",
            "Billing Cycle “Bi-annual” can mean twice a year or every two years; add a translation for it.",
        ),
        ("TEXT_INVALID", "Deal name “A\ufffd” contains characters that cannot be stored."),
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"amount": None}, ("AMOUNT_MISSING", "Contract Value is empty."), id="case 1"),
        pytest.param({"amount": " "}, ("AMOUNT_MISSING", "Contract Value is empty."), id="case 1, blank"),
        pytest.param(
            {"amount": "0"}, ("AMOUNT_NOT_POSITIVE", "Contract Value “0” is not above zero."), id="case 2"
        ),
        pytest.param(
            {"amount": "-500"},
            ("AMOUNT_NOT_POSITIVE", "Contract Value “-500” is not above zero."),
            id="case 3",
        ),
        pytest.param(
            {"amount": "1E+400"},
            ("OVER_LIMIT", "Contract Value “1E+400” is more than Fincelo can bill."),
            id="beyond all measure",
        ),
        pytest.param(
            {"amount": "10000000000000.00"},
            ("OVER_LIMIT", "Contract Value “10000000000000.00” is more than Fincelo can bill."),
            id="beyond what a column holds",
        ),
        pytest.param(
            {"amount": "99.999"},
            ("AMOUNT_PRECISION", "Contract Value “99.999” has more decimals than USD has."),
            id="case 5, dollars",
        ),
        pytest.param(
            {"amount": "0.5", "deal_currency_code": "JPY"},
            ("AMOUNT_PRECISION", "Contract Value “0.5” has more decimals than JPY has."),
            id="case 5, yen",
        ),
        pytest.param(
            {"amount": Decimal("1E-999999")},
            ("AMOUNT_PRECISION", "Contract Value “1E-999999” has more decimals than USD has."),
            id="case 5, next to nothing",
        ),
        pytest.param(
            {"amount": "5", "deal_currency_code": "JPY", "frequency": "monthly"},
            ("SCHEDULE_IMPOSSIBLE", "Billing Cycle “Monthly” cuts JPY 5 into invoices of zero."),
            id="case 8",
        ),
        pytest.param({"closedate": None}, ("DATE_MISSING", "Contract Start Date is empty."), id="case 15"),
        pytest.param({"term": ""}, ("TERM_MISSING", "Contract Duration is empty."), id="case 18"),
        pytest.param(
            {"term": "evergreen"},
            ("TERM_UNREADABLE", "Contract Duration “evergreen” is not a duration of 1 to 1200 whole months."),
            id="case 21",
        ),
        pytest.param(
            {"frequency": "fortnightly"},
            (
                "FREQUENCY_UNKNOWN",
                "Billing Cycle “fortnightly” names a rhythm, and Fincelo does not bill so: it bills monthly, "
                "quarterly, semi-annually, annually or once.",
            ),
            id="case 25",
        ),
        pytest.param({"frequency": None}, ("FREQUENCY_MISSING", "Billing Cycle is empty."), id="case 27"),
        pytest.param(
            {"deal_currency_code": "HRK"},
            ("CURRENCY_UNKNOWN", "Currency “HRK” is no current ISO 4217 currency code."),
            id="case 62",
        ),
    ],
)
def test_held_values(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    one = mapped(a_deal(**changes))

    assert problems_of(one) == [expected]
    assert (one.customer, one.contract, one.plan) == (None, None, ())


def test_every_problem_names_its_field_the_raw_value_and_a_cure_in_the_crm() -> None:
    one = mapped(a_deal(term="tbd", frequency="now and then"), settings=settings_with(provider="salesforce"))

    assert list(one.problems) == [
        Problem(
            code=HoldCode.TERM_UNREADABLE,
            field="Contract Duration",
            raw="tbd",
            sentence="Contract Duration “tbd” is not a duration of 1 to 1200 whole months.",
            cure=(
                "Correct it in Salesforce, add a translation, enter the value in Fincelo, choose another field "
                "in Field Mapping, or dismiss the deal."
            ),
            key="duration",
        ),
        Problem(
            code=HoldCode.FREQUENCY_UNKNOWN,
            field="Billing Cycle",
            raw="now and then",
            sentence="Billing Cycle “now and then” is no billing cycle that Fincelo knows; "
            "add a translation for it.",
            cure=(
                "Correct it in Salesforce, add a translation, enter the value in Fincelo, choose another field "
                "in Field Mapping, or dismiss the deal."
            ),
            key="billing_cycle",
        ),
    ]


def test_case_12_a_close_date_in_the_future_starts_then() -> None:
    assert contract_of(mapped(a_deal(closedate="2027-03-31T12:00:00Z"))).start_date == date(2027, 3, 31)


def test_case_14_a_close_date_is_the_day_where_the_portal_is() -> None:
    deal = a_deal(closedate="2025-04-01T01:09Z")

    starts = [
        contract_of(mapped(deal, settings=settings_with(time_zone=zone))).start_date
        for zone in ("America/Phoenix", "Europe/Dublin")
    ]

    assert starts == [date(2025, 3, 31), date(2025, 4, 1)]


def test_cases_18_and_27_defaults_fill_empty_fields_and_say_so() -> None:
    rules = rules_with(
        FieldRule(target=Target.DURATION, source_field="term", default_value="24"),
        FieldRule(target=Target.BILLING_CYCLE, source_field="frequency", default_value="Annual"),
    )

    filled = mapped(a_deal(term=None, frequency=" "), rules=rules)
    kept = mapped(a_deal(), rules=rules)

    assert contract_of(filled) == replace(CONTRACT, duration_months=24, billing_cycle=BillingCycle.ANNUAL)
    assert [(step.field, step.raw) for step in filled.trace if step.source == "Default value"] == [
        ("Contract Duration", "24"),
        ("Billing Cycle", "Annual"),
    ]
    assert contract_of(kept) == CONTRACT


def test_a_default_does_not_cover_up_a_value_that_cannot_be_read() -> None:
    rules = rules_with(FieldRule(target=Target.DURATION, source_field="term", default_value="24"))

    assert problems_of(mapped(a_deal(term="12-24"), rules=rules)) == [
        ("TERM_UNREADABLE", "Contract Duration “12-24” is not a duration of 1 to 1200 whole months.")
    ]


@pytest.mark.parametrize("default", ["", "  ", "\u200b"])
def test_a_field_without_source_and_default_is_a_problem(default: str) -> None:
    rules = rules_with(FieldRule(target=Target.CUSTOMER_NAME, default_value=default))

    assert problems_of(mapped(a_deal(), rules=rules)) == [
        ("CUSTOMER_NAME_MISSING", "Customer Name has no CRM field and no default.")
    ]


def test_case_22_the_unit_of_terms_is_a_setting() -> None:
    one = mapped(a_deal(term="3"), settings=settings_with(term_unit=TermUnit.YEARS))

    assert contract_of(one).duration_months == 36
    assert one.trace[2] == Step(
        key="duration",
        origin=Origin.CRM,
        field="Contract Duration",
        source="Deal: term",
        raw="3",
        transform="months, plain numbers are years",
        value="36",
    )


def test_case_25_the_trace_shows_how_a_cycle_was_understood() -> None:
    rules = rules_with(translations={"billing_cycle": {"jährlich": "annual"}})

    steps = [
        (step.raw, step.transform, step.value)
        for raw in ("Annual", "Yearly", "JÄHRLICH")
        for step in mapped(a_deal(frequency=raw), rules=rules).trace
        if step.field == "Billing Cycle"
    ]

    assert steps == [
        ("Annual", "as is", "Annual"),
        ("Yearly", "built-in synonym", "Annual"),
        ("JÄHRLICH", "translation", "Annual"),
    ]


@pytest.mark.parametrize(
    ("account", "account_problem", "sentence"),
    [
        (None, "", "The deal has no account or company in HubSpot."),
        (
            {},
            "The deal has several companies in HubSpot and none of them is primary.",
            "The deal has several companies in HubSpot and none of them is primary.",
        ),
    ],
)
def test_case_57_a_deal_without_account_is_held_for_that_alone(
    account: dict[str, RawValue] | None, account_problem: str, sentence: str
) -> None:
    deal = a_deal(account_id="", account=account, account_problem=account_problem)

    assert problems_of(mapped(deal)) == [("NO_ACCOUNT", sentence)]


def test_case_59_without_an_owner_account_manager_stays_blank() -> None:
    assert contract_of(mapped(a_deal(owner={}))) == replace(CONTRACT, account_manager_email="")


def test_optional_and_custom_fields_land_where_they_belong() -> None:
    rules = rules_with(
        FieldRule(target=Target.PO_NUMBER, source_field="po"),
        FieldRule(target=Target.BILLING_EMAIL, source_object=SourceObject.ACCOUNT, source_field="mail"),
        FieldRule(target=Target.TAX_ID, source_object=SourceObject.ACCOUNT, source_field="vat"),
        FieldRule(target=Target.ADDRESS, source_object=SourceObject.ACCOUNT, source_field="address"),
        FieldRule(target=Target.CUSTOM, custom_label="Region", source_field="region"),
        FieldRule(target=Target.CUSTOM, custom_label="Empty", source_field="empty"),
        FieldRule(
            target=Target.CUSTOM,
            custom_label="Tier",
            custom_home=CustomFieldHome.CUSTOMER,
            source_object=SourceObject.ACCOUNT,
            source_field="tier",
        ),
    )
    account: dict[str, RawValue] = {
        "name": "Acme Ltd",
        "mail": "pay@acme.example",
        "vat": "IE123",
        "address": "1 Main St\nDublin",
        "tier": True,
    }

    one = mapped(a_deal(account=account, po="PO-7", region="EMEA", empty=" "), rules=rules)

    assert one.customer == CustomerDraft(
        name="Acme Ltd",
        billing_email="pay@acme.example",
        tax_number="IE123",
        address="1 Main St\nDublin",
        custom_fields={"Tier": "Yes"},
    )
    assert contract_of(one) == replace(CONTRACT, po_number="PO-7", custom_fields={"Region": "EMEA"})


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "=HYPERLINK(1)", "🧾 Ünïcode", "شركة", "\u202eemcA", "n" * 500]
)
def test_cases_82_and_83_names_are_kept_as_they_are(name: str) -> None:
    one = mapped(a_deal(name=name, account={"name": name}))

    assert (one.customer, contract_of(one)) == (CustomerDraft(name=name), replace(CONTRACT, name=name))


def test_a_deal_without_a_name_takes_the_customers() -> None:
    assert contract_of(mapped(a_deal(name=""))) == replace(CONTRACT, name="Acme Ltd")
