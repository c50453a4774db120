"""What is read of a HubSpot portal when it is connected."""

from collections.abc import Callable

import pytest

from crm_sync.clients.hubspot.client import HubSpotClient
from crm_sync.deals import Check, CrmField, OrgFacts, Stage
from crm_sync.enums import SourceObject
from crm_sync.errors import ConfigError
from crm_sync.findings.codes import FindingCode
from demo.http_server import Application, Request, Response, Server, json_response
from demo.hubspot.app import build_app
from demo.hubspot.portal import Portal
from demo.hubspot.scopes import SEED_SCOPES

Open = Callable[..., HubSpotClient]


def troubles(client: HubSpotClient) -> list[FindingCode]:
    return [code for code, one in client.findings.seen.items() if one is not None]


def test_who_was_connected(hubspot_client: HubSpotClient) -> None:
    assert hubspot_client.identify() == OrgFacts(
        external_id="48211907",
        name="HubSpot portal 48211907",
        kind="Standard",
        time_zone="US/Eastern",
        currency="USD",
        has_currency_field=True,
        ui_domain="app.hubspot.com",
    )
    assert hubspot_client.warnings == []


def test_a_time_zone_that_this_machine_does_not_know(open_hubspot: Open, portal: Portal) -> None:
    def intercept(request: Request, application: Application) -> Response:
        account = json_response({"timeZone": "Mars/Olympus", "companyCurrency": "EUR"})
        return account if "/account-info/" in request.path else application(request)

    with Server(build_app(portal, intercept=intercept)) as server:
        client = open_hubspot(url=server.url)
        facts = client.identify()

    assert (facts.time_zone, facts.currency, troubles(client)) == (
        "",
        "EUR",
        [FindingCode.ZONE_UNKNOWN],
    )


def test_an_account_page_that_may_not_be_read_stops_nothing(open_hubspot: Open, portal: Portal) -> None:
    def intercept(request: Request, application: Application) -> Response:
        refused = json_response({"category": "MISSING_SCOPES"}, status=403)
        return refused if "/account-info/" in request.path else application(request)

    with Server(build_app(portal, intercept=intercept)) as server:
        client = open_hubspot(url=server.url)
        facts = client.identify()

    assert (facts.external_id, facts.time_zone, facts.currency) == ("48211907", "", "")
    assert set(troubles(client)) == {FindingCode.ZONE_UNKNOWN, FindingCode.CURRENCY_UNKNOWN}


def test_the_stages_of_every_pipeline(hubspot_client: HubSpotClient, portal: Portal) -> None:
    portal.pipelines = portal.pipelines[2:]

    assert hubspot_client.stages() == [
        Stage(id="20519878", name="Introduced", pipeline="Partners", is_won=False, is_closed=False),
        Stage(id="20519881", name="Closed won", pipeline="Partners", is_won=True, is_closed=True),
        Stage(id="20519882", name="Closed lost", pipeline="Partners", is_won=False, is_closed=True),
    ]


def test_the_schema_of_deals_companies_and_owners(hubspot_client: HubSpotClient, portal: Portal) -> None:
    fields = hubspot_client.schema()

    named = {(field.source_object, field.name): field for field in fields}
    term = named[SourceObject.DEAL, "contract_term_months"]
    assert (term.label, term.type) == (
        portal.properties["deals"]["contract_term_months"].label,
        "number",
    )
    assert (SourceObject.ACCOUNT, "name") in named
    assert fields[-3:] == [
        CrmField(source_object=SourceObject.OWNER, name="email", label="Email", type="string"),
        CrmField(source_object=SourceObject.OWNER, name="firstName", label="First name", type="string"),
        CrmField(source_object=SourceObject.OWNER, name="lastName", label="Last name", type="string"),
    ]


def test_the_preflight_names_each_gap(open_hubspot: Open) -> None:
    labels = ("Deals", "Pipelines and stages", "Deal properties", "Companies", "Companies of deals", "Owners")
    readable = [Check(label=label, ok=True, sentence=f"{label} can be read.") for label in labels]

    assert open_hubspot().preflight() == readable
    assert open_hubspot(scopes=SEED_SCOPES).preflight() == [
        *readable[:5],
        Check(
            label="Owners",
            ok=False,
            sentence="The access token lacks the scope crm.objects.owners.read. "
            "Add it to the service key or private app in HubSpot.",
            blocking=False,
            lacks=frozenset({"crm.objects.owners.read"}),
        ),
    ]


def test_a_dead_token_stops_the_preflight_at_once(open_hubspot: Open, portal: Portal) -> None:
    client = open_hubspot()
    portal.revoke_token(client.api.access_token)

    with pytest.raises(ConfigError) as refusal:
        client.preflight()

    assert (refusal.value.breaks, client.calls) == (True, 3)


def test_properties_that_may_not_be_listed_are_no_fields(open_hubspot: Open, portal: Portal) -> None:
    """Their names are typed then."""

    def intercept(request: Request, application: Application) -> Response:
        refused = json_response({"category": "MISSING_SCOPES"}, status=403)
        return refused if request.path.endswith("/properties/2026-09/companies") else application(request)

    with Server(build_app(portal, intercept=intercept)) as server:
        fields = open_hubspot(url=server.url).schema()

    assert {field.source_object for field in fields} == {SourceObject.DEAL, SourceObject.OWNER}
