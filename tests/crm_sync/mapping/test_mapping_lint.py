"""What is wrong with a field mapping before any deal is read with it."""

from collections.abc import Mapping

import pytest

from contracts.enums import CustomFieldType
from crm_sync.deals import CrmField
from crm_sync.enums import NumberFormat, SourceObject, Target, Transform
from crm_sync.mapping.lint import lint, type_problems
from crm_sync.mapping.rules import FieldRule
from tests.crm_sync.deal_values import rules_with, settings_with

TYPES = {
    "amount": "number",
    "closedate": "datetime",
    "term": "number",
    "frequency": "enumeration",
    "text": "string",
    "choice": "enumeration",
    "number": "number",
    "percent": "percent",
    "day": "date",
    "flag": "bool",
    "link": "reference",
    "strange": "object_coordinates",
}
FIELDS = [
    *(
        CrmField(
            source_object=SourceObject.DEAL,
            name=name,
            label=name.title(),
            type=kind,
            samples=("12", "24") if kind == "number" else (),
        )
        for name, kind in TYPES.items()
    ),
    CrmField(source_object=SourceObject.ACCOUNT, name="name", label="Company name", type="string"),
    CrmField(source_object=SourceObject.OWNER, name="email", label="Email", type="string"),
]
NUMBERS = "choose a number field, or say how its numbers are written"
YES_NO = "only yes, no, true and false are read from it"


def said(
    *rules: FieldRule,
    translations: Mapping[str, Mapping[str, str]] | None = None,
    fields: list[CrmField] | None = None,
) -> list[tuple[str, bool]]:
    problems = lint(
        rules=rules_with(*rules, translations=translations),
        fields=FIELDS if fields is None else fields,
        settings=settings_with(),
    )
    return [(problem.sentence, problem.blocking) for problem in problems]


def custom(label: str = "Region", **changes: object) -> FieldRule:
    return FieldRule(target=Target.CUSTOM, custom_label=label, **changes)  # type: ignore[arg-type]


def test_usual_mapping_has_no_problem() -> None:
    assert said() == []


@pytest.mark.parametrize(
    ("target", "source", "sentence", "blocking"),
    [
        (Target.CONTRACT_VALUE, "text", f"is fed by Text, a text field; {NUMBERS}", False),
        (Target.CONTRACT_VALUE, "choice", f"is fed by Choice, a list of choices; {NUMBERS}", False),
        (Target.CONTRACT_VALUE, "percent", "is fed by Percent, a percentage; choose a number field", False),
        (Target.CONTRACT_VALUE, "day", "is fed by Day, a date field; choose a number field", True),
        (Target.CONTRACT_VALUE, "flag", "is fed by Flag, a yes-or-no field; choose a number field", True),
        (
            Target.START_DATE,
            "text",
            "is fed by Text, a text field; only days such as 2026-11-20 are read from it",
            False,
        ),
        (Target.START_DATE, "number", "is fed by Number, a number field; choose a date field", True),
        (Target.DURATION, "day", "is fed by Day, a date field; choose a number field", True),
        (Target.BILLING_CYCLE, "day", "is fed by Day, a date field; choose a text field", True),
        (
            Target.BILLING_CYCLE,
            "number",
            "is fed by Number, a number field; each of its values needs a translation",
            False,
        ),
        (
            Target.CURRENCY,
            "flag",
            "is fed by Flag, a yes-or-no field; each of its values needs a translation",
            False,
        ),
        (
            Target.ACCOUNT_MANAGER,
            "link",
            "is fed by Link, a link to another record; it holds the CRM's ids, which nobody reads; "
            "choose a field of that record",
            False,
        ),
    ],
)
def test_field_of_a_type_that_does_not_fit(
    target: Target, source: str, sentence: str, blocking: bool
) -> None:
    assert said(FieldRule(target=target, source_field=source)) == [(f"{target.label} {sentence}.", blocking)]


@pytest.mark.parametrize(
    ("kind", "source", "sentence", "blocking"),
    [
        (CustomFieldType.NUMBER, "text", f"is fed by Text, a text field; {NUMBERS}", False),
        (CustomFieldType.NUMBER, "flag", "is fed by Flag, a yes-or-no field; choose a number field", True),
        (CustomFieldType.DATE, "number", "is fed by Number, a number field; choose a date field", True),
        (CustomFieldType.YES_NO, "choice", f"is fed by Choice, a list of choices; {YES_NO}", False),
        (
            CustomFieldType.YES_NO,
            "number",
            "is fed by Number, a number field; choose a yes-or-no field",
            True,
        ),
    ],
)
def test_custom_field_of_a_type_that_does_not_fit(
    kind: CustomFieldType, source: str, sentence: str, blocking: bool
) -> None:
    assert said(custom(custom_type=kind, source_field=source)) == [(f"Region {sentence}.", blocking)]


