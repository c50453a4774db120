"""What people's questions, connecting and the daily look at the schema cost, as docs/requests.md promises it."""

from collections import Counter
from datetime import timedelta
from math import ceil

import pytest
from django.db.models.functions import Now

from crm_sync.connections import authorising
from crm_sync.connections.preflight import preflight
from crm_sync.models import Connection, CrmSchema
from crm_sync.oversight.causes import Cause
from crm_sync.oversight.diagnosis import diagnose
from demo.http_server import Server
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.clients.portals import NOON
from tests.crm_sync.conftest import Run, authorise, keys_of
from tests.crm_sync.counted.request_log import requests_of, slow
from tests.crm_sync.sales import sell, sell_in_hubspot


@pytest.mark.parametrize("deals", [1, 200, 201, slow(1001)])
def test_named_deals(
    salesforce: Connection,
    hubspot: Connection,
    org: Org,
    portal: Portal,
    salesforce_server: Server,
    hubspot_server: Server,
    run: Run,
    deals: int,
) -> None:
    run(salesforce, external_ids=org.add_won_deals(deals))
    run(hubspot, external_ids=portal.add_won_deals(deals, companies=deals))

    currency = 1

    assert requests_of(salesforce_server) == Counter(query=ceil(deals / 200) + currency)
    assert requests_of(hubspot_server) == Counter(
        pipelines=1, deals=ceil(deals / 100), associations=ceil(deals / 1000), companies=ceil(deals / 100)
    )


def why(typed: str) -> Cause:
    return diagnose(typed=typed, now=NOON, next_poll_at=lambda connection: None).cause


def test_why_not_of_a_deal_that_is_imported(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    deal = sell(org)
    run(salesforce)
    salesforce_server.reset_requests()

    assert (why(deal), requests_of(salesforce_server)) == (Cause.IMPORTED, Counter())


def test_why_not_in_salesforce(salesforce: Connection, org: Org, salesforce_server: Server) -> None:
    there, deleted = sell(org, Name="Ours"), sell(org)
    org.delete(deleted)

    asked = {
        typed: (why(typed), requests_of(salesforce_server)) for typed in (there, "Ours", "Nobody's", deleted)
    }

    assert asked == {
        there: (Cause.NOT_YET_READ, Counter(query=1)),
        "Ours": (Cause.NOT_YET_READ, Counter(query=2)),
        "Nobody's": (Cause.UNKNOWN, Counter(query=1)),
        deleted: (Cause.DELETED, Counter(query=1, queryAll=1)),
    }


def test_why_not_in_hubspot(hubspot: Connection, portal: Portal, hubspot_server: Server) -> None:
    there, deleted = sell_in_hubspot(portal, dealname="Ours"), sell_in_hubspot(portal)
    portal.archive_deal(deleted)
    read = Counter(pipelines=1, deals=1, associations=1, companies=1)

    asked = {
        typed: (why(typed), requests_of(hubspot_server)) for typed in (there, "Ours", "Nobody's", deleted)
    }

    assert asked == {
        there: (Cause.NOT_YET_READ, read),
        "Ours": (Cause.NOT_YET_READ, read + Counter(search=1)),
        "Nobody's": (Cause.UNKNOWN, Counter(search=1)),
        deleted: (Cause.DELETED, Counter(deals=2)),
    }


def test_connecting_salesforce(salesforce: Connection, org: Org, salesforce_server: Server) -> None:
    keys = keys_of(connection=salesforce, org=org)
    grant = authorise(org=org, connection=salesforce)
    authorising.accept_grant(connection=salesforce, grant=grant, keys=keys, actor=None)

    organization, stages, counts, newest = 1, 1, 1, 1
    assert requests_of(salesforce_server) == Counter(
        {"POST /services/oauth2/revoke": 1},
        token=1,
        identity=1,
        versions=1,
        describe=1 + 3,
        query=organization + stages + counts + newest,
    )


def test_connecting_hubspot(hubspot: Connection, portal: Portal, hubspot_server: Server) -> None:
    """One near miss is counted: the standard portal has a stage "Closed won"."""
    authorising.connect_with_pasted(connection=hubspot, pasted=portal.issue_token(), actor=None)

    probes = Counter(search=1, pipelines=1, properties=1, companies=1, associations=1, owners=1)
    schema = Counter(properties=2, pipelines=1, search=1)
    version_and_org = Counter(introspection=2, pipelines=1, account=1)
    assert requests_of(hubspot_server) == probes + schema + version_and_org + Counter(search=1)


def test_refreshing_the_fields(
    salesforce: Connection,
    hubspot: Connection,
    org: Org,
    portal: Portal,
    salesforce_server: Server,
    hubspot_server: Server,
) -> None:
    """With what a few won deals hold in them."""
    sell(org)
    sell_in_hubspot(portal)
    authorising.refresh_schema(connection=salesforce)
    authorising.refresh_schema(connection=hubspot)

    values = ceil(len(CrmSchema.objects.get(pk=salesforce.pk).fields) / 100)
    assert requests_of(salesforce_server) == Counter(describe=3, query=3 + values)
    schema, newest = Counter(properties=2, pipelines=1, search=1), Counter(search=1)
    values_of_deals = Counter(deals=1, associations=1, companies=1)
    assert requests_of(hubspot_server) == schema + newest + values_of_deals


def test_preflight(
    salesforce: Connection, hubspot: Connection, salesforce_server: Server, hubspot_server: Server
) -> None:
    preflight(connection=salesforce)
    preflight(connection=hubspot)

    probes = Counter(search=1, pipelines=1, properties=1, companies=1, associations=1, owners=1)
    schema = Counter(properties=2, pipelines=1, search=1)
    assert requests_of(salesforce_server) == Counter(query=4 + 2, describe=3)
    assert requests_of(hubspot_server) == probes + schema + Counter(introspection=1)


def test_schema_is_read_with_one_poll_a_day(
    salesforce: Connection, hubspot: Connection, salesforce_server: Server, hubspot_server: Server, run: Run
) -> None:
    """Fields, stages, and how many deals stand in near misses: HubSpot is asked for each one, here one."""
    CrmSchema.objects.update(stages_checked_at=Now() - timedelta(hours=25))

    run(salesforce)
    run(hubspot)

    quiet_salesforce, quiet_hubspot = Counter(query=1), Counter(pipelines=1, search=1)
    assert requests_of(salesforce_server) == quiet_salesforce + Counter(describe=3, query=2)
    assert requests_of(hubspot_server) == quiet_hubspot + Counter(properties=2, pipelines=1, search=1)
