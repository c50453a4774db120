"""Field mappings as rows and versions."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from contracts.enums import BillingCycle, CustomFieldHome
from contracts.models import AuditEntry
from crm_sync.enums import SourceObject, Target
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.store import (
    UnableToChangeMapping,
    add_translation,
    confirmed_rules,
    current_rules,
    ensure_proposal,
    ensure_version,
    lint,
    save_mapping,
    set_default,
)
from crm_sync.models import Connection, CrmSchema, FieldMapping, MappingVersion

pytestmark = pytest.mark.django_db

RULES = (
    FieldRule(target=Target.CUSTOMER_NAME, source_object=SourceObject.ACCOUNT, source_field="Name"),
    FieldRule(target=Target.CONTRACT_VALUE, source_field="Amount"),
    FieldRule(target=Target.START_DATE, source_field="CloseDate"),
    FieldRule(target=Target.DURATION, source_field="Term__c", default_value="12"),
    FieldRule(target=Target.BILLING_CYCLE, default_value="Annual"),
    FieldRule(
        target=Target.CUSTOM,
        custom_label="Region",
        custom_home=CustomFieldHome.CUSTOMER,
        source_object=SourceObject.ACCOUNT,
        source_field="Region__c",
    ),
)
FIELDS = [
    ("deal", "Amount", "Amount", "currency"),
    ("deal", "CloseDate", "Close Date", "date"),
    ("deal", "Term__c", "Term in months", "double"),
    ("deal", "Note__c", "Note", "string"),
    ("account", "Name", "Account Name", "string"),
    ("account", "Region__c", "Region", "string"),
]


@pytest.fixture
def connection() -> Connection:
    connection = Connection.objects.create(
        provider="salesforce", name="Salesforce", import_from="2026-01-01", default_currency="USD"
    )
    fields = [dict(zip(("source_object", "name", "label", "type"), field, strict=True)) for field in FIELDS]
    CrmSchema.objects.create(connection=connection, fields=fields, fetched_at=timezone.now())
    return connection


def save(connection: Connection, *, actor: User | None = None, **translations: BillingCycle) -> Any:
    return save_mapping(
        connection=connection, rules=RULES, translations={"billing_cycle": translations}, actor=actor
    )


def test_saved_mapping_reads_as_it_was_given(connection: Connection, finance: User) -> None:
    version = save(connection, actor=finance, Jährlich=BillingCycle.ANNUAL)

    stored = Connection.objects.get()
    assert (version.number, version.author, stored.mapping_version) == (1, finance, version)
    for rules in (current_rules(connection=stored), confirmed_rules(connection=stored)):
        assert (rules.version, tuple(rules.rules)) == (1, RULES)
        assert rules.translations == {"billing_cycle": {"jährlich": BillingCycle.ANNUAL}}


def test_same_mapping_makes_no_new_version(connection: Connection) -> None:
    save(connection, Yearly=BillingCycle.ANNUAL)

    assert save(connection, Yearly=BillingCycle.ANNUAL) is None
    assert MappingVersion.objects.count() == 1
    assert AuditEntry.objects.filter(action="field mapping confirmed").count() == 1


def test_changed_mapping_makes_the_next_version_and_keeps_the_old(
    connection: Connection, finance: User
) -> None:
    first = save(connection)
    before = first.snapshot

    second = save(connection, actor=finance, Yearly=BillingCycle.ANNUAL)

    first.refresh_from_db()
    assert (second.number, first.snapshot) == (2, before)
    entry = AuditEntry.objects.order_by("id").last()
    assert entry
    assert (entry.actor, entry.before, entry.after) == (finance, first.snapshot, second.snapshot)


def test_rows_edited_elsewhere_count_only_once_they_are_confirmed(connection: Connection) -> None:
    """As in the admin, which saves rows and then asks for a version."""
    save(connection)
    FieldMapping.objects.filter(target=Target.DURATION).update(default_value="24")

    assert confirmed_rules(connection=connection).rule(Target.DURATION).default_value == "12"
    version = ensure_version(connection=connection, actor=None)
    assert version
    assert version.number == 2
    assert confirmed_rules(connection=connection).rule(Target.DURATION).default_value == "24"


def test_connection_without_a_confirmed_mapping_has_no_rules_to_run_with(connection: Connection) -> None:
    with pytest.raises(MappingVersion.DoesNotExist):
        confirmed_rules(connection=connection)


def test_proposal_never_replaces_a_mapping(connection: Connection) -> None:
    save(connection)

    ensure_proposal(connection=connection, fields=[])

    assert tuple(current_rules(connection=connection).rules) == RULES


def test_good_mapping_has_no_problems(connection: Connection) -> None:
    assert lint(connection=connection, rules=RULES) == []


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        (
            [rule for rule in RULES if rule.target is not Target.DURATION],
            ("Contract Duration", "Contract Duration needs a CRM field or a default value.", True),
        ),
        (
            [*RULES, FieldRule(target=Target.CONTRACT_VALUE, source_field="Term__c")],
            ("Contract Value", "Contract Value is filled from two CRM fields; keep one.", True),
        ),
        (
            [*RULES, FieldRule(target=Target.PO_NUMBER, source_field="Gone__c")],
            ("PO Number", "PO Number uses Gone__c, which the CRM does not offer.", False),
        ),
        (
            [
                *(rule for rule in RULES if rule.target is not Target.CONTRACT_VALUE),
                FieldRule(target=Target.CONTRACT_VALUE, source_field="Note__c"),
            ],
            (
                "Contract Value",
                "Contract Value is fed by Note, a text field; choose a number field, or say how its numbers are written.",
                False,
            ),
        ),
    ],
    ids=["needed", "twice", "unknown", "text"],
)
def test_problems_of_a_mapping(
    connection: Connection, rules: list[FieldRule], problem: tuple[str, str, bool]
) -> None:
    label, sentence, blocking = problem

    (found,) = lint(connection=connection, rules=rules)
    assert (found.label, found.sentence, found.blocking) == (label, sentence, blocking)


def test_two_custom_fields_are_no_problem(connection: Connection) -> None:
    other = FieldRule(target=Target.CUSTOM, custom_label="Note", source_field="Note__c")

    assert lint(connection=connection, rules=[*RULES, other]) == []


def test_unknown_schema_accuses_no_field(connection: Connection) -> None:
    """A name may be typed where the CRM does not show its schema."""
    CrmSchema.objects.all().delete()

    typed = [*RULES, FieldRule(target=Target.PO_NUMBER, source_field="Typed__c")]

    assert lint(connection=connection, rules=typed) == []


def test_translation_is_added_as_one_version_and_one_line_of_the_audit(
    connection: Connection, finance: User
) -> None:
    save(connection)

    version = add_translation(
        connection=connection, key="billing_cycle", raw=" Jährlich ", value="Yearly", actor=finance
    )

    assert version
    assert (version.number, version.author, connection.mapping_version) == (2, finance, version)
    assert confirmed_rules(connection=connection).translations == {"billing_cycle": {"jährlich": "annual"}}
    assert [entry.actor_name for entry in AuditEntry.objects.order_by("id")] == ["Fincelo", "fiona"]


def test_translation_that_is_there_already_makes_no_version(connection: Connection) -> None:
    save(connection, Jährlich=BillingCycle.ANNUAL)

    again = add_translation(
        connection=connection, key="billing_cycle", raw="jährlich", value="annual", actor=None
    )

    assert again is None
    assert MappingVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("key", "raw", "value", "sentence"),
    [
        (
            "billing_cycle",
            "x",
            "Bi-annual",
            "Billing Cycle “Bi-annual” can mean twice a year or every two years",
        ),
        ("duration", "tbd", "soon", "Contract Duration “soon” is not a duration of 1 to 1200 whole months."),
        ("currency", "Euro", "EURO", "Currency “EURO” is no current ISO 4217 currency code."),
        ("custom:Region", "x", "y" * 201, "A value may have 200 characters at most. Shorten it."),
        ("custom:Gone", "x", "y", "Gone is not in the field mapping any more. Add it there."),
        ("contract_value", "x", "1", "Contract Value has no translations. Correct the value in the CRM."),
        ("billing_cycle", " ", "annual", "An empty value has no translation. Set a default value instead."),
        ("moon", "x", "y", "Fincelo has no such field. Open Field Mapping and choose one."),
        ("billing_cycle", "Jährlich", "monthly", "“Jährlich” has since been translated as “annual”."),
    ],
)
def test_translation_that_cannot_be_is_refused(
    connection: Connection, key: str, raw: str, value: str, sentence: str
) -> None:
    save(connection, Jährlich=BillingCycle.ANNUAL)

    with pytest.raises(UnableToChangeMapping) as refusal:
        add_translation(connection=connection, key=key, raw=raw, value=value, actor=None)

    assert str(refusal.value).startswith(sentence)
    assert MappingVersion.objects.count() == 1


def test_nothing_is_translated_before_the_mapping_is_confirmed(connection: Connection) -> None:
    with pytest.raises(UnableToChangeMapping) as refusal:
        add_translation(connection=connection, key="currency", raw="Euro", value="EUR", actor=None)

    assert str(refusal.value) == (
        "The field mapping of Salesforce has not been confirmed. Open Field Mapping and confirm it."
    )


@pytest.mark.parametrize(
    ("key", "value", "stored"),
    [
        ("account_manager", " sam@acme.example ", "sam@acme.example"),
        ("currency", "eur", "EUR"),
        ("custom:Region", "North", "North"),
    ],
)
def test_default_is_set_as_one_version(
    connection: Connection, finance: User, key: str, value: str, stored: str
) -> None:
    save(connection)

    version = set_default(connection=connection, key=key, value=value, actor=finance)

    assert version
    assert (version.number, version.author) == (2, finance)
    rule = next(rule for rule in confirmed_rules(connection=connection).rules if rule.key == key)
    assert rule.default_value == stored
    assert set_default(connection=connection, key=key, value=value, actor=finance) is None


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("24", "Contract Duration has since been given a default: “12”."),
        ("", "Enter the default value of Contract Duration."),
        ("0", "Contract Duration “0” is not a duration of 1 to 1200 whole months."),
    ],
)
def test_default_that_cannot_be_is_refused(connection: Connection, value: str, sentence: str) -> None:
    save(connection)

    with pytest.raises(UnableToChangeMapping) as refusal:
        set_default(connection=connection, key="duration", value=value, actor=None)

    assert str(refusal.value).startswith(sentence)


def test_default_that_is_there_in_other_words_makes_no_version(connection: Connection) -> None:
    save(connection)

    assert set_default(connection=connection, key="duration", value="1 year", actor=None) is None
    assert confirmed_rules(connection=connection).rule(Target.DURATION).default_value == "12"
