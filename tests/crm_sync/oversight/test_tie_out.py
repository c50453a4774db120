"""The tie-out: exact figures, rows that add up to them, red when something differs, one mail for each change."""

import csv
import io
import random
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.models import Instalment, Invoice
from billing.receivables.crediting import request_credit
from contracts.enums import ContractState
from contracts.models import Contract
from crm_sync.connections import alerts
from crm_sync.enums import DealState, LeftReason, Outcome
from crm_sync.enums import TieOutLine as Line
from crm_sync.models import Connection, CrmDeal, TieOut, WonDeal
from crm_sync.oversight import tie_out, tie_out_checks
from demo.salesforce.org import Org
from tests.billing.builders import Deal, ensure_legal_entity, put, sign
from tests.billing.people import person
from tests.crm_sync.conftest import Run
from tests.crm_sync.importing.test_sweeping import swept
from tests.crm_sync.page_rows import NOON, connect, deal, hold, ran, recorded
from tests.crm_sync.sales import sell
from tests.pages import alerts as shown_alerts
from tests.pages import rows as cells
from tests.pages import signed_in

pytestmark = pytest.mark.django_db
NOVEMBER = date(2026, 11, 1)
DAY = date(2026, 11, 20)
PAGE = "/tie-out/?month=2026-11"
VIEW = "crm_sync.view_tieout"
Told = tuple[str, str, int, int]


def told(
    connection: Connection, key: str, *, minor: int | None, currency: str = "USD", **fields: Any
) -> WonDeal:
    usual: dict[str, Any] = {"name": f"Deal {key}", "close_date": DAY, "day": DAY, "modified_at": NOON}
    return WonDeal.objects.create(
        org=connection.org, external_id=key, currency=currency, value_minor=minor, **usual | fields
    )


def imported(
    connection: Connection, key: str, *, won: int | None = None, left: str = "", **terms: Any
) -> Contract:
    """A contract with its deal; `won` is what the CRM says of its value, in minor units."""
    (contract,) = sign(Deal(**{"start": DAY, "value": "1200.00"} | terms), as_of=DAY)
    marks = {"left_reason": left, "left_at": NOON} if left else {}
    deal(connection, key, contract=contract, **marks)
    minor = contract.value_minor if won is None else won
    told(connection, key, minor=minor, currency=contract.currency, gone_at=NOON if left else None)
    return contract


def bill(*, as_of: date = DAY) -> None:
    ensure_legal_entity()
    invoice_due(as_of=as_of, trigger=BillingTrigger.COMMAND)


def shown() -> list[Told]:
    """By currency, and by line in each."""
    found = tie_out.figures(month=NOVEMBER)
    return sorted(
        ((one.line.value, one.currency, one.rows, one.amount) for one in found),
        key=lambda one: (one[1], one[0]),
    )


def every_kind() -> Connection:
    """A month with one of each: planned, invoiced, credited, paused, billed elsewhere, kept, held, dismissed."""
    connection = connect()
    imported(connection, "A")
    kept = imported(connection, "B", won=150_000)
    recorded(ran(connection), CrmDeal.objects.get(contract=kept), outcome=Outcome.REFUSED)
    imported(connection, "C", currency="JPY", value="120000")
    bill()
    invoice = Invoice.objects.get(contract=kept)
    request_credit(
        invoice=invoice, amount=2_500, reason="Late", as_of=DAY, actor=person("ann", group="Approver")
    )
    left = imported(connection, "D", left=LeftReason.LOST)
    Contract.objects.filter(pk=left.pk).update(state=ContractState.SUSPENDED)
    elsewhere = Instalment.objects.filter(schedule__contract=left, sequence__lte=2)
    elsewhere.update(state="billed_elsewhere")
    hold(deal(connection, "E"))
    told(connection, "E", minor=None, currency="")
    deal(connection, "F", state=DealState.DISMISSED)
    told(connection, "F", minor=7_000)
    imported(connection, "G", start=date(2026, 12, 2))
    WonDeal.objects.filter(external_id="G").update(day=date(2026, 12, 2))
    return connection


def test_month_with_every_kind_of_row() -> None:
    every_kind()

    assert Counter(shown()) == Counter(
        [
            ("won", "", 1, 0),
            ("held", "", 1, 0),
            ("won", "USD", 3, 120_000 + 150_000 + 7_000),
            ("contracts", "USD", 2, 240_000),
            ("dismissed", "USD", 1, 7_000),
            ("kept", "USD", 1, 30_000),
            ("left", "USD", 1, 120_000),
            ("agreed", "USD", 3, 360_000),
            ("invoiced", "USD", 2, 20_000 - 2_500),
            ("credited", "USD", 1, 2_500),
            ("planned", "USD", 22, 220_000),
            ("paused", "USD", 10, 100_000),
            ("elsewhere", "USD", 2, 20_000),
            ("won", "JPY", 1, 120_000),
            ("contracts", "JPY", 1, 120_000),
            ("agreed", "JPY", 1, 120_000),
            ("invoiced", "JPY", 1, 10_000),
            ("planned", "JPY", 11, 110_000),
        ]
    )


