"""hubspot-api-client, HubSpot's own client from PyPI, against the simulated HubSpot."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hubspot import HubSpot
from hubspot.crm.associations.v4.models import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.contacts import PublicGdprDeleteInput
from hubspot.crm.deals import (
    BatchReadInputSimplePublicObjectId,
    PublicMergeInput,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.deals.exceptions import (
    ApiException,
    ForbiddenException,
    NotFoundException,
    ServiceException,
    UnauthorizedException,
)
from hubspot.crm.owners.exceptions import ForbiddenException as OwnersForbidden
from urllib3.util.retry import Retry

from demo.http_server import Server
from demo.hubspot.app import build_app
from demo.hubspot.demo_data import fill
from demo.hubspot.options import Limits
from demo.hubspot.portal import Portal
from demo.hubspot.scopes import RECOMMENDED_SCOPES, SEED_SCOPES, WRITE_SCOPES
from tests.referees.hubspot_deals import deals_in, ids_found, won_in, won_seen

DEALS = "/crm/v3/objects/deals"


@pytest.fixture
def portal() -> Portal:
    portal = Portal()
    fill(portal, seed=1)
    portal.add_won_deals(250)
    return portal


@pytest.fixture
def server(portal: Portal) -> Iterator[Server]:
    with Server(build_app(portal)) as server:
        yield server


@pytest.fixture
def client(portal: Portal, server: Server) -> HubSpot:
    return connected(server, next(iter(portal.tokens)))


def connected(server: Server, token: str, **settings: Any) -> HubSpot:
    return HubSpot(access_token=token, host=server.url, **settings)


def body(refusal: ApiException) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(refusal.body)
    assert shown.pop("correlationId") == refusal.headers["X-HubSpot-Correlation-Id"]
    return shown


def batch(*ids: str, **more: Any) -> BatchReadInputSimplePublicObjectId:
    inputs = [{"id": each} for each in ids]
    return BatchReadInputSimplePublicObjectId(
        inputs=inputs, properties=["dealname"], properties_with_history=[], **more
    )


# What it sees of the deals


def test_won_deals_are_those_of_the_portal(server: Server, portal: Portal, client: HubSpot) -> None:
    seen = won_seen(client)

    assert seen == won_in(portal)
    assert len(seen) == 271
    assert [path for _, path in server.requests] == [
        "/crm/v3/pipelines/deals",
        f"{DEALS}/search",
        f"{DEALS}/search",
        *[f"{DEALS}/batch/read"] * 3,
        "/crm/v4/associations/deals/companies/batch/read",
        "/crm/v3/objects/companies/batch/read",
    ]


def test_every_page_of_the_list(portal: Portal, client: HubSpot) -> None:
    listed = client.crm.deals.get_all(properties=["dealstage", "amount"])

    expected = {deal_id: facts[:2] for deal_id, facts in deals_in(portal).items()}
    assert len(listed) == len(expected) > 300
    assert {
        deal.id: (
            deal.properties["dealstage"],
            Decimal(deal.properties["amount"]) if deal.properties["amount"] else None,
        )
        for deal in listed
    } == expected


def test_archived_deals_are_listed_apart(portal: Portal, client: HubSpot) -> None:
    deal_id = next(iter(portal.objects["deals"].records))
    portal.archive_deal(deal_id)

    archived = client.crm.deals.get_all(archived=True)

    assert [(deal.id, deal.archived, deal.archived_at is None) for deal in archived] == [
        (deal_id, True, False)
    ]
    assert deal_id not in {deal.id for deal in client.crm.deals.get_all()}


def test_list_with_history_and_companies(portal: Portal, client: HubSpot) -> None:
    deal_id = next(iter(won_in(portal)))

    deal = client.crm.deals.basic_api.get_by_id(
        deal_id, properties_with_history=["dealstage"], associations=["companies"]
    )

    versions = deal.properties_with_history["dealstage"]
    assert [(each.value, each.source_type) for each in versions] == [("closedwon", "CRM_UI")]
    linked = {each.id for each in deal.associations["companies"].results}
    assert linked == set(portal.companies_of(deal_id))


def test_batch_read_with_gaps(portal: Portal, client: HubSpot) -> None:
    here, archived, first, second = list(portal.objects["deals"].records)[:4]
    portal.archive_deal(archived)
    portal.merge_deals(first, second)

    answer = client.crm.deals.batch_api.read(batch(here, archived, first, "999"))

    assert [deal.id for deal in answer.results] == [here]
    assert (answer.status, answer.num_errors) == ("COMPLETE", 1)
    assert [(each.category, each.context) for each in answer.errors] == [
        ("OBJECT_NOT_FOUND", {"ids": [archived, "999"]})
    ]


def test_merged_deal_under_its_old_id(portal: Portal, client: HubSpot) -> None:
    first, second = list(won_in(portal))[:2]
    merged = portal.merge_deals(first, second)

    read = client.crm.deals.basic_api.get_by_id(second, properties=["hs_merged_object_ids"])
    links = client.crm.associations.v4.basic_api.get_page("deals", second, "companies")

    assert (read.id, read.properties["hs_merged_object_ids"]) == (merged, f"{first};{second}")
    assert links.results == []


def test_search_sees_a_delayed_deal_late(portal: Portal, client: HubSpot) -> None:
    before = set(ids_found(client))
    late = portal.add_deal(dealstage="closedwon")
    portal.delay_in_search(late, minutes=20)

    assert set(ids_found(client)) == before


# Associations, owners, schema


def test_companies_of_deals(portal: Portal, client: HubSpot) -> None:
    company_id = portal.add_company(name="Acme")
    deal_id, lonely = portal.add_deal(company_id=company_id), portal.add_deal()
    request = BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": deal_id}, {"id": lonely}])

    answer = client.crm.associations.v4.batch_api.get_page("deals", "companies", request)

    assert [
        (each._from.id, str(target.to_object_id), [kind.type_id for kind in target.association_types])
        for each in answer.results
        for target in each.to
    ] == [(deal_id, company_id, [341, 5])]
    assert (answer.num_errors, answer.errors[0].category) == (1, "OBJECT_NOT_FOUND")


def test_owners_and_those_who_left(portal: Portal, client: HubSpot) -> None:
    api = client.crm.owners.owners_api

    seen = {owner.id: owner.email for archived in (False, True) for owner in _owners(api, archived=archived)}

    former = next(owner for owner in portal.owners.values() if owner.archived)
    assert seen == {owner.id: owner.email for owner in portal.owners.values()}
    assert api.get_by_id(int(former.id), archived=True).user_id_including_inactive == former.user_id


def _owners(api: Any, *, archived: bool) -> Iterator[Any]:
    after = None
    while True:
        page = api.get_page(limit=2, after=after, archived=archived)
        yield from page.results
        if page.paging is None:
            return
        after = page.paging.next.after


def test_pipelines_and_their_audit(portal: Portal, client: HubSpot) -> None:
    portal.rename_stage("11348547", "Gewonnen")

    pipelines = client.crm.pipelines.pipelines_api.get_all("deals").results
    audit = client.crm.pipelines.pipeline_audits_api.get_audit("deals", "11348541").results

    assert [
        (each.label, [(s.id, s.label, s.metadata["isClosed"]) for s in each.stages]) for each in pipelines
    ] == [
        (each.label, [(s.id, s.label, str(s.closed).lower()) for s in each.stages])
        for each in portal.pipelines
    ]
    assert [(each.action, each.identifier, each.portal_id) for each in audit] == [
        ("UPDATE", "11348541", 48211907)
    ]
    assert [stage["label"] for stage in audit[0].raw_object["stages"]] == [
        "Renewal Due",
        "Renewal Offered",
        "Gewonnen",
        "Closed Lost",
    ]


def test_properties(portal: Portal, client: HubSpot) -> None:
    listed = client.crm.properties.core_api.get_all("deals").results
    frequency = client.crm.properties.core_api.get_by_name("deals", "billing_frequency")

    known = portal.properties["deals"].values()
    assert {prop.name: prop.type for prop in listed} == {
        prop.name: prop.type for prop in known if not prop.archived_at and prop.sensitivity == "non_sensitive"
    }
    assert [(option.value, option.label) for option in frequency.options] == [
        ("monthly", "Monthly"),
        ("quarterly", "Quarterly"),
        ("semi_annual", "Semi-annual"),
        ("annual", "Annual"),
        ("one_time", "One-time"),
    ]


# Refusals


def test_token_that_is_gone(server: Server, portal: Portal, client: HubSpot) -> None:
    portal.revoke_token(client.access_token)

    with pytest.raises(UnauthorizedException) as refusal:
        client.crm.deals.basic_api.get_page()

    assert body(refusal.value)["category"] == "INVALID_AUTHENTICATION"


def test_scope_that_is_missing(server: Server, portal: Portal) -> None:
    client = connected(server, portal.issue_token(scopes=SEED_SCOPES))

    with pytest.raises(OwnersForbidden) as refusal:
        client.crm.owners.owners_api.get_page()

    assert body(refusal.value)["errors"][0]["context"] == {
        "requiredGranularScopes": ["crm.objects.owners.read"]
    }


def test_creator_who_has_left(portal: Portal, client: HubSpot) -> None:
    portal.forbid(client.access_token, family="deals", reason="creator removed")

    with pytest.raises(ForbiddenException) as refusal:
        client.crm.deals.basic_api.get_page()

    assert body(refusal.value)["category"] == "USER_DOES_NOT_HAVE_PERMISSIONS"


def test_deal_that_does_not_exist(client: HubSpot) -> None:
    with pytest.raises(NotFoundException) as refusal:
        client.crm.deals.basic_api.get_by_id("999")

    assert body(refusal.value) == {"status": "error", "message": "resource not found"}


def test_too_many_searches(portal: Portal, client: HubSpot) -> None:
    portal.limits = Limits(enforced=True, searches=0)

    with pytest.raises(ApiException) as refusal:
        ids_found(client)

    shown = body(refusal.value)
    assert (refusal.value.status, shown["policyName"]) == (429, "SECONDLY")


def test_client_that_comes_back_after_429(server: Server, portal: Portal) -> None:
    retry = Retry(total=2, status_forcelist=[429], allowed_methods=None, backoff_factor=0)
    client = connected(server, next(iter(portal.tokens)), retry=retry)
    server.faults.add("too_many_requests", retry_after="0", endpoint="/search", nth=2, times=2)

    assert won_seen(client) == won_in(portal)


def test_overloaded_service(server: Server, client: HubSpot) -> None:
    server.faults.add("status", code=503, times=1)

    with pytest.raises(ServiceException) as refusal:
        client.crm.deals.basic_api.get_page()

    assert refusal.value.status == 503
    assert len(client.crm.deals.basic_api.get_page().results) == 10


# Writing


@pytest.fixture
def writer(server: Server, portal: Portal) -> HubSpot:
    return connected(server, portal.issue_token(scopes=(*RECOMMENDED_SCOPES, *WRITE_SCOPES)))


def test_life_of_a_deal(portal: Portal, writer: HubSpot) -> None:
    company_id = portal.add_company(name="Acme")
    link = {
        "to": {"id": company_id},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}],
    }
    values = {"dealname": "Fresh", "dealstage": "contractsent", "amount": "12.50"}
    api = writer.crm.deals.basic_api

    made = api.create(SimplePublicObjectInputForCreate(properties=values, associations=[link]))
    won = api.update(made.id, SimplePublicObjectInput(properties={"dealstage": "closedwon"}))
    seen = won_seen(writer)[made.id]
    api.archive(made.id)

    assert (won.properties["dealstage"], won.properties["pipeline"]) == ("closedwon", "default")
    assert seen == ("closedwon", Decimal("12.50"), "Acme")
    assert made.id not in won_seen(writer)


def test_merge(portal: Portal, writer: HubSpot) -> None:
    first, second = list(won_in(portal))[:2]

    merged = writer.crm.deals.basic_api.merge(
        PublicMergeInput(primary_object_id=first, object_id_to_merge=second)
    )

    assert merged.id not in (first, second)
    assert won_seen(writer) == won_in(portal)


def test_privacy_delete(portal: Portal, writer: HubSpot) -> None:
    contact_id = next(iter(portal.objects["contacts"].records))

    writer.crm.contacts.basic_api.purge(PublicGdprDeleteInput(object_id=contact_id))

    assert portal.objects["contacts"].records == {}


def test_links(portal: Portal, writer: HubSpot) -> None:
    deal_id, company_id = portal.add_deal(), portal.add_company(name="Acme")
    api = writer.crm.associations.v4.basic_api

    api.create_default("deals", deal_id, "companies", company_id)
    after_default = portal.companies_of(deal_id)
    api.archive("deals", deal_id, "companies", company_id)

    assert [kind.type_id for kind in after_default[company_id]] == [341]
    assert portal.companies_of(deal_id) == {}
