import pytest

from crm_sync.deals import CrmField
from crm_sync.enums import SourceObject, Target
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.suggestions import candidates_for, propose


def deal_field(
    name: str, label: str, kind: str = "string", source_object: SourceObject = SourceObject.DEAL
) -> CrmField:
    return CrmField(source_object=source_object, name=name, label=label, type=kind)


def test_salesforce_defaults_and_the_fields_found_by_label() -> None:
    fields = [
        deal_field("Amount", "Amount", "currency"),
        deal_field("Contract_Term__c", "Contract Term", "double"),
        deal_field("Billing_Frequency__c", "Billing Frequency", "picklist"),
    ]

    assert propose(provider="salesforce", fields=fields) == [
        FieldRule(target=Target.CUSTOMER_NAME, source_object=SourceObject.ACCOUNT, source_field="Name"),
        FieldRule(target=Target.CONTRACT_VALUE, source_field="Amount"),
        FieldRule(target=Target.START_DATE, source_field="CloseDate"),
        FieldRule(target=Target.ACCOUNT_MANAGER, source_object=SourceObject.OWNER, source_field="Email"),
        FieldRule(target=Target.DURATION, source_field="Contract_Term__c"),
        FieldRule(target=Target.BILLING_CYCLE, source_field="Billing_Frequency__c"),
    ]


def test_hubspot_defaults_where_nothing_speaks_of_term_or_cycle() -> None:
    assert propose(provider="hubspot", fields=[deal_field("dealname", "Deal Name")]) == [
        FieldRule(target=Target.CUSTOMER_NAME, source_object=SourceObject.ACCOUNT, source_field="name"),
        FieldRule(target=Target.CONTRACT_VALUE, source_field="amount"),
        FieldRule(target=Target.START_DATE, source_field="closedate"),
        FieldRule(target=Target.ACCOUNT_MANAGER, source_object=SourceObject.OWNER, source_field="email"),
        FieldRule(target=Target.DURATION),
        FieldRule(target=Target.BILLING_CYCLE),
    ]


@pytest.mark.parametrize(
    ("target", "fields", "expected"),
    [
        (
            Target.DURATION,
            [
                deal_field("a", "Term of payment notes"),
                deal_field("b", "Duration", "number"),
                deal_field("c", "Subscription Term", "number"),
                deal_field("contract_term", "Laufzeit", "number"),
            ],
            ["contract_term", "c", "b"],
        ),
        (Target.DURATION, [deal_field("t", "Payment Terms"), deal_field("d", "Determined")], []),
        (Target.DURATION, [deal_field("t", "Contract Term", "datetime")], []),
        (Target.DURATION, [deal_field("t", "Contract Term", "boolean")], []),
        (Target.DURATION, [deal_field("t", "Contract Term", "double", SourceObject.ACCOUNT)], []),
        (Target.BILLING_CYCLE, [deal_field("f", "Billing Frequency", "double")], []),
        (
            Target.BILLING_CYCLE,
            [
                deal_field("z", "billing-cycle"),
                deal_field("Billing_Frequency__c", "Rechnungstakt", "picklist"),
            ],
            ["Billing_Frequency__c", "z"],
        ),
        (
            Target.BILLING_CYCLE,
            [deal_field("b", "Frequency of the deal"), deal_field("a", "Deal frequency")],
            ["a", "b"],
        ),
        (Target.BILLING_CYCLE, [], []),
    ],
)
def test_candidates_by_label_or_name_the_most_telling_first(
    target: Target, fields: list[CrmField], expected: list[str]
) -> None:
    assert [field.name for field in candidates_for(target=target, fields=fields)] == expected


def test_a_label_that_only_mentions_it_is_no_candidate() -> None:
    fields = [deal_field("a", "Old contract term of the parent"), deal_field("b", "Contract duration")]

    assert [field.name for field in candidates_for(target=Target.DURATION, fields=fields)] == ["b"]
