"""The CRM's fields with what won deals of late hold in them."""

from crm_sync.connections import authorising
from crm_sync.mapping.store import source_choices
from crm_sync.models import Connection, CrmSchema
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell, sell_in_hubspot


def samples(connection: Connection) -> dict[str, list[str]]:
    return {
        f"{one.source_object.value}:{one.name}": list(one.samples)
        for one in source_choices(connection=connection)
        if one.samples
    }


def test_salesforce_fields_show_what_won_deals_hold(salesforce: Connection, org: Org) -> None:
    account = org.add_account("Acme")
    for number in range(1, 6):
        sell(org, account=account, Contract_Term__c=12 * number, Billing_Frequency__c="Quarterly")
    sell(org, StageName="Prospecting", Contract_Term__c=99)

    authorising.refresh_schema(connection=salesforce)

    found = samples(salesforce)
    terms = found["deal:Contract_Term__c"]
    assert (len(terms), set(terms) <= {"12.0", "24.0", "36.0", "48.0", "60.0"}) == (3, True)
    assert found["deal:Billing_Frequency__c"] == ["Quarterly"]
    assert found["account:Name"] == ["Acme"]
    assert "deal:PO_Number__c" not in found


def test_hubspot_fields_show_what_won_deals_hold(hubspot: Connection, portal: Portal) -> None:
    sell_in_hubspot(portal, contract_term_months="24")

    authorising.refresh_schema(connection=hubspot)

    found = samples(hubspot)
    assert found["deal:contract_term_months"] == ["24"]
    assert found["account:name"] == ["Acme"]


def test_long_values_are_cut(salesforce: Connection, org: Org) -> None:
    sell(org, Description="x" * 500)

    authorising.refresh_schema(connection=salesforce)

    (shown,) = samples(salesforce)["deal:Description"]
    assert len(shown) == 60


def test_samples_outlive_a_schema_that_a_run_reads(salesforce: Connection, org: Org, run: Run) -> None:
    sell(org)
    authorising.refresh_schema(connection=salesforce)
    before = samples(salesforce)
    CrmSchema.objects.update(stages_checked_at="2020-01-01T00:00Z")

    run(salesforce)

    assert samples(salesforce) == before
    assert before


def test_object_that_may_not_be_read_has_neither_fields_nor_samples(salesforce: Connection, org: Org) -> None:
    sell(org)
    org.hide_object("Account")

    authorising.refresh_schema(connection=salesforce)

    assert samples(salesforce)["deal:Billing_Frequency__c"] == ["Quarterly"]
    assert {one.source_object.value for one in source_choices(connection=salesforce)} == {"deal", "owner"}
