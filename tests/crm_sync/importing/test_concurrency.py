"""Real processes at once, on one database: each deal is imported once, each instalment billed once."""

import json
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection as database

from billing.models import BillingSchedule, Instalment, Invoice
from contracts.clock import business_day
from contracts.models import Contract, Customer
from crm_sync.models import Connection, CrmAccount, CrmDeal, SyncRun
from demo.http_server import Request
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run
from tests.processes import Ended, Manage, all_ended

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _many_deals_at_once_are_billed(salesforce: Connection) -> None:
    """Else their billing would wait for a person: they are many, and of customers abroad."""
    ensure_legal_entity(country="IE")
    Connection.objects.update(most_new_deals=30_000)


def at_once(manage: Manage, *commands: tuple[str, ...]) -> list[Ended]:
    ended = all_ended([manage.start(*command) for command in commands])
    for one in ended:
        assert "Traceback" not in one.errors
    return ended


def assert_imported_once(*, deals: int, customers: int) -> None:
    """One of everything for each deal, and one invoice for each instalment that is due."""
    assert Customer.objects.count() == CrmAccount.objects.count() == customers
    assert Contract.objects.count() == BillingSchedule.objects.count() == CrmDeal.objects.count() == deals
    due = Instalment.objects.filter(billing_date__lte=business_day(), schedule__state="active")
    invoiced = Counter(Invoice.objects.values_list("instalment_id", flat=True))
    assert invoiced == Counter(due.values_list("id", flat=True))
    numbers = list(Invoice.objects.order_by("sequence").values_list("sequence", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM contracts_contract contract WHERE value_minor <> (SELECT sum(amount_minor)"
            " FROM billing_instalment JOIN billing_billingschedule schedule ON schedule.id = schedule_id"
            " WHERE schedule.contract_id = contract.id)"
        )
        assert cursor.fetchone() == (0,)


def test_three_syncs_beside_one_at_work(salesforce: Connection, org: Org, manage: Manage) -> None:
    org.add_won_deals(40)
    others_ended = threading.Event()

    def keep_waiting(request: Request) -> None:
        others_ended.wait(60)

    org.intercept = keep_waiting
    processes = [manage.start("sync_crm", "--json") for _ in range(4)]

    deadline = time.monotonic() + 60
    while sum(process.poll() is not None for process in processes) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    others_ended.set()
    ended = all_ended(processes)

    assert sorted(one.code for one in ended) == [0, 3, 3, 3]
    busy = next(json.loads(one.output) for one in ended if one.code == 3)
    assert (busy["runs"][0]["state"], busy["runs"][0]["error"]) == (
        "busy",
        "Another run is working on Salesforce.",
    )
    assert_imported_once(deals=40, customers=10)


def test_four_syncs_at_once(salesforce: Connection, org: Org, manage: Manage) -> None:
    org.add_won_deals(400)
    org.max_page_size = 50

    ended = at_once(manage, *[("sync_crm", "--json")] * 4)

    assert {one.code for one in ended} <= {0, 3}
    answers = [json.loads(one.output) for one in ended]
    assert [answer["exit_code"] for answer in answers] == [one.code for one in ended]
    assert sum(answer["runs"][0]["created"] for answer in answers) == 400
    assert_imported_once(deals=400, customers=100)
    assert SyncRun.objects.exclude(state="done").count() == 0
    assert manage("sync_crm").code == 0
    assert_imported_once(deals=400, customers=100)


def test_four_syncs_of_two_connections_at_once(
    salesforce: Connection, hubspot: Connection, org: Org, portal: Portal, manage: Manage
) -> None:
    Connection.objects.update(most_new_deals=30_000)
    org.add_won_deals(100)
    org.max_page_size = 20
    clock = portal.clock
    portal.clock = lambda: clock() - timedelta(minutes=1)
    portal.add_won_deals(100)
    portal.clock = clock

    ended = at_once(manage, *[("sync_crm", "--json")] * 4)

    assert {one.code for one in ended} <= {0, 3}
    manage("sync_crm")
    assert_imported_once(deals=200, customers=50)


def test_syncs_with_and_without_beginning_anew_at_once(
    salesforce: Connection, org: Org, manage: Manage
) -> None:
    org.add_won_deals(100)
    org.max_page_size = 20
    held = org.add_won_deals(1)
    org.edit(held[0], Amount=None)

    ended = at_once(
        manage,
        ("sync_crm", "--full"),
        ("sync_crm", "--connection", "Salesforce"),
        ("sync_crm", "--since", "2026-01-01T00:00Z"),
        ("run_billing",),
    )

    assert {one.code for one in ended} <= {0, 3}
    assert manage("sync_crm").code == 0
    assert Contract.objects.count() == BillingSchedule.objects.count() == 100
    assert CrmDeal.objects.count() == 101


def test_two_billing_runs_at_once(salesforce: Connection, org: Org, run: Run, manage: Manage) -> None:
    org.add_won_deals(200)
    run(salesforce)

    ended = at_once(manage, ("run_billing", "--json"), ("run_billing", "--json"))

    assert [one.code for one in ended] == [0, 0]
    issued = sum(json.loads(one.output)["invoices"] for one in ended)
    assert issued == Invoice.objects.count() == 200
    assert_imported_once(deals=200, customers=50)


def test_syncs_of_changed_deals_beside_billing(
    salesforce: Connection, org: Org, run: Run, manage: Manage
) -> None:
    """A contract is changed or billed first; either way what is billed is what the contract says."""
    deals = org.add_won_deals(200)
    run(salesforce)
    for deal in deals:
        org.edit(deal, Amount=50_000)

    ended = at_once(manage, ("run_billing",), ("sync_crm", "--json"), ("run_billing",))

    assert [one.code for one in ended] == [0, 0, 0]
    (told,) = json.loads(ended[1].output)["runs"]
    assert told["updated"] + told["refused"] == 200
    assert_imported_once(deals=200, customers=50)
