"""How many SQL statements a page takes does not depend on how many deals are in it."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from contracts.models import Contract
from crm_sync.connections.credentials import open_client
from crm_sync.enums import ConnectionMode, RunTrigger
from crm_sync.importing.fetching import Order, look
from crm_sync.importing.mapped_page import map_page
from crm_sync.models import Connection, CrmDeal, SyncRun
from crm_sync.previews.previewing import WRITERS
from crm_sync.previews.rehearsal import foretell
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run
from tests.crm_sync.importing.statements import noted, pages_of
from tests.crm_sync.stored import forget_imports

MOST_FOR_A_PAGE = 45
MOST_TO_FORETELL_A_PAGE = 56


def per_page(connection: Connection, run: Run) -> tuple[SyncRun, list[int]]:
    with noted() as statements:
        done = run(connection)
    return done, [len(page) for page in pages_of(statements)]


@pytest.mark.slow
def test_ten_thousand_won_deals_by_command(salesforce: Connection, org: Org) -> None:
    org.add_won_deals(10_000)
    Connection.objects.update(most_new_deals=30_000)
    answer = StringIO()

    with noted() as statements:
        call_command("sync_crm", "--json", stdout=answer)

    (told,) = json.loads(answer.getvalue())["runs"]
    assert (told["state"], told["pages"], told["created"]) == ("done", 5, 10_000)
    assert Contract.objects.count() == 10_000
    counts = [len(page) for page in pages_of(statements)]
    assert counts == [counts[0]] * 5
    assert counts[0] <= MOST_FOR_A_PAGE


@pytest.mark.slow
def test_hubspot_pages(hubspot: Connection, portal: Portal, run: Run) -> None:
    clock = portal.clock
    portal.clock = lambda: clock() - timedelta(minutes=1)
    Connection.objects.update(most_new_deals=30_000)
    portal.add_won_deals(3_000, companies=3_000)
    portal.clock = clock  # it tells its time in whole seconds: of deals of this second the next poll hears

    done, counts = per_page(hubspot, run)

    assert (done.created, counts) == (3_000, [counts[0]] * 3)
    assert counts[0] <= MOST_FOR_A_PAGE


def won(org: Org, size: int, run: Callable[[], SyncRun]) -> None:
    org.add_won_deals(size)


def without_an_amount(org: Org, size: int, run: Callable[[], SyncRun]) -> None:
    change(org, org.add_won_deals(size), Amount=None)


def unchanged(org: Org, size: int, run: Callable[[], SyncRun]) -> None:
    org.add_won_deals(size)
    run()


def changed(org: Org, size: int, run: Callable[[], SyncRun]) -> None:
    deals = org.add_won_deals(size)
    run()
    change(org, deals, Name="Renamed", Amount=77_777)


def changed_since_live(org: Org, size: int, run: Callable[[], SyncRun]) -> None:
    """Contracts of mode Live, looked at in Preview."""
    deals = org.add_won_deals(size)
    Connection.objects.update(mode=ConnectionMode.LIVE)
    run()
    Connection.objects.update(mode=ConnectionMode.PREVIEW)
    change(org, deals, Name="Renamed", Amount=77_777)


def changed_after_an_invoice(org: Org, size: int, run: Callable[[], SyncRun]) -> None:
    deals = org.add_won_deals(size)
    done = run()
    ensure_legal_entity(country="IE")  # as the accounts are
    invoice_due(as_of=done.started_at.date(), trigger=BillingTrigger.COMMAND)
    change(org, deals, Name="Renamed", Amount=77_777)


def mended(org: Org, size: int, run: Callable[[], SyncRun]) -> None:
    deals = org.add_won_deals(size)
    change(org, deals, Amount=None)
    run()
    for number, deal in enumerate(deals):
        org.edit(deal, Amount=1000 + number)


def copied(org: Org, size: int, run: Callable[[], SyncRun]) -> None:
    deals = org.add_won_deals(size)
    change(org, deals, Amount=1000, AccountId=org.add_account("Acme"))


def free(org: Org, size: int, run: Callable[[], SyncRun]) -> None:
    change(org, org.add_won_deals(size), Amount=0)
    run()
    CrmDeal.objects.update(free_accepted=True, duplicate_accepted=True)


def entered(org: Org, size: int, run: Callable[[], SyncRun]) -> None:
    """And the CRM says something else."""
    entry = {"value": "900", "reason": "Tests.", "by": "fiona", "at": "2026-11-22T10:00:00+00:00"}
    org.add_won_deals(size)
    run()
    CrmDeal.objects.update(overrides={"contract_value": entry})


def some_of_each(org: Org, size: int, run: Callable[[], SyncRun]) -> None:
    changed(org, size // 2, run)
    without_an_amount(org, size // 4, run)
    org.add_won_deals(size // 4)


def change(org: Org, deals: list[str], **fields: Any) -> None:
    for deal in deals:
        org.edit(deal, **fields)


Prepare = Callable[[Org, int, Callable[[], SyncRun]], None]
KINDS: list[tuple[Prepare, str]] = [
    (won, "created"),
    (without_an_amount, "held"),
    (unchanged, "unchanged"),
    (changed, "updated"),
    (changed_after_an_invoice, "refused"),
    (mended, "created"),
    (copied, "held"),
    (free, "created"),
    (entered, "updated"),
    (some_of_each, "updated"),
]


def counts_of(
    connection: Connection, org: Org, run: Run, *, kind: tuple[Prepare, str], sizes: tuple[int, int]
) -> list[int]:
    """How many statements one page of each size takes."""
    prepare, outcome = kind
    Connection.objects.update(most_new_deals=30_000)
    counts = []
    for size in sizes:
        for table in ("Opportunity", "Account"):
            org.tables[table].clear()
        prepare(org, size, lambda: run(connection))
        done, (count,) = per_page(connection, run)
        assert getattr(done, outcome) >= size // 2
        counts.append(count)
        forget_imports()
    return counts


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[0].__name__)
def test_page_of_20_and_of_200_deals(
    salesforce: Connection, org: Org, run: Run, kind: tuple[Prepare, str]
) -> None:
    few, many = counts_of(salesforce, org, run, kind=kind, sizes=(20, 200))

    assert few == many <= MOST_FOR_A_PAGE


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        (ConnectionMode.REVIEW, (won, "created")),
        (ConnectionMode.REVIEW, (changed, "updated")),
        (ConnectionMode.PREVIEW, (won, "previewed")),
        (ConnectionMode.PREVIEW, (without_an_amount, "previewed")),
        (ConnectionMode.PREVIEW, (unchanged, "unchanged")),
        (ConnectionMode.PREVIEW, (changed_since_live, "previewed")),
    ],
    ids=lambda part: part[0].__name__ if isinstance(part, tuple) else part,
)
def test_page_of_20_and_of_200_deals_in_other_modes(
    salesforce: Connection, org: Org, run: Run, mode: ConnectionMode, kind: tuple[Prepare, str]
) -> None:
    Connection.objects.update(mode=mode)

    few, many = counts_of(salesforce, org, run, kind=kind, sizes=(20, 200))

    assert few == many <= MOST_FOR_A_PAGE


def test_foretelling_20_and_200_deals(salesforce: Connection, org: Org, run: Run) -> None:
    """The statements of a page, and those of its billing."""
    ensure_legal_entity(country="IE")  # as the accounts are
    counts = []
    for size in (20, 200):
        for table in ("Opportunity", "Account"):
            org.tables[table].clear()
        some_of_each(org, size, lambda: run(salesforce))
        counts.append(foretelling(salesforce, list(org.tables["Opportunity"])))
        forget_imports()

    assert counts[0] == counts[1] <= MOST_TO_FORETELL_A_PAGE


def foretelling(connection: Connection, external_ids: list[str]) -> int:
    """How many statements it takes to foretell these deals, of which some are created, updated and held."""
    connection.refresh_from_db()
    order = Order(trigger=RunTrigger.COMMAND, as_of=timezone.now().date())
    sight = look(connection=connection, order=order, writer=WRITERS[ConnectionMode(connection.mode)])
    client = open_client(connection=connection)
    (page,) = client.deals_by_id(external_ids=external_ids, wanted=sight.rules.wanted())
    with noted() as statements:
        ready = map_page(page=page, sight=sight)
        told = foretell(ready=ready, deals=page.deals, sight=sight, at=timezone.now())
    assert {one.outcome.value for one in told.deals} == {"created", "updated", "held"}
    assert any(one.billing and one.billing.invoices for one in told.deals)
    return len(statements)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS[:5], ids=lambda kind: kind[0].__name__)
def test_page_of_200_and_of_2000_deals(
    salesforce: Connection, org: Org, run: Run, kind: tuple[Prepare, str]
) -> None:
    few, many = counts_of(salesforce, org, run, kind=kind, sizes=(200, 2000))

    assert few == many <= MOST_FOR_A_PAGE
