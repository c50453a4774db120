"""Translation tables and transforms."""

from decimal import Decimal

import pytest

from contracts.enums import BillingCycle, CustomFieldType
from crm_sync.deals import RawValue
from crm_sync.enums import HoldCode, NumberFormat, Target, TermUnit, Transform
from crm_sync.mapping.readers import Unreadable
from crm_sync.mapping.rhythms import Rhythm
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.transforms import reader_of
from tests.crm_sync.deal_values import settings_with


def test_a_translation_comes_before_everything_built_in() -> None:
    table = {"jährlich": "annual", "bi annual": "semi_annual", "yearly": "one_time", "12": "annual"}
    reader = reader_of(FieldRule(target=Target.BILLING_CYCLE), settings=settings_with(), table=table)

    read = [reader(raw) for raw in ("JÄHRLICH", "Bi-Annual", "Yearly", 12)]

    assert read == [
        (Rhythm(cycle=BillingCycle.ANNUAL), "translation"),
        (Rhythm(cycle=BillingCycle.SEMI_ANNUAL), "translation"),
        (Rhythm(cycle=BillingCycle.ONE_TIME), "translation"),
        (Rhythm(cycle=BillingCycle.ANNUAL), "translation"),
    ]


def test_a_table_alone_refuses_what_is_not_in_it() -> None:
    rule = FieldRule(target=Target.BILLING_CYCLE, transform=Transform.TABLE_ONLY)
    reader = reader_of(rule, settings=settings_with(), table={"jährlich": "annual"})

    with pytest.raises(Unreadable) as refusal:
        reader("Monthly")

    assert (refusal.value.code, refusal.value.sentence) == (
        HoldCode.FREQUENCY_UNKNOWN,
        "is not in the translation table; add a translation for it",
    )


def test_durations_and_currencies_can_be_translated() -> None:
    duration = reader_of(
        FieldRule(target=Target.DURATION), settings=settings_with(), table={"evergreen": "12"}
    )
    currency = reader_of(FieldRule(target=Target.CURRENCY), settings=settings_with(), table={"us$": "USD"})

    assert [duration("Evergreen"), duration("24"), currency("US$"), currency("eur")] == [
        (12, "translation"),
        (24, "months, plain numbers are months"),
        ("USD", "translation"),
        ("EUR", "as is"),
    ]


def test_case_22_the_unit_of_a_duration_is_a_setting_of_its_mapping() -> None:
    rule = FieldRule(target=Target.DURATION, term_unit=TermUnit.YEARS)

    assert reader_of(rule, settings=settings_with(), table={})("3") == (36, "months, plain numbers are years")


@pytest.mark.parametrize(
    ("form", "raw", "expected"),
    [
        (NumberFormat.COMMA_GROUPS, "12,000.00", Decimal("12000.00")),
        (NumberFormat.COMMA_GROUPS, "1234.5", Decimal("1234.5")),
        (NumberFormat.COMMA_GROUPS, Decimal("12000.00"), Decimal("12000.00")),
        (NumberFormat.COMMA_GROUPS, "12.000,00", None),
        (NumberFormat.COMMA_GROUPS, "1,23.00", None),
        (NumberFormat.POINT_GROUPS, "12.000,00", Decimal("12000.00")),
        (NumberFormat.POINT_GROUPS, "12.000", Decimal(12000)),
        (NumberFormat.POINT_GROUPS, "1234.5", None),
        (NumberFormat.POINT_GROUPS, "12,000.00", None),
        (NumberFormat.PLAIN, "12,000.00", None),
        (NumberFormat.PLAIN, "12.000,00", None),
    ],
)
def test_case_6_a_form_of_numbers_has_to_be_chosen(
    form: NumberFormat, raw: RawValue, expected: Decimal | None
) -> None:
    rule = FieldRule(target=Target.CONTRACT_VALUE, number_format=form)
    reader = reader_of(rule, settings=settings_with(), table={})

    if expected is None:
        with pytest.raises(Unreadable):
            reader(raw)
    else:
        assert reader(raw)[0] == expected


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        (CustomFieldType.NUMBER, "12.50", Decimal("12.50")),
        (CustomFieldType.NUMBER, "a dozen", None),
        (CustomFieldType.YES_NO, True, True),
        (CustomFieldType.YES_NO, "false", False),
        (CustomFieldType.YES_NO, "perhaps", None),
        (CustomFieldType.DATE, "2026-02-30", None),
    ],
)
def test_custom_fields_are_read_by_their_type(kind: CustomFieldType, raw: RawValue, expected: object) -> None:
    rule = FieldRule(target=Target.CUSTOM, custom_label="Seats", custom_type=kind)
    reader = reader_of(rule, settings=settings_with(), table={})

    if expected is None:
        with pytest.raises(Unreadable):
            reader(raw)
    else:
        assert reader(raw)[0] == expected
