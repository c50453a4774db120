"""The deals of a simulated portal in one shape: as the portal itself has them, and as HubSpot's own client,
which nobody here wrote, reads them."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from hubspot import HubSpot
from hubspot.crm.associations.v4.models import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.deals import BatchReadInputSimplePublicObjectId, PublicObjectSearchRequest

from demo.hubspot.portal import Portal

Facts = tuple[str, Decimal | None, str | None]
Deals = dict[str, Facts]

PRIMARY_COMPANY = 5
PAGE = 200
BATCH = 100
ASSOCIATIONS_BATCH = 1_000


def deals_in(portal: Portal) -> Deals:
    """{id: (stage, amount, primary company)} of every deal that is not archived."""
    names = {key: company.properties["name"] for key, company in portal.objects["companies"].records.items()}
    return {
        deal.id: (
            deal.properties["dealstage"] or "",
            _amount(deal.properties.get("amount")),
            next(
                (
                    names[company_id]
                    for company_id, types in portal.companies_of(deal.id).items()
                    if any(kind.type_id == PRIMARY_COMPANY for kind in types)
                ),
                None,
            ),
        )
        for deal in portal.objects["deals"].records.values()
        if deal.archived_at is None
    }


def won_in(portal: Portal) -> Deals:
    """Those in a stage that is spelt exactly `Closed Won`, in whichever pipeline."""
    won = {s.id for pipeline in portal.pipelines for s in pipeline.stages if s.label == "Closed Won"}
    return {deal_id: facts for deal_id, facts in deals_in(portal).items() if facts[0] in won}


def won_seen(client: HubSpot) -> Deals:
    """The won deals in the same shape: found by search, read again in batches, with their companies."""
    deals = list(read_in_batches(client.crm.deals.batch_api, ids_found(client), ["dealstage", "amount"]))
    company_of = primary_companies(client, [deal.id for deal in deals])
    companies = read_in_batches(client.crm.companies.batch_api, sorted(set(company_of.values())), ["name"])
    names = {company.id: company.properties["name"] for company in companies}
    return {
        deal.id: (
            deal.properties["dealstage"],
            _amount(deal.properties["amount"]),
            names.get(company_of.get(deal.id, "")),
        )
        for deal in deals
    }


def ids_found(client: HubSpot) -> list[str]:
    """Over all pages of one search. A deal that comes twice is an error."""
    pipelines = client.crm.pipelines.pipelines_api.get_all("deals").results
    stages = [stage.id for each in pipelines for stage in each.stages if stage.label == "Closed Won"]
    wanted = {"propertyName": "dealstage", "operator": "IN", "values": stages}
    found: list[str] = []
    after = None
    while True:
        request = PublicObjectSearchRequest(
            filter_groups=[{"filters": [wanted]}],
            sorts=["hs_object_id"],
            properties=["dealname"],
            limit=PAGE,
            after=after,
        )
        page = client.crm.deals.search_api.do_search(public_object_search_request=request)
        found += [deal.id for deal in page.results]
        if page.paging is None:
            assert len(found) == len(set(found)) == page.total
            return found
        after = page.paging.next.after


def read_in_batches(batch_api: Any, ids: Sequence[str], properties: list[str]) -> Iterator[Any]:
    for start in range(0, len(ids), BATCH):
        request = BatchReadInputSimplePublicObjectId(
            inputs=[{"id": each} for each in ids[start : start + BATCH]],
            properties=properties,
            properties_with_history=[],
        )
        yield from batch_api.read(batch_read_input_simple_public_object_id=request).results


def primary_companies(client: HubSpot, deal_ids: list[str]) -> dict[str, str]:
    api = client.crm.associations.v4.batch_api
    companies = {}
    for start in range(0, len(deal_ids), ASSOCIATIONS_BATCH):
        request = BatchInputPublicFetchAssociationsBatchRequest(
            inputs=[{"id": each} for each in deal_ids[start : start + ASSOCIATIONS_BATCH]]
        )
        for each in api.get_page("deals", "companies", request).results:
            for target in each.to:
                if any(kind.type_id == PRIMARY_COMPANY for kind in target.association_types):
                    companies[each._from.id] = str(target.to_object_id)
    return companies


def _amount(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None
