"""The versions of a field mapping: what each changed, and the way back."""

import pytest
from django.contrib.auth.models import User

from contracts.models import AuditEntry
from crm_sync.enums import NumberFormat, SourceObject, Target, TermUnit, Transform
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.store import UnableToChangeMapping, confirmed_rules, current_rules, save_mapping
from crm_sync.mapping.versions import go_back, latest_versions, story_of
from crm_sync.models import Connection, FieldMapping, MappingVersion
from tests.crm_sync.page_rows import MAPPED, connect

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection() -> Connection:
    return connect(is_confirmed=False)


def rules(**changes: FieldRule) -> list[FieldRule]:
    usual = {
        target: FieldRule(target=Target(target), source_object=SourceObject(place), source_field=name)
        for target, (place, name) in MAPPED.items()
    }
    return list((usual | changes).values())


def save(
    connection: Connection, *, tables: dict[str, dict[str, str]] | None = None, **changes: FieldRule
) -> int:
    version = save_mapping(
        connection=connection, rules=rules(**changes), translations=tables or {}, actor=None
    )
    assert version
    return version.number


def test_versions_tell_what_they_changed_newest_first(connection: Connection) -> None:
    save(connection)
    term = FieldRule(target=Target.DURATION, source_field="Term__c", term_unit=TermUnit.YEARS)
    save(connection, duration=term, tables={"billing_cycle": {"Jährlich": "annual"}})

    told = [(one.version.number, list(one.changes)) for one in latest_versions(connection=connection, most=5)]

    assert told[0] == (
        2,
        [
            "Contract Duration reads Opportunity: Term__c (before: Opportunity: Contract_Term__c).",
            "Plain numbers in Contract Duration are years (before: as the connection says).",
            "Billing Cycle: “jährlich” means Annual.",
        ],
    )
    assert told[1][0] == 1
    assert told[1][1][0] == "Customer Name is filled: Account: Name."
    assert story_of(MappingVersion.objects.get(number=2)).changes == told[0][1]


def test_list_of_versions_compares_its_last_one_with_the_one_before(connection: Connection) -> None:
    save(connection)
    save(connection, duration=FieldRule(target=Target.DURATION, default_value="12 months"))

    (newest,) = latest_versions(connection=connection, most=1)

    assert newest.changes == [
        "Contract Duration reads no CRM field (before: Opportunity: Contract_Term__c).",
        "Contract Duration has the default 12 months (before: none).",
    ]


def test_going_back_makes_a_new_version_with_the_old_content(connection: Connection, finance: User) -> None:
    number = NumberFormat.COMMA_GROUPS
    value = FieldRule(target=Target.CONTRACT_VALUE, source_field="Amount", number_format=number)
    save(connection, contract_value=value, tables={"billing_cycle": {"Jähr-lich": "annual"}})
    first = MappingVersion.objects.get()
    save(connection, tables={"billing_cycle": {"Jähr-lich": "monthly"}})

    version = go_back(connection=connection, version=first, actor=finance, seen=2)

    assert version
    assert (version.number, version.author, version.snapshot) == (3, finance, first.snapshot)
    assert confirmed_rules(connection=connection).rules == tuple(rules(contract_value=value))
    assert current_rules(connection=connection).rules == tuple(rules(contract_value=value))
    assert list(connection.translations.values_list("raw_value", "value")) == [("Jähr-lich", "annual")]
    assert AuditEntry.objects.count() == 3
    assert go_back(connection=connection, version=first, actor=finance, seen=3) is None


def test_going_back_to_a_version_from_before_transforms(connection: Connection) -> None:
    """Its snapshot has one table, and knows nothing of what came later."""
    save(connection)
    old = MappingVersion.objects.create(
        connection=connection,
        number=9,
        snapshot={
            "rules": [
                {
                    "target": target,
                    "custom_label": "",
                    "custom_home": "contract",
                    "source_object": place,
                    "source_field": name,
                    "default_value": "",
                }
                for target, (place, name) in MAPPED.items()
            ],
            "translations": {"jährlich": "annual"},
        },
    )

    version = go_back(connection=connection, version=old, actor=None, seen=1)

    assert version
    assert version.number == 10
    assert confirmed_rules(connection=connection).translations == {"billing_cycle": {"jährlich": "annual"}}


def test_nobody_goes_back_over_what_somebody_else_saved(connection: Connection) -> None:
    save(connection)
    first = MappingVersion.objects.get()
    save(connection, duration=FieldRule(target=Target.DURATION, default_value="12 months"))
    save(connection, duration=FieldRule(target=Target.DURATION, default_value="24 months"))

    with pytest.raises(UnableToChangeMapping) as refusal:
        go_back(connection=connection, version=first, actor=None, seen=2)

    assert str(refusal.value) == (
        "Somebody else saved version 3 while you edited version 2. "
        "Nothing was saved: open Field Mapping again and make your change there."
    )
    assert MappingVersion.objects.count() == 3


def test_version_that_could_not_be_saved_today_is_refused(connection: Connection) -> None:
    region = FieldRule(target=Target.CUSTOM, custom_label="Region", source_field="Description")
    save(connection, region=region)
    first = MappingVersion.objects.get()
    save(connection)
    other = connect("HubSpot EU")
    FieldMapping.objects.create(
        connection=other, target="custom", custom_label="Region", custom_type="number"
    )

    with pytest.raises(UnableToChangeMapping) as refusal:
        go_back(connection=connection, version=first, actor=None, seen=2)

    assert str(refusal.value) == (
        "Version 1 can no longer be used. Region holds number in the mapping of HubSpot EU; choose that type "
        "or another name. Change the mapping by hand instead."
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"region": FieldRule(target=Target.CUSTOM, custom_label="Region", source_field="Description")},
            "Region is filled: Opportunity: Description.",
        ),
        (
            {
                "currency": FieldRule(
                    target=Target.CURRENCY, transform=Transform.CONSTANT, default_value="EUR"
                )
            },
            "Currency is filled: always EUR.",
        ),
        (
            {
                "contract_value": FieldRule(
                    target=Target.CONTRACT_VALUE,
                    source_field="Amount",
                    number_format=NumberFormat.POINT_GROUPS,
                )
            },
            "Contract Value is read as number such as 1.234,56 (before: plain number).",
        ),
        (
            {
                "billing_cycle": FieldRule(
                    target=Target.BILLING_CYCLE,
                    source_field="Billing_Frequency__c",
                    transform=Transform.TABLE_ONLY,
                )
            },
            "Billing Cycle is read by: Translation table only (before: Built-in words).",
        ),
    ],
)
def test_each_kind_of_change_is_told(
    connection: Connection, change: dict[str, FieldRule], sentence: str
) -> None:
    save(connection)
    save(connection, **change)

    (newest,) = latest_versions(connection=connection, most=1)

    assert newest.changes == [sentence]
