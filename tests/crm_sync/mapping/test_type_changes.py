"""Mapped fields whose type changes in the CRM: told once on the connection, never guessed, never silent."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client

from contracts.models import Contract
from crm_sync.connections.preflight import preflight
from crm_sync.enums import Target
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.store import current_rules, save_mapping
from crm_sync.models import Connection, CrmDeal, CrmSchema, Hold
from demo.http_server import Server
from demo.salesforce.org import Org
from demo.salesforce.schema import Field
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell
from tests.crm_sync.told import told_by
from tests.pages import alerts, signed_in

VALUE = "Value__c"
WARNING = (
    "Contract Value is fed by Value, a text field; choose a number field, or say how its numbers are written."
)


def field_of_type(kind: str) -> Field:
    return Field(
        name=VALUE,
        label="Value",
        type=kind,
        length=80,
        precision=12,
        scale=2,
        permissionable=True,
        custom=True,
    )


@pytest.fixture
def connection(salesforce: Connection, org: Org, run: Run) -> Connection:
    """Its contract values come from a number field."""
    org.add_field("Opportunity", field_of_type("double"))
    map_value(salesforce)
    a_day_later()
    run(salesforce)
    return salesforce


def map_value(connection: Connection) -> None:
    kept = [
        one for one in current_rules(connection=connection).rules if one.target is not Target.CONTRACT_VALUE
    ]
    value = FieldRule(target=Target.CONTRACT_VALUE, source_field=VALUE)
    save_mapping(connection=connection, rules=[*kept, value], translations={}, actor=None)


def becomes_text(org: Org) -> None:
    org.remove_field("Opportunity", VALUE)
    org.add_field("Opportunity", field_of_type("string"))


def a_day_later() -> None:
    CrmSchema.objects.update(stages_checked_at=F("stages_checked_at") - timedelta(days=1))


def test_case_74_number_becomes_text(connection: Connection, org: Org, run: Run) -> None:
    imported = sell(org, **{VALUE: 1200})
    run(connection)
    becomes_text(org)
    held = sell(org, Name="Beta platform", **{VALUE: "twelve hundred"})
    org.edit(imported, **{VALUE: "1,300 or so"})
    a_day_later()

    done = run(connection)

    connection.refresh_from_db()
    assert (done.state, done.created, done.held, done.refused) == ("done", 0, 1, 1)
    assert (connection.state, told_by(connection)) == ("degraded", [WARNING])
    assert list(CrmDeal.objects.held().values_list("external_id", flat=True)) == [held]
    assert [(one["code"], one["sentence"]) for one in Hold.objects.get().problems] == [
        (
            "AMOUNT_UNREADABLE",
            "Contract Value “twelve hundred” is not a plain number; write it with digits and a decimal point only.",
        )
    ]
    assert list(Contract.objects.values_list("value_minor", flat=True)) == [120_000]


def test_quiet_polls_tell_it_from_the_stored_schema_without_a_further_call(
    connection: Connection, org: Org, run: Run, salesforce_server: Server
) -> None:
    becomes_text(org)
    a_day_later()
    run(connection)
    salesforce_server.reset_requests()

    done = run(connection)

    connection.refresh_from_db()
    assert told_by(connection) == [WARNING]
    assert done.api_calls == 1


def test_what_was_known_when_the_mapping_was_saved_is_not_told_again(
    connection: Connection, org: Org, run: Run
) -> None:
    becomes_text(org)
    a_day_later()
    run(connection)
    rules = current_rules(connection=connection).rules
    custom = FieldRule(target=Target.CUSTOM, custom_label="Step", source_field="NextStep")
    save_mapping(connection=connection, rules=[*rules, custom], translations={}, actor=None)

    run(connection)

    connection.refresh_from_db()
    assert (connection.state, told_by(connection)) == ("connected", [])


def test_field_that_is_a_number_again_ends_the_warning(connection: Connection, org: Org, run: Run) -> None:
    becomes_text(org)
    a_day_later()
    run(connection)
    org.remove_field("Opportunity", VALUE)
    org.add_field("Opportunity", field_of_type("double"))
    a_day_later()

    run(connection)

    connection.refresh_from_db()
    assert (connection.state, told_by(connection)) == ("connected", [])


def test_page_of_the_connection_leads_to_the_row(connection: Connection, org: Org, run: Run) -> None:
    becomes_text(org)
    a_day_later()
    run(connection)
    browser: Client = signed_in(
        "crm_sync.view_connection", "crm_sync.change_connection", "crm_sync.view_fieldmapping"
    )

    page = browser.get(connection.get_absolute_url())

    assert WARNING in alerts(page)
    assert f'href="/settings/mapping/{connection.pk}/#contract-value"' in page.text


def test_preflight_names_the_type(connection: Connection, org: Org) -> None:
    becomes_text(org)

    checks = [(one.label, one.ok, one.sentence, one.blocking) for one in preflight(connection=connection)]

    assert ("Contract Value: type", False, WARNING, False) in checks
