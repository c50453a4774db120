"""Every 403 of the reference's section 1.6: a right that is missing degrades, and is never "no company"."""

import pytest

from contracts.models import Contract, Customer
from crm_sync.models import Connection, CrmDeal
from demo.http_server import Server
from demo.hubspot.portal import Portal
from tests.crm_sync.clients.traps.portal_runs import LINKS, OWNERS, SEARCH, refuse, seen
from tests.crm_sync.clients.wire import Pauses
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell_in_hubspot

ADD_IT = "Add it to the service key or private app in HubSpot."
NOT_ALLOWED = (
    "HubSpot does not let this access token read something that Fincelo needs. "
    "Have a HubSpot super admin check the token's scopes and the rights of its maker."
)
CREATOR = (
    "The person who made this access token has lost the right to use it. "
    "Have a HubSpot super admin rotate the token, then paste the new one."
)
NO_OWNERS = f"Account Manager stays blank: the access token lacks the scope crm.objects.owners.read. {ADD_IT}"


@pytest.mark.parametrize(
    ("name", "endpoint", "reason"),
    [
        pytest.param(
            "missing_scopes",
            SEARCH,
            "The access token lacks the scope crm.schemas.deals.read or crm.objects.deals.read. " + ADD_IT,
            id="missing_scopes",
        ),
        pytest.param(
            "missing_scopes_old_body",
            SEARCH,
            "The access token lacks the scope crm.objects.owners.read. " + ADD_IT,
            id="older_required_scopes",
        ),
        pytest.param("creator_removed", LINKS, CREATOR, id="creator_removed"),
        pytest.param("user_without_rights", SEARCH, NOT_ALLOWED, id="view_schema"),
        pytest.param("not_public", SEARCH, NOT_ALLOWED, id="not_for_public_use"),
        pytest.param("not_for_oauth", SEARCH, NOT_ALLOWED, id="not_for_an_oauth_token"),
    ],
)
def test_403_body_stops_the_run_and_degrades_the_connection(
    hubspot: Connection,
    portal: Portal,
    hubspot_server: Server,
    run: Run,
    sleepless: Pauses,
    name: str,
    endpoint: str,
    reason: str,
) -> None:
    sell_in_hubspot(portal)
    refuse(hubspot_server, name, endpoint=endpoint)

    stopped = run(hubspot)

    assert seen(stopped, hubspot) == ("failed", "degraded", reason)
    assert (Customer.objects.count(), CrmDeal.objects.count(), sleepless) == (0, 0, [])
    hubspot_server.faults.clear()
    assert (run(hubspot).created, seen(stopped, hubspot)[1]) == (1, "connected")


@pytest.mark.parametrize(
    ("name", "warning"),
    [
        ("missing_owners_scope", NO_OWNERS),
        ("missing_scopes_old_body", NO_OWNERS),
        ("creator_removed", f"Account Manager stays blank: {CREATOR}"),
        ("not_public", f"Account Manager stays blank: {NOT_ALLOWED}"),
    ],
)
def test_403_of_the_owners_leaves_the_account_manager_blank_and_says_so(
    hubspot: Connection, portal: Portal, hubspot_server: Server, run: Run, name: str, warning: str
) -> None:
    sell_in_hubspot(portal, hubspot_owner_id=portal.add_owner(email="sam@acme.example"))
    refuse(hubspot_server, name, endpoint=OWNERS)

    done = run(hubspot)

    assert (seen(done, hubspot), done.created) == (("done", "degraded", warning), 1)
    assert Contract.objects.get().account_manager_email == ""


def test_403_for_a_removed_creator_is_never_a_deal_without_company(
    hubspot: Connection, portal: Portal, run: Run
) -> None:
    """Deals can still be read then; it is the association calls that are refused first."""
    sell_in_hubspot(portal)
    portal.remove_creator(next(iter(portal.tokens)))

    stopped = run(hubspot)

    assert seen(stopped, hubspot) == ("failed", "degraded", CREATOR)
    assert (stopped.held, CrmDeal.objects.count()) == (0, 0)
