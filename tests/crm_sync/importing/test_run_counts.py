"""Every deal that a run has read counts in exactly one column: on the page, in JSON and in CSV."""

import csv
import io
import json
import random
from datetime import date, timedelta
from importlib import import_module
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection as database

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from contracts.models import Customer
from crm_sync.models import Connection, SyncRecord, SyncRun
from crm_sync.models.runs import COUNTS
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run
from tests.crm_sync.page_rows import connect, ran
from tests.crm_sync.sales import TODAY, sell
from tests.pages import rows, signed_in, words

STAGES = ("Closed Won", "Closed Lost", "Prospecting", "Negotiation/Review", "Closed won ")
BEFORE = date(2025, 12, 31)


def total(run: SyncRun) -> int:
    return sum(getattr(run, name) for name in COUNTS)


def shake(org: Org, chance: random.Random) -> None:
    """New deals of every kind, and changes of known ones."""
    accounts = [org.add_account(f"Acme {number}") for number in range(3)]
    for _ in range(chance.randrange(12)):
        sell(
            org,
            Name=f"Deal {chance.random()}",
            account=chance.choice([*accounts, None]),
            StageName=chance.choice(STAGES[:4]),
            Amount=chance.choice([None, 0, -5, 100, 1200, chance.randrange(1, 9_999)]),
            CloseDate=chance.choice([TODAY, BEFORE, TODAY + timedelta(days=40)]),
            Billing_Frequency__c=chance.choice(["Quarterly", "Bi-annual", None]),
        )
    known = list(org.tables["Opportunity"])
    for key in chance.sample(known, k=min(len(known), chance.randrange(9))):
        change = chance.choice(
            [
                {"StageName": chance.choice(STAGES[:4])},
                {"Amount": chance.randrange(1, 9_999)},
                {"Description": str(chance.random())},
                {"AccountId": chance.choice(accounts)},
            ]
        )
        org.edit(key, **change)


@pytest.mark.parametrize("seed", range(6))
def test_any_page_of_deals_adds_up(salesforce: Connection, org: Org, run: Run, seed: int) -> None:
    ensure_legal_entity()
    chance = random.Random(seed)
    org.max_page_size = chance.choice([3, 7, 2000])
    for round_ in range(5):
        shake(org, chance)
        done = run(
            salesforce, **({"external_ids": list(org.tables["Opportunity"])[:5]} if round_ == 3 else {})
        )
        assert (done.state, done.seen) == ("done", total(done)), done.counts
        invoice_due(as_of=TODAY, trigger=BillingTrigger.SYNC)


def test_open_and_lost_deals_and_near_misses_have_their_badge(
    salesforce: Connection, org: Org, run: Run
) -> None:
    sell(org)
    run(salesforce)
    for stage in ("Prospecting", "Closed Lost"):
        sell(org, StageName=stage)
    sell(org, CloseDate=BEFORE)
    sell(org, Amount=None)
    lost = sell(org, Name="Other", Amount=7)
    run(salesforce)
    org.edit(lost, StageName="Closed Lost")
    done = run(salesforce)
    browser = signed_in("crm_sync.view_syncrun", "crm_sync.view_connection")

    first = SyncRun.objects.order_by("pk")[1]
    page = browser.get(first.get_absolute_url())

    assert (first.seen, first.not_selected, first.too_early, first.held) == (6, 2, 1, 1)
    assert f'href="/settings/crm/{salesforce.pk}/#stages">2 in no selected stage' in page.text
    assert "1 closed before the import" in words(page.text)
    assert (done.suspended, done.left_won, done.seen) == (1, 0, total(done))
    assert "1 suspended" in words(browser.get("/history/").text)


def test_sweep_and_command_add_up(salesforce: Connection, org: Org, run: Run) -> None:
    deals = [sell(org, Name=f"Deal {number}", Amount=10 + number) for number in range(3)]
    run(salesforce)
    org.edit(deals[0], StageName="Closed Lost")
    answer = StringIO()
    call_command("sync_crm", "--json", stdout=answer)
    call_command("sync_crm", "--sweep", stdout=StringIO())
    org.delete(deals[1])
    call_command("sync_crm", "--sweep", stdout=StringIO())
    dry = StringIO()
    call_command("sync_crm", "--full", "--dry-run", "--json", stdout=dry)

    assert [one.seen for one in SyncRun.objects.order_by("pk")] == [
        total(one) for one in SyncRun.objects.order_by("pk")
    ]
    for said in (answer, dry):
        (told,) = json.loads(said.getvalue())["runs"]
        assert told["seen"] == sum(told[name] for name in COUNTS)


def test_csv_has_every_column(salesforce: Connection, org: Org, run: Run) -> None:
    sell(org)
    sell(org, StageName="Prospecting")
    run(salesforce)
    browser = signed_in("crm_sync.view_syncrun", "contracts.export_records")

    answer = browser.get("/history/csv/")

    header, line = csv.reader(io.StringIO(answer.text.lstrip("\ufeff")))
    told = dict(zip(header, line, strict=True))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert (
        int(told["Deals read"])
        == sum(int(told[name]) for name in header[-len(COUNTS) :])
        == 1 + int(told["In no selected stage"])
    )


def test_a_renamed_customer_is_not_unchanged(salesforce: Connection, org: Org, run: Run) -> None:
    account = org.add_account("Acme")
    deal = sell(org, account=account)
    run(salesforce)
    org.edit(account, Name="Acme Europe GmbH")
    org.edit(deal, Description="touched")

    done = run(salesforce)

    assert (done.updated, done.unchanged, Customer.objects.get().name) == (1, 0, "Acme Europe GmbH")
    assert SyncRecord.objects.latest("pk").sentence == "Changed: Customer Name: Acme to Acme Europe GmbH."


@pytest.mark.django_db
def test_runs_of_earlier_versions_are_told_apart() -> None:
    connection = connect()
    old = ran(connection, seen=12, suspended=1, refused=3, unchanged=6)
    right = ran(connection, seen=2, created=2)
    migration = import_module("crm_sync.migrations.0025_counts_of_runs_add_up")

    with database.cursor() as cursor:
        cursor.execute(migration.TELL_APART)

    old.refresh_from_db()
    right.refresh_from_db()
    assert (old.seen, old.uncounted, total(old)) == (12, 2, 12)
    assert (right.seen, right.uncounted) == (2, 0)
    browser = signed_in("crm_sync.view_syncrun")
    assert "2 not counted apart" in words(browser.get("/history/").text)
    assert rows(browser.get("/history/"))
