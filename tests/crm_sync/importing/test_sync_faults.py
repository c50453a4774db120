"""Runs that are stopped: by the CRM, by a dead credential, by another run, by the database, by a person."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connections
from django.db import connection as database
from django_q.models import OrmQ

from contracts.models import Contract, Customer
from crm_sync import tasks
from crm_sync.connections.settings import take_lease_away
from crm_sync.errors import LeaseHeld
from crm_sync.holds.deciding import dismiss
from crm_sync.models import Connection, CrmDeal, Hold, SyncRun
from crm_sync.runs import UnableToSync
from demo.http_server import Request, Response, Server
from demo.hubspot.portal import Portal
from demo.salesforce.answers import rest_error
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell
from tests.crm_sync.stored import NOTHING, forget_imports, stored

RUNS = ["records", "cursors"]


def fail_after(pages: int, answer: Response) -> Callable[[Request], Response | None]:
    """Answers so from the given number of query pages on."""
    seen = 0

    def intercept(request: Request) -> Response | None:
        nonlocal seen
        if "/query/" in request.path:
            seen += 1
        return answer if seen > pages and "/query/" in request.path else None

    return intercept


def unavailable(seconds: int = 0) -> Response:
    return Response(status=503, headers={"Retry-After": str(seconds)})


@pytest.fixture
def ten_to_a_page(org: Org) -> None:
    org.max_page_size = 10


@pytest.mark.usefixtures("ten_to_a_page")
def test_crm_that_fails_in_the_middle(salesforce: Connection, org: Org, run: Run) -> None:
    deals = sorted(org.add_won_deals(35))
    org.intercept = fail_after(3, unavailable())  # two pages, and whether records have a currency

    stopped = run(salesforce)

    assert (stopped.state, stopped.error_kind, stopped.pages, stopped.created) == (
        "failed",
        "transient",
        2,
        20,
    )
    assert stopped.error == (
        "Salesforce is not answering properly at the moment (503). The next poll tries again."
    )
    assert Contract.objects.count() == 20
    salesforce.refresh_from_db()
    assert (salesforce.cursor_external_id, salesforce.state) == (deals[19], "connected")

    org.intercept = None
    done = run(salesforce)

    assert (done.state, done.seen, done.created, done.unchanged) == ("done", 15, 15, 0)
    found = stored()
    forget_imports()
    run(salesforce)
    assert found == stored()


def test_crm_that_fails_at_once_leaves_nothing(salesforce: Connection, org: Org, run: Run) -> None:
    org.add_won_deals(5)
    org.intercept = fail_after(0, unavailable())

    stopped = run(salesforce)

    assert (stopped.state, stopped.seen, stopped.pages) == ("failed", 0, 0)
    assert stored(but=["cursors"]) == NOTHING
    salesforce.refresh_from_db()
    assert (salesforce.cursor_modified_at, salesforce.last_success_at) == (None, None)


def test_crm_that_asks_to_wait_is_left_alone_until_then(
    salesforce: Connection, org: Org, run: Run, salesforce_server: Server
) -> None:
    org.add_won_deals(5)
    org.intercept = fail_after(0, unavailable(seconds=3600))

    stopped = run(salesforce)

    salesforce.refresh_from_db()
    assert (stopped.state, salesforce.state, salesforce.state_reason) == ("failed", "degraded", stopped.error)
    assert salesforce.not_before is not None
    tasks.poll_due()
    assert OrmQ.objects.count() == 0

    org.intercept = None
    done = run(salesforce)
    salesforce.refresh_from_db()
    assert (done.state, done.created) == ("done", 5)
    assert (salesforce.state, salesforce.state_reason, salesforce.not_before) == ("connected", "", None)


@pytest.mark.usefixtures("ten_to_a_page")
def test_case_75_revoked_authorisation_breaks_the_connection_and_ends_all_calls(
    salesforce: Connection, org: Org, run: Run, salesforce_server: Server
) -> None:
    org.add_won_deals(25)
    stopped = run(salesforce, on_page=lambda _: org.revoke_tokens())

    assert (stopped.state, stopped.error_kind, stopped.created) == ("failed", "config", 10)
    assert stopped.error == (
        "Salesforce has revoked or expired this connection. "
        "Authorise Salesforce again in Settings, CRM Integration."
    )
    salesforce.refresh_from_db()
    assert (salesforce.state, salesforce.state_reason) == ("broken", stopped.error)

    salesforce_server.reset_requests()
    tasks.poll_due()
    tasks.poll(salesforce.pk)
    with pytest.raises(UnableToSync):
        run(salesforce)
    assert salesforce_server.requests == []
    assert OrmQ.objects.count() == 0
    assert SyncRun.objects.count() == 1


def test_revoked_hubspot_token_breaks_that_connection_alone(
    salesforce: Connection, hubspot: Connection, org: Org, portal: Portal, run: Run, hubspot_server: Server
) -> None:
    portal.revoke_token(next(iter(portal.tokens)))
    sell(org)

    stopped, done = run(hubspot), run(salesforce)

    assert (stopped.state, stopped.error) == (
        "failed",
        "HubSpot does not accept the access token: it was revoked, replaced or mistyped. "
        "Paste a working access token in Settings, CRM Integration.",
    )
    assert (done.state, done.created) == ("done", 1)
    assert dict(Connection.objects.values_list("name", "state")) == {
        "HubSpot": "broken",
        "Salesforce": "connected",
    }
    hubspot_server.reset_requests()
    tasks.poll(hubspot.pk)
    assert hubspot_server.requests == []


@pytest.mark.usefixtures("ten_to_a_page")
def test_session_that_ends_twice_within_minutes_is_renewed_by_the_next_poll(
    salesforce: Connection, org: Org, run: Run
) -> None:
    """Each renewal may rotate the refresh token: one a poll is enough, and nothing is lost or broken off."""
    org.add_won_deals(35)

    runs = [run(salesforce, on_page=lambda _: org.expire_access_tokens()) for _ in range(3)]

    salesforce.refresh_from_db()
    assert [(one.state, one.created) for one in runs] == [("failed", 20), ("failed", 10), ("done", 5)]
    assert runs[0].error == (
        "Salesforce has ended the session again. "
        "The next poll renews it and continues from the last page that was stored."
    )
    assert salesforce.state == "connected"


def test_answer_that_cannot_be_read_fails_the_run_with_a_sentence(
    salesforce: Connection, org: Org, run: Run
) -> None:
    body = {"totalSize": 1, "done": True, "records": [5]}
    org.intercept = fail_after(0, Response(body=json.dumps(body).encode()))

    stopped = run(salesforce)

    assert (stopped.state, stopped.error_kind, stopped.error) == (
        "failed",
        "transient",
        "127.0.0.1 answered 200 with no list of records. The next poll tries again. "
        "If it continues, check that the address is right.",
    )
    org.intercept = None
    assert run(salesforce).state == "done"


def test_refused_request_with_an_unknown_code(salesforce: Connection, org: Org, run: Run) -> None:
    org.intercept = fail_after(0, rest_error("SOMETHING_NEW", "No idea.", status=400))

    stopped = run(salesforce)

    assert (stopped.state, stopped.error_kind) == ("failed", "config")


@pytest.mark.usefixtures("ten_to_a_page")
def test_run_that_lost_its_lease_cannot_write(salesforce: Connection, org: Org, run: Run) -> None:
    org.add_won_deals(25)

    def take_over(page: SyncRun) -> None:
        take_lease_away(lease=salesforce.lease)

    stopped = run(salesforce, on_page=take_over)

    assert (Contract.objects.count(), stopped.pages, stopped.created) == (10, 1, 10)
    done = run(salesforce)
    stopped.refresh_from_db()
    assert (stopped.state, done.state, done.created, done.unchanged) == ("errored", "done", 15, 0)


@pytest.mark.usefixtures("ten_to_a_page")
def test_second_run_of_a_connection_is_refused(salesforce: Connection, org: Org, run: Run) -> None:
    org.add_won_deals(25)
    refused = []

    def run_as_well(page: SyncRun) -> None:
        with pytest.raises(LeaseHeld):
            run(salesforce)
        refused.append(page.pages)

    done = run(salesforce, on_page=run_as_well)

    assert (done.state, done.created, len(refused)) == ("done", 25, 3)
    assert SyncRun.objects.count() == 1


@pytest.mark.usefixtures("ten_to_a_page")
def test_run_that_is_out_of_time_is_taken_up_by_the_next(salesforce: Connection, org: Org, run: Run) -> None:
    org.add_won_deals(25)

    first = run(salesforce, may_continue=lambda: False)
    second = run(salesforce)

    assert (first.state, first.created) == ("done", 10)
    assert (second.state, second.created, Contract.objects.count()) == ("done", 15, 25)


@pytest.fixture
def real_transactions(transactional_db: None) -> None:
    """Commits are commits, as other connections see them."""


@pytest.mark.usefixtures("real_transactions")
def test_connection_to_the_database_that_is_lost_in_the_middle_of_a_page(
    salesforce: Connection, org: Org, run: Run
) -> None:
    org.add_won_deals(10)
    lost = []

    def lose_once(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if database.in_atomic_block and "crm_sync_crmaccount" in sql and not lost:
            lost.append(sql)
            database.connection.close()
        return execute(sql, *args)

    with database.execute_wrapper(lose_once):
        done = run(salesforce)

    assert (done.state, done.seen, done.created, len(lost)) == ("done", 10, 10, 1)
    assert Contract.objects.count() == 10


@pytest.mark.usefixtures("real_transactions")
def test_commit_whose_answer_is_lost(salesforce: Connection, org: Org, run: Run) -> None:
    """The page is stored although the commit looks failed: it must not be stored twice."""
    org.add_won_deals(10)
    commit = database._commit  # type: ignore[attr-defined]
    lost = []

    def lose_the_answer() -> None:
        is_page = Contract.objects.exists() and not lost
        commit()
        if is_page:
            lost.append(True)
            database.connection.close()
            raise OperationalError("server closed the connection unexpectedly")

    database._commit = lose_the_answer  # type: ignore[attr-defined]
    try:
        done = run(salesforce)
    finally:
        database._commit = commit  # type: ignore[attr-defined]

    assert (done.state, lost, Contract.objects.count()) == ("done", [True], 10)
    assert CrmDeal.objects.filter(state="imported").count() == 10


@pytest.mark.usefixtures("real_transactions")
def test_deal_that_is_refused_only_at_the_commit(salesforce: Connection, org: Org, run: Run) -> None:
    org.add_won_deals(4)
    sell(org, Name="Poison")
    with database.cursor() as cursor:
        cursor.execute(
            """
            CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.name = 'Poison' THEN RAISE check_violation; END IF;
                RETURN NULL;
            END $$;
            CREATE CONSTRAINT TRIGGER refuse_poison AFTER INSERT ON contracts_contract
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_poison()
            """
        )
    try:
        done = run(salesforce)
    finally:
        with database.cursor() as cursor:
            cursor.execute("DROP FUNCTION refuse_poison CASCADE")

    assert (done.state, done.created, done.held) == ("done", 4, 1)
    assert Hold.objects.get().code == "WRITE_FAILED"


@pytest.mark.usefixtures("real_transactions")
def test_dismissal_while_the_deal_is_being_read_stands(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    deal = sell(org, Amount=None)
    run(salesforce)
    hold = Hold.objects.get()
    org.edit(deal, Amount=1200)
    dismissed = []

    def dismiss_elsewhere() -> None:
        dismiss(hold=hold, actor=finance, reason="A test deal.")
        connections.close_all()

    def dismiss_before_the_page(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if "SET backend_pid = pg_backend_pid()" in sql and not dismissed:
            dismissed.append(sql)
            person = threading.Thread(target=dismiss_elsewhere)
            person.start()
            person.join(10)
        return execute(sql, *args)

    with database.execute_wrapper(dismiss_before_the_page):
        done = run(salesforce)

    assert (done.state, done.created, len(dismissed)) == ("done", 0, 1)
    assert (CrmDeal.objects.get().state, Hold.objects.open().count()) == ("dismissed", 0)
    assert (Contract.objects.count(), Customer.objects.count()) == (0, 0)
