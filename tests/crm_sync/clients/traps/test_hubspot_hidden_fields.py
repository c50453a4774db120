"""Mapped properties that a portal does not have: HubSpot leaves them out in silence (the reference's 4.4)."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from crm_sync.clients.hubspot.client import HubSpotClient
from crm_sync.deals import Cursor, Deal
from crm_sync.enums import SourceObject
from crm_sync.errors import TransientError
from demo.http_server import Application, Request, Response, Server, json_response
from demo.hubspot.app import build_app
from demo.hubspot.portal import Portal
from tests.crm_sync.clients.portals import NOON, add_deal, asked, deals_of, read

Open = Callable[..., HubSpotClient]
TERM = (SourceObject.DEAL, "contract_term_months")
PHONE = (SourceObject.ACCOUNT, "phone")
WANTED = {SourceObject.DEAL: ["amount", "contract_term_months"], SourceObject.ACCOUNT: ["name", "phone"]}
POLL = Cursor(modified_at=NOON)


def deals(client: HubSpotClient, *, cursor: Cursor = POLL) -> list[Deal]:
    return deals_of(read(client, asked(cursor, wanted=WANTED)))


def hidden(found: Sequence[Deal]) -> list[list[tuple[SourceObject, str]]]:
    return [sorted(deal.hidden_fields) for deal in found]


def definitions_asked(server: Server) -> list[str]:
    return [path for _, path in server.requests if "/properties/" in path]


@pytest.mark.parametrize("cursor", [Cursor(), POLL], ids=["first import", "poll"])
@pytest.mark.parametrize(
    ("kind", "field"),
    [("deals", TERM), ("companies", PHONE)],
    ids=["deals", "companies"],
)
def test_deleted_property_is_hidden(
    hubspot_client: HubSpotClient,
    portal: Portal,
    cursor: Cursor,
    kind: str,
    field: tuple[SourceObject, str],
) -> None:
    for _ in range(2):
        add_deal(portal, contract_term_months="12")
    portal.archive_property(kind, field[1])

    found = deals(hubspot_client, cursor=cursor) + deals(hubspot_client, cursor=cursor)

    assert hidden(found) == [[field]] * 4
    assert hubspot_client.hidden_fields == {field}


def test_property_that_never_was_is_hidden(hubspot_client: HubSpotClient, portal: Portal) -> None:
    deal = add_deal(portal)
    wanted = {SourceObject.DEAL: ["laufzeit"]}

    (page,) = hubspot_client.deals_by_id(external_ids=[deal], wanted=wanted)

    assert hidden(page.deals) == [[(SourceObject.DEAL, "laufzeit")]]


def test_definitions_are_asked_for_once_a_run_and_hidden_names_no_more(
    hubspot_client: HubSpotClient, portal: Portal, hubspot_server: Server
) -> None:
    portal.add_won_deals(1_001, companies=1)
    portal.archive_property("deals", "contract_term_months")

    found = deals(hubspot_client)

    assert len(found) == 1_001
    assert {frozenset(deal.hidden_fields) for deal in found} == {frozenset([TERM])}
    assert definitions_asked(hubspot_server) == ["/crm/properties/2026-09/deals"]
    assert "contract_term_months" not in hubspot_client.reader.properties(WANTED)


def test_nothing_is_asked_while_all_mapped_properties_are_there(
    hubspot_client: HubSpotClient, portal: Portal, hubspot_server: Server
) -> None:
    add_deal(portal, contract_term_months=None)

    assert hidden(deals(hubspot_client)) == [[]]
    assert (definitions_asked(hubspot_server), hubspot_client.warnings) == ([], [])


def test_nothing_is_asked_where_nothing_was_read(
    hubspot_client: HubSpotClient, portal: Portal, hubspot_server: Server
) -> None:
    portal.archive_property("deals", "contract_term_months")

    assert (deals(hubspot_client), definitions_asked(hubspot_server)) == ([], [])


def leave_out(*names: str) -> Callable[[Request, Application], Response]:
    """A portal that leaves out what has no value, as one page of the documentation says."""

    def intercept(request: Request, answer: Application) -> Response:
        response = answer(request)
        if "/objects/" in request.path:
            body = json.loads(response.body)
            for record in body["results"]:
                record["properties"] = {
                    name: value
                    for name, value in record["properties"].items()
                    if name not in names or value is not None
                }
            response.body = json.dumps(body).encode()
        return response

    return intercept


def test_property_left_out_for_want_of_a_value_is_empty(open_hubspot: Open, portal: Portal) -> None:
    add_deal(portal, contract_term_months=None)
    with Server(build_app(portal, intercept=leave_out("contract_term_months", "phone"))) as server:
        client = open_hubspot(url=server.url)
        (deal,) = deals(client)

        assert (hidden([deal]), client.warnings) == ([[]], [])
        assert deal.fields[SourceObject.DEAL]["contract_term_months"] is None
        assert definitions_asked(server) == [
            "/crm/properties/2026-09/deals",
            "/crm/properties/2026-09/companies",
        ]


def test_schema_that_may_not_be_read_hides_nothing(
    hubspot_client: HubSpotClient, portal: Portal, hubspot_server: Server
) -> None:
    add_deal(portal)
    portal.archive_property("deals", "contract_term_months")
    portal.forbid(hubspot_client.api.access_token, family="properties", reason="not public")

    assert hidden(deals(hubspot_client) + deals(hubspot_client)) == [[], []]
    assert (len(definitions_asked(hubspot_server)), hubspot_client.warnings) == (1, [])


def test_schema_that_fails_stops_the_run(open_hubspot: Open, portal: Portal) -> None:
    """Unknown is not empty: the next poll asks again."""
    add_deal(portal)
    portal.archive_property("deals", "contract_term_months")

    def intercept(request: Request, answer: Application) -> Response:
        failed = json_response({"status": "error"}, status=500)
        return failed if "/properties/" in request.path else answer(request)

    with Server(build_app(portal, intercept=intercept)) as server, pytest.raises(TransientError):
        deals(open_hubspot(url=server.url))


def test_sensitive_property_that_the_token_may_not_see_is_hidden(
    hubspot_client: HubSpotClient, portal: Portal
) -> None:
    add_deal(portal, contract_term_months="12")
    term = portal.properties["deals"]["contract_term_months"]
    portal.add_property("deals", replace(term, sensitivity="sensitive"))

    assert hidden(deals(hubspot_client)) == [[TERM]]


def test_property_that_came_back_is_read_by_the_next_run(open_hubspot: Open, portal: Portal) -> None:
    add_deal(portal, contract_term_months="12")
    term = portal.properties["deals"]["contract_term_months"]
    portal.archive_property("deals", "contract_term_months")
    first = deals(open_hubspot())
    portal.add_property("deals", term)

    second = deals(open_hubspot())

    assert (hidden(first), hidden(second)) == ([[TERM]], [[]])
    assert second[0].fields[SourceObject.DEAL]["contract_term_months"] == "12"
