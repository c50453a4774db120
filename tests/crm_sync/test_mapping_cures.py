"""One decision on a field mapping that cures every deal of its kind."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from contracts.models import AuditEntry
from crm_sync.mapping_cures import UnableToChangeMapping, add_translation, set_default
from crm_sync.mappings import confirmed_rules
from crm_sync.models import Connection, MappingVersion, Translation


def tables(connection: Connection) -> dict[str, Any]:
    return dict(confirmed_rules(connection=connection).translations)


def test_translation_is_one_version_and_one_line_in_the_audit(salesforce: Connection, finance: User) -> None:
    entries = AuditEntry.objects.count()

    made = add_translation(
        connection=salesforce, key="billing_cycle", raw=" Bi-annual ", value="annual", actor=finance
    )

    assert made is not None
    assert (made.number, made.author, salesforce.mapping_version) == (2, finance, made)
    assert tables(salesforce) == {"billing_cycle": {"bi annual": "annual"}}
    assert AuditEntry.objects.count() == entries + 1


def test_same_translation_again_is_no_version(salesforce: Connection, finance: User) -> None:
    for raw in ("Bi-annual", "bi annual", "BI-ANNUAL"):
        last = add_translation(
            connection=salesforce, key="billing_cycle", raw=raw, value="annual", actor=finance
        )

    assert last is None
    assert (MappingVersion.objects.count(), Translation.objects.count()) == (2, 1)


def test_other_meaning_replaces_the_first(salesforce: Connection, finance: User) -> None:
    for value in ("annual", "semi_annual"):
        add_translation(
            connection=salesforce, key="billing_cycle", raw="Bi-annual", value=value, actor=finance
        )

    assert tables(salesforce) == {"billing_cycle": {"bi annual": "semi_annual"}}


@pytest.mark.parametrize(
    ("key", "raw", "value", "sentence"),
    [
        ("billing_cycle", "x", "weekly", "Billing Cycle “weekly” is no billing cycle that Fincelo knows"),
        ("billing_cycle", " ", "annual", "An empty value has no translation. Set a default value instead."),
        ("duration", "x", "soon", "Contract Duration “soon” is not a duration"),
        ("duration", "x", "", "Enter a value for Contract Duration."),
        ("nonsense", "x", "y", "This is no field of Fincelo."),
        ("custom:Region", "x", "y", "Region is not in the field mapping any more."),
    ],
)
def test_translation_that_is_none(
    salesforce: Connection, finance: User, key: str, raw: str, value: str, sentence: str
) -> None:
    with pytest.raises(UnableToChangeMapping) as refusal:
        add_translation(connection=salesforce, key=key, raw=raw, value=value, actor=finance)

    assert str(refusal.value).startswith(sentence)
    assert (MappingVersion.objects.count(), Translation.objects.count()) == (1, 0)


def test_default_is_one_version_and_the_same_again_none(salesforce: Connection, finance: User) -> None:
    made = set_default(connection=salesforce, key="duration", value="24", actor=finance)
    again = set_default(connection=salesforce, key="duration", value=" 24 ", actor=finance)

    assert made is not None
    assert (made.number, again) == (2, None)
    assert [
        one.default_value for one in confirmed_rules(connection=salesforce).rules if one.key == "duration"
    ] == ["24"]


def test_default_of_a_field_without_a_row_adds_it(salesforce: Connection, finance: User) -> None:
    salesforce.field_mappings.filter(target="currency").delete()

    made = set_default(connection=salesforce, key="currency", value="EUR", actor=finance)

    assert made is not None
    assert salesforce.field_mappings.get(target="currency").default_value == "EUR"


def test_mapping_that_nobody_has_confirmed_is_left_alone(salesforce: Connection, finance: User) -> None:
    Connection.objects.update(mapping_version=None)

    with pytest.raises(UnableToChangeMapping, match=r"^Confirm the field mapping of Salesforce first\.$"):
        set_default(connection=salesforce, key="duration", value="24", actor=finance)
