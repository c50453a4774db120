"""Mapped fields that vanish from the CRM: the poll continues, nothing is guessed, nothing good is overwritten."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from contracts.models import Contract
from crm_sync.connections import authorising
from crm_sync.enums import SourceObject, Target
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.store import current_rules, save_mapping
from crm_sync.models import Connection, CrmDeal, CrmSchema, Hold
from demo.http_server import Server
from demo.hubspot.portal import Portal
from demo.salesforce import defaults
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run, confirm
from tests.crm_sync.sales import sell, sell_in_hubspot
from tests.crm_sync.stored import stored
from tests.crm_sync.told import told_by

TERM = "Contract_Term__c"
WARNING = (
    "Contract Duration is fed by Contract_Term__c, which is not in Salesforce or not to be seen by us. "
    "Choose another field in Field Mapping, or have it made readable in Salesforce."
)
SENTENCE = (
    "Contract Duration is fed by Contract_Term__c, which is not in Salesforce or is hidden from Fincelo."
)


def put_back(org: Org, name: str) -> None:
    (field,) = [field for field in defaults.CUSTOM_FIELDS if field.name == name]
    org.add_field("Opportunity", field)


def hold_problems() -> list[dict[str, Any]]:
    return [problem for hold in Hold.objects.open().order_by("pk") for problem in hold.problems]


def an_hour_later() -> None:
    """The schema that was read is as old as that."""
    CrmSchema.objects.update(fetched_at=F("fetched_at") - timedelta(hours=1))


def test_case_73_the_poll_goes_on_and_the_connection_names_the_field(
    salesforce: Connection, org: Org, run: Run
) -> None:
    sell(org)
    run(salesforce)
    other = sell(org, Name="Beta platform", Amount=500)
    org.remove_field("Opportunity", TERM)

    done = run(salesforce)

    salesforce.refresh_from_db()
    assert (done.state, done.created, done.held, done.refused) == ("done", 0, 1, 1)
    assert (salesforce.state, told_by(salesforce)) == ("degraded", [WARNING])
    assert [(problem["code"], problem["sentence"]) for problem in hold_problems()] == [
        ("TERM_MISSING", SENTENCE)
    ]
    assert list(CrmDeal.objects.held().values_list("external_id", flat=True)) == [other]


def test_case_73_a_default_does_not_stand_in_for_what_cannot_be_seen(
    salesforce: Connection, org: Org, run: Run
) -> None:
    confirm(salesforce, defaults={Target.DURATION: "24"})
    sell(org)
    org.remove_field("Opportunity", TERM)

    done = run(salesforce)

    assert (done.created, [problem["sentence"] for problem in hold_problems()]) == (0, [SENTENCE])


def test_case_73_no_null_is_written_over_good_values(salesforce: Connection, org: Org, run: Run) -> None:
    rules = [
        *(rule for rule in current_rules(connection=salesforce).rules if rule.target is not Target.PO_NUMBER),
        FieldRule(target=Target.PO_NUMBER, source_object=SourceObject.DEAL, source_field="PO_Number__c"),
    ]
    save_mapping(connection=salesforce, rules=rules, translations={}, actor=None)
    deal = sell(org, PO_Number__c="PO-77")
    run(salesforce)
    org.remove_field("Opportunity", "PO_Number__c")
    org.edit(deal, Amount=2400)

    done = run(salesforce)

    assert (done.state, done.updated) == ("done", 1)
    assert list(Contract.objects.values_list("value_minor", "po_number")) == [(240_000, "PO-77")]


def test_a_contract_keeps_its_values_while_a_needed_field_cannot_be_seen(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org)
    run(salesforce)
    before = stored(but=["deals", "records", "cursors"])
    org.remove_field("Opportunity", TERM)
    org.edit(deal, Amount=2400)

    done = run(salesforce)

    assert done.refused == 1
    assert stored(but=["deals", "records", "cursors"]) == before


def test_a_field_that_is_back_cures_its_holds_and_lets_changes_through(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org)
    run(salesforce)
    sell(org, Name="Beta platform", Amount=500)
    org.remove_field("Opportunity", TERM)
    org.edit(deal, Amount=2400)
    run(salesforce)
    put_back(org, TERM)
    an_hour_later()

    seen, done = run(salesforce), run(salesforce)

    salesforce.refresh_from_db()
    assert (seen.state, done.state, Hold.objects.open().count()) == ("done", "done", 0)
    assert sorted(Contract.objects.values_list("value_minor", flat=True)) == [50_000, 240_000]
    assert (salesforce.state, told_by(salesforce)) == ("connected", [])
    assert CrmDeal.objects.to_read_again().count() == 0


def test_a_field_known_to_be_missing_costs_one_call_a_poll(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    org.remove_field("Opportunity", TERM)
    run(salesforce)
    salesforce_server.reset_requests()

    quiet = run(salesforce)

    salesforce.refresh_from_db()
    assert (quiet.api_calls, len(salesforce_server.requests)) == (1, 1)
    assert told_by(salesforce) == [WARNING]


def test_case_73_in_hubspot_which_leaves_missing_properties_out_in_silence(
    hubspot: Connection, portal: Portal, run: Run
) -> None:
    deal = sell_in_hubspot(portal)
    run(hubspot)
    portal.archive_property("deals", "contract_term_months")
    portal.update_deal(deal, amount="2400")
    sell_in_hubspot(portal, dealname="Beta platform", amount="500")

    done = run(hubspot)

    hubspot.refresh_from_db()
    assert (done.state, done.created, done.held, done.refused) == ("done", 0, 1, 1)
    assert (hubspot.state, told_by(hubspot)) == (
        "degraded",
        [
            "Contract Duration is fed by contract_term_months, which is not in HubSpot or not to be seen by us. "
            "Choose another field in Field Mapping, or have it made readable in HubSpot."
        ],
    )
    assert [(problem["code"], problem["sentence"]) for problem in hold_problems()] == [
        (
            "TERM_MISSING",
            "Contract Duration is fed by contract_term_months, which is not in HubSpot or is hidden from Fincelo.",
        )
    ]
    assert list(Contract.objects.values_list("value_minor", flat=True)) == [120_000]


@pytest.mark.parametrize("how", ["mapping", "schema"])
def test_another_mapping_or_a_fresh_look_ends_the_waiting_at_once(
    salesforce: Connection, org: Org, run: Run, how: str
) -> None:
    sell(org)
    org.remove_field("Opportunity", TERM)
    run(salesforce)
    put_back(org, TERM)
    if how == "mapping":
        confirm(salesforce, defaults={Target.BILLING_CYCLE: "monthly"})
    else:
        authorising.refresh_schema(connection=salesforce)

    run(salesforce)
    run(salesforce)

    assert (Contract.objects.count(), Hold.objects.open().count()) == (1, 0)


def map_po_number(connection: Connection) -> None:
    rules = [
        *(rule for rule in current_rules(connection=connection).rules if rule.target is not Target.PO_NUMBER),
        FieldRule(target=Target.PO_NUMBER, source_object=SourceObject.DEAL, source_field="PO_Number__c"),
    ]
    save_mapping(connection=connection, rules=rules, translations={}, actor=None)


def beyond_the_overlap(connection: Connection) -> None:
    """No poll reads again what has been read so far."""
    later = F("cursor_modified_at") + timedelta(hours=1)
    Connection.objects.filter(pk=connection.pk).update(cursor_modified_at=later)


@pytest.mark.django_db(transaction=True)
def test_deals_of_the_run_that_found_a_field_missing_are_read_again(
    salesforce: Connection, org: Org, run: Run
) -> None:
    map_po_number(salesforce)
    run(salesforce)
    sell(org, PO_Number__c="PO-77")
    org.hide_field("Opportunity", "PO_Number__c")
    run(salesforce)
    org.show_field("Opportunity", "PO_Number__c")
    an_hour_later()
    beyond_the_overlap(salesforce)

    run(salesforce)
    run(salesforce)

    assert list(Contract.objects.values_list("po_number", flat=True)) == ["PO-77"]


@pytest.mark.parametrize("missing", [TERM, "AccountId", "Account"])
def test_what_stays_missing_is_looked_for_once_an_hour(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, missing: str
) -> None:
    if missing == "Account":
        org.hide_object(missing)
    else:
        org.hide_field("Opportunity", missing)
    first = run(salesforce).api_calls, run(salesforce).api_calls
    an_hour_later()

    second = run(salesforce).api_calls, run(salesforce).api_calls

    assert first == second
    assert second[1] == 1