def assert_adds_up(*, month: date = NOVEMBER) -> None:
    """Both sums, in number and amount, in each currency; and each list adds up to its figure."""
    found = {(one.line, one.currency): one for one in tie_out.figures(month=month)}

    def total(lines: tuple[Line, ...], currency: str) -> int:
        return sum(found[line, currency].amount for line in lines if (line, currency) in found)

    for currency in {currency for _, currency in found}:
        assert total((Line.WON,), currency) == total(tie_out.DEALS, currency)
        assert total((Line.AGREED,), currency) == total(tie_out.CONTRACTS, currency)
        assert total((Line.AGREED,), currency) == total(tie_out.BILLING, currency)
        counts = [found[line, currency].number for line in tie_out.DEALS if (line, currency) in found]
        won = found.get((Line.WON, currency))
        assert sum(counts) == (won.rows if won else 0)
    for (line, currency), figure in found.items():
        assert tie_out.figure(month=month, line=line, currency=currency) == figure
        behind = tie_out.rows(month=month, line=line, currency=currency)
        assert (len(behind), sum(row.amount for row in behind)) == (figure.rows, figure.amount)


def some_workspace(chance: random.Random) -> None:
    """Deals, contracts and what became of them, damaged here and there."""
    connection = connect()
    run = ran(connection)
    for number in range(chance.randrange(4, 9)):
        key, currency = f"K{number}", chance.choice(["USD", "EUR", "JPY"])
        kind = chance.choice(
            ["contract", "contract", "contract", "held", "dismissed", "missing", "left", "alone"]
        )
        if kind in ("held", "dismissed", "missing"):
            readable = chance.random() < 0.7
            told(
                connection,
                key,
                minor=chance.randrange(1, 10**9) if readable else None,
                currency=currency if readable else "",
            )
            if kind != "missing":
                deal(connection, key, state=kind)
            continue
        contract = imported(
            connection,
            key,
            customer=key,
            currency=currency,
            value=str(chance.randrange(1000, 10**7)),
            months=chance.choice([1, 3, 12]),
            left=LeftReason.LOST if kind == "left" else "",
        )
        won = WonDeal.objects.filter(external_id=key)
        if kind == "alone":
            won.update(gone_at=NOON) if chance.random() < 0.5 else won.delete()
        if chance.random() < 0.3:
            won.update(value_minor=chance.randrange(1, 10**8), currency=chance.choice(["USD", "EUR", "JPY"]))
            outcome = chance.choice([Outcome.REFUSED, Outcome.UPDATED])
            recorded(run, CrmDeal.objects.get(external_id=key), outcome=outcome)
        if chance.random() < 0.3:
            put(contract, state=ContractState(chance.choice(ContractState.values)))
    bill(as_of=DAY + timedelta(days=chance.randrange(40)))
    for invoice in Invoice.objects.exclude(number=None):
        if chance.random() < 0.4:
            amount = chance.randrange(1, invoice.net_minor + 1)
            request_credit(
                invoice=invoice,
                amount=amount,
                reason="Late",
                as_of=date(2027, 1, 10),
                actor=person("ann", group="Approver"),
            )
    if chance.random() < 0.5 and (damaged := Instalment.objects.order_by("?").first()):
        Instalment.objects.filter(pk=damaged.pk).update(amount_minor=damaged.amount_minor + 1)


@pytest.mark.day("2027-01-10")
@pytest.mark.parametrize("seed", range(12))
def test_random_workspace_adds_up_and_each_list_is_its_figure(seed: int) -> None:
    some_workspace(random.Random(seed))

    assert_adds_up()


def test_polls_and_sweeps_keep_the_ledger(salesforce: Connection, org: Org, run: Run) -> None:
    first = sell(org)
    sell(org, Amount=None)
    run(salesforce)
    org.edit(first, Amount=2400)
    run(salesforce)

    assert [one for one in shown() if one[0] in ("won", "contracts", "held", "different")] == [
        ("held", "", 1, 0),
        ("won", "", 1, 0),
        ("contracts", "USD", 1, 240_000),
        ("won", "USD", 1, 240_000),
    ]
    org.edit(first, StageName="Closed Lost")
    run(salesforce)
    assert [one for one in shown() if one[0] in ("won", "left")] == [
        ("won", "", 1, 0),
        ("left", "USD", 1, 240_000),
    ]


def test_a_lost_record_is_missing_until_the_sweep(salesforce: Connection, org: Org, run: Run) -> None:
    sell(org, Amount=None)
    run(salesforce)
    with database.cursor() as cursor:
        for table in ("crm_sync_syncrecord", "crm_sync_hold", "crm_sync_crmdeal"):
            cursor.execute(f"DELETE FROM {table}")
    assert ("missing", "", 1, 0) in shown()

    swept(salesforce)

    assert ("missing", "", 1, 0) not in shown()
    assert ("held", "", 1, 0) in shown()


