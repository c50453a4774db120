"""The lines of the access check: each gap by name, with its cure."""

import pytest

from crm_sync.connections import authorising
from crm_sync.connections.preflight import preflight
from crm_sync.deals import Check
from crm_sync.models import Connection, CrmSchema
from demo.hubspot.portal import Portal
from demo.hubspot.scopes import OWNERS_SCOPE
from demo.salesforce.answers import rest_error
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run, authorise, keys_of
from tests.crm_sync.sales import sell_in_hubspot
from tests.crm_sync.told import told_by

pytestmark = pytest.mark.django_db
HIDDEN = (
    "Contract Duration is fed by Contract_Term__c, which is not in Salesforce or not to be seen by us. "
    "Choose another field in Field Mapping, or have it made readable in Salesforce."
)


def gaps(connection: Connection) -> list[Check]:
    return [check for check in preflight(connection=connection) if not check.ok]


def test_everything_there(salesforce: Connection, hubspot: Connection) -> None:
    assert gaps(salesforce) == []
    assert gaps(hubspot) == []
    assert [check.sentence for check in preflight(connection=hubspot)][-2:] == [
        "Closed Won found in Sales Pipeline, Renewals.",
        "All 13 mapped fields are there.",
    ]


def test_mapped_field_that_is_hidden_is_named(salesforce: Connection, org: Org) -> None:
    org.hide_field("Opportunity", "Contract_Term__c")

    assert gaps(salesforce) == [
        Check(
            label="Contract Duration: Deal field Contract_Term__c",
            ok=False,
            sentence=(
                "It is not in Salesforce, or not to be seen by us. "
                "Choose another field in Field Mapping, or have it made readable in Salesforce."
            ),
            blocking=False,
        )
    ]


def test_mapped_field_that_is_hidden_degrades_at_reconnect(salesforce: Connection, org: Org) -> None:
    org.hide_field("Opportunity", "Contract_Term__c")

    authorising.accept_grant(
        connection=salesforce,
        grant=authorise(org=org, connection=salesforce),
        keys=keys_of(connection=salesforce, org=org),
        actor=None,
    )

    assert (salesforce.state, told_by(salesforce)) == ("degraded", [HIDDEN])


def test_case_73_property_that_was_archived_degrades_within_a_day(
    hubspot: Connection, portal: Portal, run: Run
) -> None:
    portal.archive_property("deals", "contract_term_months")
    CrmSchema.objects.update(stages_checked_at=None)

    done = run(hubspot)

    hubspot.refresh_from_db()
    assert hubspot.state == "degraded"
    assert told_by(hubspot) == told_by(done)
    assert told_by(done)[0].startswith(
        "Contract Duration is fed by contract_term_months, which is not in HubSpot"
    )


def test_object_that_may_not_be_read_is_named(salesforce: Connection, org: Org) -> None:
    org.intercept = lambda request: (
        rest_error("INVALID_TYPE", "sObject type 'Account' is not supported")
        if "FROM Account" in request.argument("q")
        else None
    )

    assert gaps(salesforce) == [
        Check(
            label="Accounts",
            ok=False,
            sentence="The connected user may not read Account. Give the user read access to it.",
        )
    ]


def test_each_missing_scope_is_named(hubspot: Connection, portal: Portal) -> None:
    token = portal.issue_token(scopes=("crm.objects.deals.read", "crm.objects.companies.read"))
    authorising.connect_with_pasted(connection=hubspot, pasted=token, actor=None)

    found = gaps(hubspot)

    assert [(one.label, one.blocking) for one in found] == [
        ("Owners", False),
        ("Scope crm.objects.contacts.read", False),
    ]
    assert OWNERS_SCOPE in found[0].sentence


def test_stages_gone_and_near(hubspot: Connection, portal: Portal) -> None:
    sell_in_hubspot(portal, dealstage="20519881")
    hubspot.stage_names = ["Closed Won", "Won twice"]
    hubspot.save()

    assert gaps(hubspot) == [
        Check(
            label="Stage Won twice",
            ok=False,
            sentence="No stage in HubSpot has this name. Choose the stages again.",
            blocking=False,
        ),
        Check(
            label="Near misses",
            ok=False,
            sentence="Deals in Closed won are not imported. Select the stage if they are won.",
            blocking=False,
        ),
    ]
