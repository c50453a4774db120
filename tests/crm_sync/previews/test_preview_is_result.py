"""What is foretold of a thousand deals is what the run then writes, and what billing then invoices."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.utils import timezone

from billing.enums import BillingTrigger, LimitKind
from billing.issuing.invoicing import invoice_due
from billing.models import ApprovalLimit, BillingRun, BillingSchedule, Instalment, Invoice
from contracts.enums import BillingTiming
from contracts.models import Contract, Customer
from contracts.money import Money
from crm_sync.clients.hubspot import client as hubspot_client
from crm_sync.connections.credentials import open_client
from crm_sync.enums import ConnectionMode, Outcome, RunTrigger
from crm_sync.importing.fetching import Order, fetch, look
from crm_sync.models import Connection, Hold, SyncRecord, SyncRun
from crm_sync.previews.dry_run import foretold_pages
from crm_sync.previews.previewing import WRITERS
from crm_sync.previews.rehearsal import Foretold
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.awkward_sales import fill_hubspot, fill_salesforce
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import TODAY
from tests.crm_sync.stored import row_versions

pytestmark = pytest.mark.django_db
DEALS = 1_000
BILLED = (Outcome.CREATED, Outcome.UPDATED)
Facts = dict[str, tuple[Any, ...]]
"""By deal: all that was foretold, or all that was written."""


@pytest.fixture
def in_salesforce(salesforce: Connection, org: Org, run: Run) -> Connection:
    """40 deals imported already, 1,000 more to come, on pages of 250; billed in advance with lead days."""
    org.multi_currency = True
    accounts = fill_salesforce(org, count=40, seed=1)
    begin(
        salesforce,
        run,
        billing_timing=BillingTiming.IN_ADVANCE,
        lead_days=90,
        has_currency_field=True,
    )
    change_some(list(org.tables["Opportunity"]), org.edit, names=("Amount", "Name"))
    org.max_page_size = 250
    fill_salesforce(org, count=DEALS, seed=2, accounts=[*accounts[:20], *more_accounts(org)])
    return salesforce


def more_accounts(org: Org) -> list[str]:
    return [org.add_account(f"Newcomer {number}") for number in range(20)]


@pytest.fixture
def in_hubspot(hubspot: Connection, portal: Portal, run: Run, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """The same in HubSpot on pages of 200; billed in advance, and elsewhere up to a day."""
    companies = fill_hubspot(portal, count=40, seed=3)
    begin(hubspot, run, billing_timing=BillingTiming.IN_ADVANCE)
    change_some(list(portal.objects["deals"].records), portal.update_deal, names=("amount", "dealname"))
    monkeypatch.setattr(hubspot_client, "SEARCHES_PER_PAGE", 1)
    hubspot.billed_until = date(2026, 10, 25)
    hubspot.save()
    new = [portal.add_company(name="Acme", domain=f"b{number}.example") for number in range(20)]
    fill_hubspot(portal, count=DEALS, seed=4, companies=[*companies[:20], *new])
    return hubspot


def change_some(deals: list[str], edit: Callable[..., None], *, names: tuple[str, str]) -> None:
    """Imported deals with another amount, with another name, and with neither."""
    amount, name = names
    for deal in deals[::3]:
        edit(deal, **{amount: "4242" if amount.islower() else 4242})
    for deal in deals[1::3]:
        edit(deal, **{name: "Another name"})


def begin(connection: Connection, run: Run, **settings: Any) -> None:
    included = connection.provider == "hubspot"
    ensure_legal_entity(default_tax_rate=19_000, prices_include_tax=included)
    ApprovalLimit.objects.create(kind=LimitKind.INVOICE, currency="EUR", amount_minor=1_000)
    usual = {"import_from": date(2024, 1, 1), "most_new_deals": 30_000}  # what is asked about is not billed
    for name, value in {**usual, **settings}.items():
        setattr(connection, name, value)
    connection.save()
    run(connection)
    Customer.objects.filter(name__lt="E").update(tax_rate=7_000, payment_terms_days=14)
    bill()
    connection.refresh_from_db()
    connection.forget_cursor()
    connection.save()


def bill() -> None:
    invoice_due(as_of=TODAY, trigger=BillingTrigger.SYNC)


@pytest.mark.parametrize("which", ["in_salesforce", "in_hubspot"])
def test_preview_equals_result(which: str, request: pytest.FixtureRequest, run: Run) -> None:
    connection = request.getfixturevalue(which)
    before = row_versions()

    foretold = facts_foretold(connection)

    assert row_versions() == before
    done = run(connection)
    contracts = contracts_of(done)
    bill()
    written = facts_written(done, contracts=contracts)
    assert len(foretold) >= DEALS
    assert foretold == written
    assert is_varied(done)


def facts_foretold(connection: Connection) -> Facts:
    order = Order(trigger=RunTrigger.COMMAND, as_of=TODAY)
    sight = look(connection=connection, order=order, writer=WRITERS[ConnectionMode(connection.mode)])
    client = open_client(connection=connection)
    order = Order(trigger=RunTrigger.COMMAND, as_of=TODAY)
    facts: Facts = {}
    for _, page in foretold_pages(
        pages=fetch(client=client, sight=sight, order=order), sight=sight, at=timezone.now()
    ):
        facts |= {one.deal.external_id: facts_of(one) for one in page.deals}
    client.close()
    return facts


def facts_of(one: Foretold) -> tuple[Any, ...]:
    contract = one.contract
    billing = one.billing if one.outcome in BILLED else None
    return (
        one.outcome.value,
        one.code.value if one.code else "",
        one.sentence,
        [(problem.code.value, problem.sentence, problem.cure) for problem in one.problems],
        contract
        and (
            contract.customer,
            contract.name,
            str(contract.value),
            contract.span.start,
            contract.span.end,
            contract.billing_cycle.value,
            contract.billing_timing.value,
            contract.lead_days,
            contract.state.value,
        ),
        billing and (billing.asks.value if billing.asks else "", billing.has_short_period),
        [
            (row.sequence, row.span.start, row.span.end, row.amount.minor, row.billing_date, row.is_elsewhere)
            for row in (billing.instalments if billing else ())
        ],
        [
            (
                row.sequence,
                "draft" if row.needs_approval else "issued",
                row.net.minor,
                row.tax.minor,
                str(row.total),
                None if row.needs_approval else TODAY,
                None if row.needs_approval else row.due_date,
            )
            for row in (billing.invoices if billing else ())
        ],
    )


def contracts_of(done: SyncRun) -> dict[int, tuple[Any, ...]]:
    """As the run left them, before any of it was billed."""
    rows = Contract.objects.filter(crm_deal__records__run=done).select_related("customer")
    return {
        one.pk: (
            one.customer.name,
            one.name,
            str(Money(minor=one.value_minor, currency=one.currency)),
            one.start_date,
            one.end_date,
            one.billing_cycle,
            one.billing_timing,
            one.lead_days,
            one.state,
        )
        for one in rows
    }


def facts_written(done: SyncRun, *, contracts: dict[int, tuple[Any, ...]]) -> Facts:
    records = SyncRecord.objects.filter(run=done).select_related("crm_deal")
    holds = {
        hold.crm_deal_id: [(row["code"], row["sentence"], row["cure"]) for row in hold.problems]
        for hold in Hold.objects.open()
    }
    schedules = {
        schedule.contract_id: (
            schedule.asks_because if schedule.state == "asks" else "",
            schedule.has_short_period,
        )
        for schedule in BillingSchedule.objects.all()
    }
    billing = BillingRun.objects.latest("pk")
    found = {}
    for record in records:
        contract = record.crm_deal.contract_id or 0
        is_billed = record.outcome in BILLED
        found[record.crm_deal.external_id] = (
            record.outcome,
            record.code,
            record.sentence,
            holds.get(record.crm_deal_id, []),
            contracts.get(contract),
            schedules.get(contract) if is_billed else None,
            plan_of(contract) if is_billed else [],
            invoices_of(contract, run=billing) if is_billed else [],
        )
    return found


def plan_of(contract_id: int) -> list[tuple[Any, ...]]:
    rows = Instalment.objects.filter(schedule__contract=contract_id).order_by("sequence")
    return [
        (
            row.sequence,
            row.period_start,
            row.period_end,
            row.amount_minor,
            row.billing_date,
            row.state == "billed_elsewhere",
        )
        for row in rows
    ]


def invoices_of(contract_id: int, *, run: BillingRun) -> list[tuple[Any, ...]]:
    rows = Invoice.objects.filter(contract=contract_id, billing_run=run).select_related("instalment")
    return [
        (
            row.instalment.sequence,
            row.state,
            row.net_minor,
            row.tax_minor,
            str(Money(minor=row.total_minor, currency=row.currency)),
            row.issue_date,
            row.due_date,
        )
        for row in rows.order_by("instalment__sequence")
    ]


def is_varied(done: SyncRun) -> bool:
    """Whether there was something to get wrong."""
    outcomes = Counter(SyncRecord.objects.filter(run=done).values_list("outcome", flat=True))
    codes = set(SyncRecord.objects.filter(run=done).values_list("code", flat=True))
    print(
        "V",
        outcomes,
        codes,
        states_of(Invoice),
        states_of(BillingSchedule),
        states_of(Contract),
        Invoice.objects.count(),
    )
    elsewhere = Instalment.objects.filter(state="billed_elsewhere").exists()
    return (
        outcomes["created"] > 500
        and outcomes["updated"] > 5
        and outcomes["refused"] > 0
        and outcomes["held"] > 100
        and {"DUPLICATE_SUSPECT", "AMOUNT_MISSING", "TERM_MISSING", "NO_ACCOUNT"} <= codes
        and {"draft", "issued"} <= states_of(Invoice)
        and {"active", "asks"} <= states_of(BillingSchedule)
        and "scheduled" in states_of(Contract)
        and elsewhere == (done.connection.billed_until is not None)
    )


def states_of(model: type[Contract | Invoice | BillingSchedule]) -> set[str]:
    return set(model._default_manager.values_list("state", flat=True))