@pytest.mark.parametrize(
    "rule",
    [
        FieldRule(target=Target.CONTRACT_VALUE, source_field="text", number_format=NumberFormat.COMMA_GROUPS),
        FieldRule(target=Target.START_DATE, source_field="day"),
        FieldRule(target=Target.DURATION, source_field="choice"),
        FieldRule(target=Target.PO_NUMBER, source_field="number"),
        FieldRule(target=Target.PO_NUMBER, source_field="strange"),
        FieldRule(target=Target.PO_NUMBER, source_field="Account.Parent.Gone__c"),
        FieldRule(target=Target.CONTRACT_VALUE, source_field="AMOUNT"),
        custom(custom_type=CustomFieldType.NUMBER, source_field="number"),
        custom(custom_type=CustomFieldType.YES_NO, source_field="flag"),
        FieldRule(
            target=Target.START_DATE,
            source_field="flag",
            transform=Transform.CONSTANT,
            default_value="2026-01-01",
        ),
    ],
)
def test_what_can_be_read_is_no_problem(rule: FieldRule) -> None:
    assert said(rule) == []


def test_translated_field_may_be_of_any_type() -> None:
    rule = FieldRule(target=Target.BILLING_CYCLE, source_field="number")

    assert said(rule, translations={"billing_cycle": {"12": "annual"}}) == []


def test_field_that_is_gone_is_named() -> None:
    assert said(FieldRule(target=Target.PO_NUMBER, source_field="gone")) == [
        ("PO Number uses gone, which the CRM does not offer.", False)
    ]


def test_object_whose_fields_nobody_may_list_accuses_none() -> None:
    deals = [one for one in FIELDS if one.source_object is SourceObject.DEAL]

    assert said(custom(source_object=SourceObject.ACCOUNT, source_field="typed"), fields=deals) == []


def test_custom_fields_that_differ_only_in_case_are_one() -> None:
    assert said(custom("Region", source_field="text"), custom("region ", source_field="choice")) == [
        ("region is filled from two CRM fields; keep one.", True)
    ]


@pytest.mark.parametrize(
    ("rule", "translations", "sentence"),
    [
        (
            FieldRule(target=Target.DURATION, source_field="term", default_value="soon"),
            {},
            "has a default value that cannot be read: “soon” is not a duration of 1 to 1200 whole months",
        ),
        (
            FieldRule(target=Target.CURRENCY, transform=Transform.CONSTANT, default_value="EURO"),
            {},
            "has a constant that cannot be read: “EURO” is no current ISO 4217 currency code",
        ),
        (
            FieldRule(target=Target.CURRENCY, transform=Transform.CONSTANT),
            {},
            "is a constant without a value; enter it",
        ),
        (
            FieldRule(target=Target.BILLING_CYCLE, source_field="frequency", transform=Transform.TABLE_ONLY),
            {},
            "is read by its translation table only, which is empty; add translations",
        ),
        (
            FieldRule(target=Target.CONTRACT_VALUE, source_field="amount", transform=Transform.TABLE_ONLY),
            {},
            "cannot be read by “Translation table only”; choose another way",
        ),
        (
            FieldRule(target=Target.BILLING_CYCLE, source_field="frequency"),
            {"billing_cycle": {"jährlich": "Bi-annual"}},
            "has a translation of “jährlich” that cannot be read: “Bi-annual” can mean twice a year or every "
            "two years; add a translation for it",
        ),
    ],
)
def test_what_was_entered_and_cannot_be_read(
    rule: FieldRule, translations: Mapping[str, Mapping[str, str]], sentence: str
) -> None:
    assert (f"{rule.label} {sentence}.", True) in said(rule, translations=translations)


def test_table_of_a_field_that_is_not_mapped_is_idle() -> None:
    assert said(translations={"po_number": {"a": "b"}, "custom:Region": {"n": "North"}}) == [
        ("PO Number has translations, but no CRM field.", False),
        ("Region has translations, but no CRM field.", False),
    ]


def test_table_of_the_currency_is_used_without_a_field_of_its_own_and_checked() -> None:
    assert said(translations={"currency": {"euro": "EUR"}}) == []
    assert said(translations={"currency": {"euro": "EURO"}}) == [
        (
            "Currency has a translation of “euro” that cannot be read: “EURO” is no current ISO 4217 currency code.",
            True,
        )
    ]


def test_amount_is_not_translated() -> None:
    assert said(translations={"contract_value": {"tbd": "1"}}) == [
        ("Contract Value is read, not translated; remove its translations.", True)
    ]


def test_type_problems_are_told_apart_from_what_people_entered() -> None:
    rules = rules_with(
        FieldRule(target=Target.CONTRACT_VALUE, source_field="text"),
        FieldRule(target=Target.PO_NUMBER, source_field="gone"),
        FieldRule(target=Target.DURATION, source_field="term", default_value="soon"),
    )

    found = type_problems(lint(rules=rules, fields=FIELDS, settings=settings_with()))

    assert [(one.key, one.fact) for one in found] == [("contract_value", "contract_value|type:text:TEXT")]
