"""Every 401 of the reference's section 1.7, and the 530: what becomes of the run and of the connection."""

import pytest
from django_q.models import OrmQ

from crm_sync import tasks
from crm_sync.models import Connection
from demo.http_server import Server
from demo.hubspot.portal import Portal
from tests.crm_sync.clients.traps.portal_runs import EVERYTHING, LINKS, OWNERS, RECONNECT, paths, refuse, seen
from tests.crm_sync.clients.wire import Pauses
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell_in_hubspot

REVOKED = f"HubSpot does not accept the access token: it was revoked, replaced or mistyped. {RECONNECT}"
EXPIRED = f"The HubSpot access token has expired. {RECONNECT}"
NO_TOKEN = (
    "This is no access token. "
    "Copy the token of a service key or of an existing private app; it begins with pat-."
)
UNREADABLE = f"HubSpot could not read the access token. {RECONNECT}"
BESIDE = (
    "HubSpot refuses this call, although it knows the access token. "
    "Have a HubSpot super admin check the token's scopes, or rotate it and paste the new one."
)


def ends_broken(run: Run, connection: Connection, server: Server, sleepless: Pauses, *, reason: str) -> None:
    """One second look after two seconds, HubSpot's word on the token, and no call of a broken connection."""
    server.reset_requests()

    stopped = run(connection)

    assert seen(stopped, connection) == ("failed", "broken", reason)
    assert (len(server.requests), sleepless) == (3, [2.0])
    tasks.poll_due()
    assert (len(server.requests), OrmQ.objects.count()) == (3, 0)


def test_401_revoked_token_breaks_the_connection_after_one_second_look(
    hubspot: Connection, portal: Portal, hubspot_server: Server, run: Run, sleepless: Pauses
) -> None:
    portal.revoke_token(next(iter(portal.tokens)))

    ends_broken(run, hubspot, hubspot_server, sleepless, reason=REVOKED)


def test_401_token_rotated_away_breaks_the_connection(
    hubspot: Connection, portal: Portal, hubspot_server: Server, run: Run, sleepless: Pauses
) -> None:
    portal.rotate_token(next(iter(portal.tokens)), at_once=True)

    ends_broken(run, hubspot, hubspot_server, sleepless, reason=REVOKED)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param("not_authenticated", REVOKED, id="invalid_authentication"),
        pytest.param("expired", EXPIRED, id="expired_oauth_token"),
        pytest.param("not_a_token", NO_TOKEN, id="not_a_usable_token_at_all"),
        pytest.param("credentials_missing", REVOKED, id="v2_credentials_missing"),
        pytest.param("api_key", REVOKED, id="old_api_key"),
    ],
)
def test_401_row(
    hubspot: Connection, hubspot_server: Server, run: Run, sleepless: Pauses, name: str, reason: str
) -> None:
    refuse(hubspot_server, name, endpoint=EVERYTHING)

    ends_broken(run, hubspot, hubspot_server, sleepless, reason=reason)


def test_530_is_no_word_of_hubspot_on_the_token(
    hubspot: Connection, hubspot_server: Server, run: Run
) -> None:
    """A page of HTML, as of any host on the way: the connection is asked again."""
    refuse(hubspot_server, "malformed_token", endpoint=EVERYTHING)

    assert seen(run(hubspot), hubspot) == ("failed", "degraded", UNREADABLE)


@pytest.mark.parametrize("name", ["not_authenticated", "expired", "not_a_token", "malformed_token"])
def test_401_that_passes_breaks_nothing(
    hubspot: Connection, portal: Portal, hubspot_server: Server, run: Run, sleepless: Pauses, name: str
) -> None:
    sell_in_hubspot(portal)
    refuse(hubspot_server, name, times=1)

    done = run(hubspot)

    assert (seen(done, hubspot), done.created) == (("done", "connected", ""), 1)
    assert sleepless == [2.0]


def test_401_of_the_owners_is_no_proof_of_a_dead_token(
    hubspot: Connection, portal: Portal, hubspot_server: Server, run: Run
) -> None:
    sell_in_hubspot(portal, hubspot_owner_id=portal.add_owner(email="sam@acme.example"))
    refuse(hubspot_server, "not_authenticated", endpoint=OWNERS)
    hubspot_server.reset_requests()

    done = run(hubspot)

    assert (seen(done, hubspot), done.created) == (
        ("done", "degraded", f"Account Manager stays blank: {BESIDE}"),
        1,
    )
    assert len(paths(hubspot_server, "/oauth/")) == 1


def test_401_of_the_associations_is_no_proof_of_a_dead_token(
    hubspot: Connection, portal: Portal, hubspot_server: Server, run: Run
) -> None:
    sell_in_hubspot(portal)
    refuse(hubspot_server, "not_authenticated", endpoint=LINKS)

    stopped = run(hubspot)

    assert (seen(stopped, hubspot), stopped.held) == (("failed", "degraded", BESIDE), 0)


def test_401_of_the_owners_of_a_token_that_is_dead_indeed(
    hubspot: Connection, portal: Portal, hubspot_server: Server, run: Run
) -> None:
    sell_in_hubspot(portal, hubspot_owner_id=portal.add_owner(email="sam@acme.example"))
    hubspot_server.faults.add("revoked_token", endpoint=OWNERS, times=1)

    stopped = run(hubspot)

    assert seen(stopped, hubspot) == ("failed", "broken", REVOKED)
