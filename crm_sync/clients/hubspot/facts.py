"""HubSpot's facts: names, words, scopes, addresses, the spellings of its fields and ids."""

import re
from collections.abc import Sequence
from urllib.parse import SplitResult

from django.conf import settings

from crm_sync.clients.facts import CheckedToken, NamedDeal, Opening, ProposedField, ProviderFacts, TokenFacts
from crm_sync.clients.hubspot.api import HUBSPOT_API_VERSION, HubSpotApi, choose_version, is_hubspot_origin
from crm_sync.clients.hubspot.client import HubSpotClient
from crm_sync.clients.hubspot.questions import HubSpotQuestions
from crm_sync.clients.hubspot.values import clean_token
from crm_sync.clients.protocol import CrmClient
from crm_sync.clients.questions import Questions
from crm_sync.clients.reading import beyond_what_is_needed
from crm_sync.deals import Check
from crm_sync.enums import SourceObject, Target

IN_LINK = re.compile(r"/contacts/([0-9]+)/(?:record/0-3|deal|deals)/([0-9]+)")
SCOPES = {
    "crm.objects.deals.read": "Without it no deal can be read.",
    "crm.objects.companies.read": "Without it no deal has a customer.",
    "crm.objects.contacts.read": "HubSpot requires it together with the other two.",
    "crm.objects.owners.read": "Without it Account Manager stays blank.",
}
HARMLESS = frozenset({"oauth", *(f"crm.schemas.{kind}.read" for kind in ("deals", "companies", "contacts"))})
"""Let no record be read that the others do not."""
TAKE_THE_REST = "Fincelo only reads four kinds of records. Take the rest from the service key or private app."


def open_client(opening: Opening) -> CrmClient:
    api = HubSpotApi(
        transport=opening.transport,
        base_url=settings.HUBSPOT_API_URL,
        access_token=opening.access_token,
        version=opening.api_version or HUBSPOT_API_VERSION,
    )
    return HubSpotClient(
        api=api, portal_id=opening.org_id, time_zone=opening.time_zone, ui_domain=opening.ui_domain
    )


def own(client: CrmClient) -> HubSpotClient:
    assert isinstance(client, HubSpotClient)  # opened by `open_client`
    return client


def check_token(client: CrmClient) -> CheckedToken:
    """The portal that a token opens, and the API version that it is served."""
    api = own(client).api
    told = api.introspect()
    return CheckedToken(org_id=told.portal_id, api_version=choose_version(api))


def questions(client: CrmClient) -> Questions:
    return HubSpotQuestions(own(client))


def scope_checks(client: CrmClient, known: Sequence[Check]) -> list[Check]:
    granted = own(client).api.introspect().scopes
    return [*missing_scopes(granted=granted, known=known), *wider_scopes(granted=granted)]


def missing_scopes(*, granted: frozenset[str], known: Sequence[Check]) -> list[Check]:
    """Scopes that HubSpot says the token lacks, and that no failed call has named already."""
    if not granted:  # not every kind of token tells
        return []
    named = frozenset[str]().union(*(check.lacks for check in known))
    return [
        Check(
            label=f"Scope {scope}",
            ok=False,
            sentence=f"The access token lacks it. {use} Add it to the service key or private app in HubSpot.",
            blocking=False,
        )
        for scope, use in SCOPES.items()
        if scope not in granted and scope not in named
    ]


def wider_scopes(*, granted: frozenset[str]) -> list[Check]:
    return beyond_what_is_needed(sorted(granted - SCOPES.keys() - HARMLESS), cure=TAKE_THE_REST)


def external_id(text: str) -> str:
    if not is_deal_id(text):
        raise ValueError(f"{text!r} is no HubSpot deal id: it has digits only")
    return text.lstrip("0") or "0"


def is_deal_id(text: str) -> bool:
    return text.isascii() and text.isdigit()


def deal_in_link(link: SplitResult) -> NamedDeal | None:
    found = IN_LINK.search(link.path)
    return NamedDeal(external_id=found[2], org=found[1]) if found else None


HUBSPOT = ProviderFacts(
    key="hubspot",
    name="HubSpot",
    org_word="portal",
    open=open_client,
    questions=questions,
    is_official_origin=is_hubspot_origin,
    origin_of_pages=lambda instance_url, ui_domain: f"https://{ui_domain}" if ui_domain else "",
    scope_checks=scope_checks,
    object_words={
        SourceObject.DEAL: "Deal",
        SourceObject.ACCOUNT: "Company",
        SourceObject.OWNER: "Owner",
    },
    proposed=(
        ProposedField(target=Target.CUSTOMER_NAME, source_object=SourceObject.ACCOUNT, source_field="name"),
        ProposedField(target=Target.CONTRACT_VALUE, source_field="amount"),
        ProposedField(target=Target.START_DATE, source_field="closedate"),
        ProposedField(target=Target.ACCOUNT_MANAGER, source_object=SourceObject.OWNER, source_field="email"),
    ),
    address_fields={
        Target.STREET: ("address",),
        Target.STREET_2: ("address2",),
        Target.POST_CODE: ("zip",),
        Target.CITY: ("city",),
        Target.REGION: ("state",),
        Target.COUNTRY: ("hs_country_code", "country"),
    },
    currency_field="deal_currency_code",
    fields_at_once=5_000,
    restorable_days=90,
    tells_currency=True,
    tells_of_company=False,
    external_id=external_id,
    is_deal_id=is_deal_id,
    deal_in_link=deal_in_link,
    is_page_of=lambda host, instance_url: True,
    setup_sentence="Three steps. You need the right to create keys in HubSpot: super admins have it.",
    steps_template="crm_sync/clients/hubspot/steps.html",
    token=TokenFacts(
        clean=clean_token,
        check=check_token,
        example="pat-…",
        nothing_pasted="Paste the token of your service key.",
        scopes=(
            ("crm.objects.deals.read", "For the won deals"),
            ("crm.objects.companies.read", "For the customers behind them"),
            ("crm.objects.contacts.read", "For the people of a deal"),
            ("crm.objects.owners.read", "Recommended: without it Account Manager stays blank"),
        ),
    ),
)
