"""A field mapping in words."""

from collections.abc import Mapping

import pytest

from contracts.enums import CustomFieldType
from crm_sync.enums import NumberFormat, SourceObject, Target, TermUnit, Transform
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.wording import anchor_of, chain_of
from tests.crm_sync.deal_values import settings_with


@pytest.mark.parametrize(
    ("rule", "table", "words"),
    [
        (
            FieldRule(target=Target.BILLING_CYCLE, source_field="Freq__c", default_value="annual"),
            {"j": "annual"},
            "Opportunity: Freq__c → translation table → built-in words → default Annual",
        ),
        (
            FieldRule(target=Target.BILLING_CYCLE, source_field="Freq__c", transform=Transform.TABLE_ONLY),
            {},
            "Opportunity: Freq__c → translation table → held if empty",
        ),
        (
            FieldRule(target=Target.CUSTOMER_NAME, source_object=SourceObject.ACCOUNT, source_field="Name"),
            {},
            "Account: Name → text as it is → held if empty",
        ),
        (
            FieldRule(
                target=Target.CONTRACT_VALUE, source_field="Text", number_format=NumberFormat.POINT_GROUPS
            ),
            {},
            "Opportunity: Text → number such as 1.234,56 → held if empty",
        ),
        (
            FieldRule(target=Target.START_DATE, source_field="CloseDate"),
            {},
            "Opportunity: CloseDate → day in US/Eastern → held if empty",
        ),
        (
            FieldRule(target=Target.DURATION, source_field="Term", term_unit=TermUnit.YEARS),
            {},
            "Opportunity: Term → months (plain numbers are years) → held if empty",
        ),
        (
            FieldRule(target=Target.DURATION, source_field="Term", transform=Transform.CONSTANT),
            {},
            "a constant that is still to be entered",
        ),
        (FieldRule(target=Target.DURATION, default_value="12 months"), {}, "always 12 months"),
        (FieldRule(target=Target.CURRENCY), {}, "Opportunity: CurrencyIsoCode → ISO code → default EUR"),
        (FieldRule(target=Target.PO_NUMBER), {}, "not filled"),
        (
            FieldRule(target=Target.PO_NUMBER, source_field="PO", is_required=True),
            {},
            "Opportunity: PO → text as it is → held if empty",
        ),
        (
            FieldRule(target=Target.ADDRESS, source_field="A"),
            {},
            "Opportunity: A → text of several lines → blank if empty",
        ),
        (
            FieldRule(
                target=Target.CUSTOM, custom_label="R", custom_type=CustomFieldType.YES_NO, source_field="F"
            ),
            {},
            "Opportunity: F → yes or no → blank if empty",
        ),
    ],
)
def test_chain_names_each_step(rule: FieldRule, table: Mapping[str, str], words: str) -> None:
    settings = settings_with(provider="salesforce")

    assert chain_of(rule, provider="salesforce", table=table, settings=settings) == words


def test_rows_have_addresses_on_their_page() -> None:
    assert [anchor_of(key) for key in ("contract_value", "custom:Cost centre (EU)")] == [
        "contract-value",
        "custom-cost-centre-eu",
    ]
