"""Whatever stands in an answer, a client reads it or raises a SyncError: nothing else, and no half values."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_sync.clients.hubspot import api as hubspot_api
from crm_sync.clients.hubspot.api import HubSpotApi
from crm_sync.clients.hubspot.client import HubSpotClient
from crm_sync.clients.hubspot.questions import HubSpotQuestions
from crm_sync.clients.salesforce.client import SalesforceClient
from crm_sync.clients.salesforce.oauth import AppKeys, renew
from crm_sync.clients.salesforce.questions import SalesforceQuestions
from crm_sync.deals import Cursor, DealQuery, NearMiss
from crm_sync.enums import SourceObject
from crm_sync.errors import SyncError
from demo.hubspot.app import build_app as build_hubspot
from demo.hubspot.portal import Portal
from demo.messages import Application
from demo.salesforce.app import build_app as build_salesforce
from demo.salesforce.org import Org
from tests.crm_sync.clients.mangling import URL, Change, InProcess, changes
from tests.crm_sync.faults.worlds import in_small_pages
from tests.crm_sync.sales import sell, sell_in_hubspot

MOST_CALLS = 40
SINCE = date(2026, 1, 1)
SOME_TIME = datetime(2026, 6, 1, tzinfo=UTC)
STATUSES = st.sampled_from([0, 0, 0, 0, 200, 207, 302, 400, 401, 403, 404, 410, 429, 477, 500, 503, 530])
EXAMPLES = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def org() -> Org:
    org = Org()
    org.identity_host = org.instance_url = URL
    org.api_limit = 10**9
    org.max_page_size = 2
    for _ in range(3):
        sell(org)
    org.grants.refresh_seconds = 0
    return org


@pytest.fixture(scope="module")
def salesforce_app(org: Org) -> Application:
    return build_salesforce(org)


@pytest.fixture(scope="module")
def portal() -> Portal:
    portal = Portal()
    portal.limits.enforced = False
    portal.issue_token()
    for _ in range(3):
        sell_in_hubspot(portal)
    return portal


@pytest.fixture(scope="module")
def hubspot_app(portal: Portal) -> Application:
    return build_hubspot(portal, intercept=in_small_pages)


SALESFORCE_WANTED = {
    SourceObject.DEAL: ["Amount", "CloseDate", "Contract_Term__c"],
    SourceObject.ACCOUNT: ["Name", "BillingStreet"],
    SourceObject.OWNER: ["Email"],
}
HUBSPOT_WANTED = {
    SourceObject.DEAL: ["amount", "closedate"],
    SourceObject.ACCOUNT: ["name"],
    SourceObject.OWNER: ["email"],
}
NEAR_MISS = NearMiss(name="Closed won", ids=("closedwon",))


def query_of(wanted: Mapping[SourceObject, Sequence[str]], *, since: datetime | None = None) -> DealQuery:
    return DealQuery(
        cursor=Cursor(modified_at=since), stage_names=["Closed Won"], import_from=SINCE, wanted=wanted
    )


SALESFORCE_CALLS: dict[str, Callable[[SalesforceClient, Sequence[str]], object]] = {
    "versions": lambda client, ids: client.choose_version(),
    "identify": lambda client, ids: client.identify(),
    "stages": lambda client, ids: client.stages(),
    "schema": lambda client, ids: client.schema(),
    "preflight": lambda client, ids: client.preflight(),
    "first poll": lambda client, ids: [*client.changed_deals(query=query_of(SALESFORCE_WANTED))],
    "next poll": lambda client, ids: [
        *client.changed_deals(query=query_of(SALESFORCE_WANTED, since=SOME_TIME))
    ],
    "deals by id": lambda client, ids: client.deals_by_id(external_ids=ids, wanted=SALESFORCE_WANTED),
    "won ids": lambda client, ids: [*client.won_ids(query=query_of(SALESFORCE_WANTED))],
    "presence": lambda client, ids: client.presence(external_ids=ids),
    "merged accounts": lambda client, ids: client.merged_accounts(external_ids=ids),
    "deals per stage": lambda client, ids: SalesforceQuestions(client).deals_per_stage(
        misses=[NEAR_MISS], selected=["Closed Won"], since=SINCE
    ),
    "ids named": lambda client, ids: SalesforceQuestions(client).ids_named(name="Acme platform", limit=5),
    "was deleted": lambda client, ids: SalesforceQuestions(client).was_deleted(external_id=ids[0]),
}
HUBSPOT_CALLS: dict[str, Callable[[HubSpotClient, Sequence[str]], object]] = {
    "versions": lambda client, ids: hubspot_api.choose_version(client.api),
    "introspect": lambda client, ids: client.api.introspect(),
    "identify": lambda client, ids: client.identify(),
    "stages": lambda client, ids: client.stages(),
    "schema": lambda client, ids: client.schema(),
    "preflight": lambda client, ids: client.preflight(),
    "first poll": lambda client, ids: [*client.changed_deals(query=query_of(HUBSPOT_WANTED))],
    "next poll": lambda client, ids: [*client.changed_deals(query=query_of(HUBSPOT_WANTED, since=SOME_TIME))],
    "deals by id": lambda client, ids: client.deals_by_id(external_ids=ids, wanted=HUBSPOT_WANTED),
    "won ids": lambda client, ids: [*client.won_ids(query=query_of(HUBSPOT_WANTED))],
    "presence": lambda client, ids: client.presence(external_ids=[*ids, "1"]),
    "deals per stage": lambda client, ids: HubSpotQuestions(client).deals_per_stage(
        misses=[NEAR_MISS], selected=["Closed Won"], since=SINCE
    ),
    "ids named": lambda client, ids: HubSpotQuestions(client).ids_named(name="Acme platform", limit=5),
    "was deleted": lambda client, ids: HubSpotQuestions(client).was_deleted(external_id=ids[0]),
}


@pytest.mark.parametrize("call", SALESFORCE_CALLS)
@EXAMPLES
@given(changes=changes, nth=st.integers(1, 4), status=STATUSES)
def test_salesforce_answer_with_values_of_any_kind(
    salesforce_app: Application, org: Org, call: str, changes: list[Change], nth: int, status: int
) -> None:
    transport = InProcess(salesforce_app, changes=changes, nth=nth, status=status)
    client = SalesforceClient(
        transport=transport,
        instance_url=URL,
        access_token=org.connect().access_token,
        org_id=org.org_id,
        renew=lambda stale: (org.connect().access_token, URL),
    )

    with suppress(SyncError):
        assert is_sound(SALESFORCE_CALLS[call](client, list(org.tables["Opportunity"])))
    assert transport.calls <= MOST_CALLS


@EXAMPLES
@given(changes=changes, status=STATUSES)
def test_token_answer_with_values_of_any_kind(
    salesforce_app: Application, org: Org, changes: list[Change], status: int
) -> None:
    issued = org.connect()
    keys = AppKeys(login_url=URL, client_id=org.app.consumer_key, client_secret=org.app.consumer_secret)

    with suppress(SyncError):
        grant = renew(
            transport=InProcess(salesforce_app, changes=changes, nth=1, status=status),
            keys=keys,
            refresh_token=issued.refresh_token or "",
        )
        assert is_sound(grant)
        assert grant.instance_url == URL
        assert (grant.access_token + grant.refresh_token).isascii()


@pytest.mark.parametrize("call", HUBSPOT_CALLS)
@EXAMPLES
@given(changes=changes, nth=st.integers(1, 6), status=STATUSES)
def test_hubspot_answer_with_values_of_any_kind(
    hubspot_app: Application, portal: Portal, call: str, changes: list[Change], nth: int, status: int
) -> None:
    transport = InProcess(hubspot_app, changes=changes, nth=nth, status=status)
    api = HubSpotApi(transport=transport, base_url=URL, access_token=next(iter(portal.tokens)))
    client = HubSpotClient(api=api, portal_id=str(portal.portal_id), time_zone="US/Eastern")

    with suppress(SyncError):
        assert is_sound(HUBSPOT_CALLS[call](client, list(portal.objects["deals"].records)))
    assert transport.calls <= MOST_CALLS


def is_sound(value: Any) -> bool:
    """Whether a value, and all that lies within, has the types that its class declares and can be stored."""
    if is_dataclass(value):
        ids = [
            getattr(value, name)
            for name in ("external_id", "account_id", "portal_id")
            if hasattr(value, name)
        ]
        return all(one.isascii() and (one.isalnum() or not one) for one in ids) and all(
            fits(getattr(value, name), kind) for name, kind in get_type_hints(type(value)).items()
        )
    if isinstance(value, Mapping):
        return all(map(is_sound, value)) and all(map(is_sound, value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(is_sound, value))
    return isinstance(value, str | int | Decimal | date | None)


def fits(value: Any, kind: Any) -> bool:
    """`kind` is a type hint of our values: plain types, unions of them, and collections."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return is_sound(value)
    if origin in (Union, UnionType):
        return any(fits(value, one) for one in inner)
    if origin is None:
        return is_sound(value) and (type(value) is kind or (isinstance(value, kind) and kind is not int))
    if isinstance(value, Mapping):
        return all(fits(key, inner[0]) and fits(each, inner[1]) for key, each in value.items())
    return not isinstance(value, str) and all(is_sound(each) for each in value)
