"""Connecting and disconnecting, below the pages."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User

from contracts.models import AuditEntry, Contract
from crm_sync.connections import authorising, credentials, preflight
from crm_sync.enums import Target
from crm_sync.errors import ConfigError, LeaseLost, SyncError
from crm_sync.importing.fetching import deals_to_ask_for
from crm_sync.models import (
    Authorisation,
    Connection,
    ConnectionCredentials,
    CrmDeal,
    CrmOrg,
    FieldMapping,
    LooseGrant,
)
from crm_sync.runs import UnableToSync
from demo.http_server import Response, Server
from demo.hubspot.app import build_app as build_hubspot
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run, authorise, keys_of, let_in
from tests.crm_sync.sales import sell, sell_in_hubspot
from tests.crm_sync.stored import row_versions

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def start(connection: Connection, *, user: User, client_secret: str = "") -> dict[str, str]:
    """What the browser carries to Salesforce."""
    address = authorising.start_authorisation(
        connection=connection, client_secret=client_secret, user=user, session_key="a-session", now=NOW
    )
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def finish(
    org: Org, asked: dict[str, str], *, user: User, session_key: str = "a-session", now: datetime = NOW
) -> Connection:
    code = org.grants.issue_code(
        app=org.app,
        user_id=org.admin_id,
        redirect_uri=asked["redirect_uri"],
        scopes=asked["scope"].split(),
        challenge=asked["code_challenge"],
    )
    return authorising.finish_authorisation(
        state=asked["state"], code=code, user=user, session_key=session_key, now=now
    )


@pytest.mark.parametrize(
    ("choice", "typed", "address"),
    [
        ("production", "", "https://login.salesforce.com"),
        ("sandbox", "", "https://test.salesforce.com"),
        ("my_domain", "acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        ("my_domain", " https://acme.my.salesforce.com/ ", "https://acme.my.salesforce.com"),
        ("my_domain", "https://acme.my.salesforce.com/path", "https://acme.my.salesforce.com"),
        ("my_domain", "https://acme.my.salesforce.com?next=1", "https://acme.my.salesforce.com"),
        ("my_domain", "ACME--uat.sandbox.my.salesforce.com", "https://acme--uat.sandbox.my.salesforce.com"),
    ],
)
def test_login_address(choice: str, typed: str, address: str) -> None:
    assert authorising.login_address(provider="salesforce", choice=choice, own_address=typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "acme",
        "http://acme.my.salesforce.com",
        "https://acme.my.salesforce.com.evil.example",
        "https://evil.example/acme.my.salesforce.com",
        "https://evil.example?next=acme.my.salesforce.com",
        "https://evilmy.salesforce.com",
        "https://user@acme.my.salesforce.com",
        "https://127.0.0.1",
        "javascript://acme.my.salesforce.com",
        "https://[::1",
    ],
)
def test_address_that_is_none_of_salesforce(typed: str) -> None:
    with pytest.raises(ValueError, match=r"^Enter the address of your org"):
        authorising.login_address(provider="salesforce", choice="my_domain", own_address=typed)


def test_authorisation_asks_with_pkce_and_a_state_that_is_kept_as_a_digest(
    salesforce: Connection, finance: User
) -> None:
    asked = start(salesforce, user=finance)

    assert (asked["code_challenge_method"], asked["response_type"]) == ("S256", "code")
    assert asked["redirect_uri"] == authorising.callback_url("salesforce")
    waiting = Authorisation.objects.get()
    assert asked["state"] not in repr(waiting.__dict__)
    assert waiting.expires_at == NOW + timedelta(minutes=10)


def test_second_start_forgets_the_first(salesforce: Connection, org: Org, finance: User) -> None:
    first = start(salesforce, user=finance)
    second = start(salesforce, user=finance)

    with pytest.raises(ConfigError, match="did not start this authorisation"):
        finish(org, first, user=finance)
    assert finish(org, second, user=finance).state == "connected"


def test_answer_that_comes_too_late(salesforce: Connection, org: Org, finance: User) -> None:
    asked = start(salesforce, user=finance)
    before = row_versions(but=["Authorisation"])

    with pytest.raises(ConfigError, match="more than ten minutes ago"):
        finish(org, asked, user=finance, now=NOW + timedelta(minutes=10, seconds=1))

    assert row_versions(but=["Authorisation"]) == before
    assert not Authorisation.objects.exists()


def test_case_81_denied_access_leaves_the_connection_as_it_is(salesforce: Connection, finance: User) -> None:
    asked = start(salesforce, user=finance)
    before = row_versions(but=["Authorisation"])

    refusal = authorising.refused_authorisation(
        error="access_denied", state=asked["state"], user=finance, session_key="a-session", now=NOW
    )

    assert str(refusal) == "Access was denied in Salesforce. Press Authorise again and choose Allow."
    assert row_versions(but=["Authorisation"]) == before
    assert not Authorisation.objects.exists()


def test_broken_connection_that_is_authorised_again_goes_on_where_it_was(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    sell(org)
    run(salesforce)
    org.revoke_tokens()
    run(salesforce)
    salesforce.refresh_from_db()
    assert salesforce.state == "broken"
    cursor, version = salesforce.cursor_modified_at, salesforce.mapping_version
    sell(org)

    finish(org, start(salesforce, user=finance), user=finance)

    salesforce.refresh_from_db()
    assert (salesforce.state, salesforce.state_reason) == ("connected", "")
    assert (salesforce.cursor_modified_at, salesforce.mapping_version) == (cursor, version)
    done = run(salesforce)
    assert (done.state, done.created, Contract.objects.count()) == ("done", 1, 2)


def test_connecting_keeps_what_a_run_wrote_meanwhile(salesforce: Connection, org: Org, run: Run) -> None:
    """The row that connecting holds in memory is older than the cursor of the run."""
    older = Connection.objects.get()
    sell(org)
    run(salesforce)
    Connection.objects.update(name="Renamed")

    authorising.accept_grant(
        connection=older,
        grant=authorise(org=org, connection=older),
        keys=keys_of(connection=older, org=org),
        actor=None,
    )

    salesforce.refresh_from_db()
    assert (salesforce.name, salesforce.cursor_modified_at is None) == ("Renamed", False)


def test_case_80_other_portal_is_refused_unless_confirmed(
    hubspot: Connection, portal: Portal, run: Run, settings, hubspot_server: Server
) -> None:
    sell_in_hubspot(portal)
    run(hubspot)
    other = Portal(portal_id=4711)
    with Server(build_hubspot(other)) as server:
        settings.CRM_TRUSTED_ORIGINS = [*settings.CRM_TRUSTED_ORIGINS, server.url]
        settings.HUBSPOT_API_URL = server.url
        token = other.issue_token()
        hubspot.refresh_from_db()
        before = row_versions()

        with pytest.raises(authorising.OtherOrg) as refused:
            authorising.connect_with_pasted(connection=hubspot, pasted=token, actor=None)
        assert (refused.value.org_id, row_versions() == before) == ("4711", True)

        authorising.connect_with_pasted(connection=hubspot, pasted=token, actor=None, confirmed_org="4711")
        hubspot.refresh_from_db()
        assert (str(hubspot.org), hubspot.cursor_modified_at) == ("HubSpot portal 4711", None)
        assert hubspot.asks_for_start
        let_in(hubspot)
        same_number = sell_in_hubspot(other)
        run(hubspot)

    assert set(CrmDeal.objects.values_list("org__external_id", "external_id")) == {
        (str(portal.portal_id), same_number),
        ("4711", same_number),
    }
    assert Contract.objects.count() == 2


def test_deals_of_the_org_before_are_not_asked_of_another_org(
    salesforce: Connection, org: Org, run: Run
) -> None:
    sell(org)
    sell(org, Amount=None)
    run(salesforce)
    CrmDeal.objects.update(fingerprint="")
    salesforce.refresh_from_db()
    asked = len(deals_to_ask_for(connection=salesforce))
    other = CrmOrg.objects.create(provider=salesforce.provider, external_id="00D000000000001AAA")
    Connection.objects.update(org=other)
    salesforce.refresh_from_db()

    assert (asked, deals_to_ask_for(connection=salesforce)) == (2, [])


def test_run_at_work_cannot_write_once_another_org_was_confirmed(
    salesforce: Connection, org: Org, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """Its cursor would cover deals of the new org that nobody has read."""
    org.max_page_size = 10
    org.add_won_deals(20)
    CrmOrg.objects.update(external_id="00D000000000001AAA")
    grant = authorise(org=org, connection=salesforce)

    def connect_other(page: object) -> None:
        authorising.accept_grant(
            connection=Connection.objects.get(),
            grant=grant,
            keys=keys_of(connection=salesforce, org=org),
            actor=None,
            confirmed_org=grant.org_id,
        )

    run(salesforce, on_page=connect_other)

    salesforce.refresh_from_db()
    assert (CrmDeal.objects.count(), salesforce.cursor_modified_at) == (10, None)
    assert [record.message for record in caplog.records if record.name == "crm_sync.sync"] == [
        "A later run has taken over Salesforce; this one stops."
    ]
    assert issubclass(LeaseLost, Exception)


def test_disconnect_revokes_wipes_and_keeps_records(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    sell(org)
    run(salesforce)
    refresh_token = credentials.read(connection=salesforce).refresh_token
    assert refresh_token

    authorising.disconnect(connection=salesforce, actor=finance)

    salesforce.refresh_from_db()
    assert (salesforce.state, ConnectionCredentials.objects.count()) == ("not_connected", 0)
    assert org.grants.live_approval(refresh_token) is None
    assert (Contract.objects.count(), CrmDeal.objects.count(), FieldMapping.objects.count() > 5) == (
        1,
        1,
        True,
    )
    ended = AuditEntry.objects.get(action="connection ended")
    assert (ended.actor, ended.after) == (finance, {"credentials": "wiped here; being revoked at Salesforce"})
    with pytest.raises(UnableToSync):
        run(salesforce)


def test_disconnect_wipes_also_when_revoking_fails(salesforce: Connection, org: Org, finance: User) -> None:
    org.intercept = lambda request: Response(status=503, headers={"Retry-After": "0"})

    authorising.disconnect(connection=salesforce, actor=finance)

    assert ConnectionCredentials.objects.count() == 0
    assert AuditEntry.objects.get(action="connection ended").after == {
        "credentials": "wiped here; being revoked at Salesforce"
    }
    assert LooseGrant.objects.get().tries == 1


def test_disconnected_org_can_be_connected_anew_and_makes_no_second_contract(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    sell(org)
    run(salesforce)
    authorising.disconnect(connection=salesforce, actor=finance)

    finish(org, start(salesforce, user=finance, client_secret=org.app.consumer_secret), user=finance)
    Connection.objects.update(cursor_modified_at=None)
    done = run(salesforce)

    assert (done.state, done.created, done.unchanged, Contract.objects.count()) == ("done", 0, 1, 1)


def test_candidates_for_term_and_cycle_are_proposed_but_not_confirmed(
    portal: Portal, hubspot_server: Server, db: None
) -> None:
    connection = Connection.objects.create(
        provider="hubspot", name="HubSpot", import_from=NOW.date(), default_currency=""
    )

    authorising.connect_with_pasted(connection=connection, pasted=portal.issue_token(), actor=None)

    proposed = dict(FieldMapping.objects.values_list("target", "source_field"))
    assert (proposed[Target.DURATION], proposed[Target.BILLING_CYCLE]) == (
        "contract_term_months",
        "billing_frequency",
    )
    assert (connection.mapping_version, connection.default_currency) == (None, "USD")


def test_preflight_of_a_connection_whose_token_is_dead(hubspot: Connection, portal: Portal) -> None:
    portal.revoke_token(next(iter(portal.tokens)))

    with pytest.raises(SyncError, match="does not accept the access token"):
        preflight.preflight(connection=hubspot)


def test_the_user_who_authorised_is_named(salesforce: Connection) -> None:
    assert salesforce.connected_as == "ada@acme.example"


def test_an_org_that_does_not_name_its_user_is_connected_all_the_same(
    salesforce: Connection, org: Org
) -> None:
    grant = authorise(org=org, connection=salesforce)
    org.intercept = lambda request: (
        Response(status=403, body=b"Bad_OAuth_Token") if request.path.endswith("/userinfo") else None
    )

    keys = keys_of(connection=salesforce, org=org)
    authorising.accept_grant(connection=salesforce, grant=grant, keys=keys, actor=None)

    salesforce.refresh_from_db()
    assert (salesforce.state, salesforce.connected_as) == ("connected", "")