def test_sweep_notices_a_dismissed_deal_that_is_gone_and_one_that_was_forgotten(
    salesforce: Connection, org: Org, run: Run
) -> None:
    gone, forgotten = sell(org, Amount=None), sell(org, Amount=None)
    run(salesforce)
    CrmDeal.objects.filter(external_id=gone).update(state=DealState.DISMISSED)
    WonDeal.objects.filter(external_id=forgotten).delete()
    org.tables["Opportunity"].pop(gone)

    swept(salesforce)

    assert list(WonDeal.objects.filter(gone_at=None).values_list("external_id", flat=True)) == [forgotten]


@pytest.fixture
def fay(db: None) -> None:
    user = User.objects.create_user("fay", email="fay@acme.example")
    user.groups.add(Group.objects.get(name="Finance"))


def plant(minor: int) -> None:
    with database.cursor() as cursor:
        cursor.execute("UPDATE contracts_contract SET value_minor = value_minor + %s", [minor])


def test_planted_difference_turns_red_mails_once_and_heals(fay: None) -> None:
    imported(connect(), "A")
    assert tie_out_checks.check_all() == 0
    plant(1)

    assert [tie_out_checks.check_all(), tie_out_checks.check_all()] == [1, 1]
    alerts.send_alerts()
    page = signed_in(VIEW).get(PAGE)

    (sent,) = mail.outbox
    assert sent.subject == "Fincelo: November 2026 does not tie out"
    differences = (
        "- Other value than in the CRM: 1, USD\u00a0\u22120.01\n- Not accounted for: 1, USD\u00a00.01"
    )
    assert differences in sent.body
    assert shown_alerts(page) == [
        "November 2026 does not tie out.",
        "Other value than in the CRM: USD",
        "Not accounted for: USD",
    ]
    plant(-1)
    assert tie_out_checks.check_all() == 0
    alerts.send_alerts()
    assert [one.subject for one in mail.outbox[1:]] == ["Fincelo: November 2026 ties out again"]
    assert TieOut.objects.get().differences == []


@pytest.mark.parametrize("way", ["hashagg", "sort"])
def test_figures_stand_in_their_order_whichever_way_the_database_counts(way: str) -> None:
    imported(connect(), "A")
    plant(1)
    with database.cursor() as cursor:
        cursor.execute(f"SET LOCAL enable_{way} = off")

    found = [one.line for one in tie_out.figures(month=NOVEMBER)]

    assert found == sorted(found, key=list(Line).index)
    assert len(found) > 4


def queries(client: Any, path: str) -> int:
    with CaptureQueriesContext(database) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def test_pages_take_the_same_number_of_queries_for_few_and_many() -> None:
    connection, client = connect(), signed_in(VIEW)
    paths = [PAGE, "/tie-out/rows/?month=2026-11&line=contracts&currency=USD"]
    imported(connection, "A")
    few = [queries(client, path) for path in paths]
    for number in range(5):
        imported(connection, f"B{number}")

    assert [queries(client, path) for path in paths] == few


def test_page_shows_the_parts_and_links_each_figure() -> None:
    imported(connect(), "A")

    page = signed_in(VIEW).get(PAGE)

    assert cells(page)[:3] == [
        ["Won deals in the CRM", "1 rows of Won deals in the CRM", "1,200.00"],
        ["Contracts", "1 rows of Contracts", "1,200.00"],
        ["Held", "0", "0.00"],
    ]
    assert "/tie-out/rows/?month=2026-11&amp;line=won&amp;currency=USD" in page.text


def test_csv_is_safe_and_exact() -> None:
    connection = connect()
    contract = imported(connection, "A")
    WonDeal.objects.update(name="=HYPERLINK(1)")
    client = signed_in(VIEW, "contracts.export_records")

    figures = list(csv.reader(io.StringIO(client.get("/tie-out/csv/?month=2026-11").text)))
    behind = client.get("/tie-out/rows/csv/?month=2026-11&line=contracts&currency=USD").text

    assert figures[:3] == [
        ["Month", "Currency", "Line", "Rows", "Amount"],
        ["2026-11", "USD", "Won deals in the CRM", "1", "1200.00"],
        ["2026-11", "USD", "Contracts", "1", "1200.00"],
    ]
    assert list(csv.reader(io.StringIO(behind)))[1] == [
        "2026-11",
        "Contracts",
        "'=HYPERLINK(1)",
        contract.currency,
        "1200.00",
        "",
    ]


@pytest.mark.parametrize(
    ("path", "status"),
    [("/tie-out/?month=x", 404), ("/tie-out/rows/?month=2026-11&line=x", 404), (PAGE, 200)],
)
def test_address_that_means_nothing(path: str, status: int) -> None:
    assert signed_in(VIEW).get(path).status_code == status
