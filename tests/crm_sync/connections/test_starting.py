"""What is unusual in size is imported, and its billing waits for one answer on the connection."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client
from django.utils import timezone

from billing.enums import BillingTrigger, WaitCode
from billing.issuing.invoicing import invoice_due
from billing.models import BillingWait, Invoice
from contracts.models import AuditEntry, Contract
from crm_sync.connections.new_deals import COUNTED_FOR
from crm_sync.connections.settings import save_settings
from crm_sync.enums import ConnectionMode, Outcome, RunTrigger
from crm_sync.importing import starting
from crm_sync.importing.fetching import Order
from crm_sync.importing.starting import (
    UnableToStart,
    asking_connections,
    question_of,
    start_billing,
    suspend_new,
)
from crm_sync.models import Alert, Connection, SyncRecord
from crm_sync.previews.dry_run import WAITS, preview
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run
from tests.crm_sync.page_rows import connect
from tests.crm_sync.sales import TODAY, sell, sell_in_hubspot
from tests.pages import alerts, signed_in


@pytest.fixture(autouse=True)
def _legal_entity(db: None) -> None:
    ensure_legal_entity()


def win(org: Org, count: int, *, first: int = 0, **fields: object) -> list[str]:
    account = org.add_account(f"Acme {first}")
    return [
        sell(org, account=account, Name=f"Deal {first + number}", Amount=1_000 + first + number, **fields)
        for number in range(count)
    ]


def bill() -> int:
    return invoice_due(as_of=TODAY, trigger=BillingTrigger.SYNC).issued


def an_hour_passes() -> None:
    SyncRecord.objects.update(created_at=F("created_at") - COUNTED_FOR)


def polls(org: Org, run: Run, connection: Connection, *counts: int) -> list[int]:
    """How many contracts are billed after each poll, of which each brings so many deals."""
    billed = []
    for number, count in enumerate(counts):
        win(org, count, first=1_000 * number)
        assert run(connection).created == count
        billed.append(bill())
    return billed


def asked(connection: Connection) -> str:
    question = question_of(connection, most=10)
    assert question is not None
    return question.stamp


@pytest.mark.parametrize(("count", "waiting"), [(19, 0), (20, 0), (21, 21), (300, 300)])
def test_bulk_win(salesforce: Connection, org: Org, run: Run, count: int, waiting: int) -> None:
    deals = win(org, count, StageName="Prospecting")
    run(salesforce)
    for deal in deals:
        org.edit(deal, StageName="Closed Won")

    done = run(salesforce)

    assert (done.created, bill()) == (count, count - waiting)
    assert BillingWait.objects.filter(code=WaitCode.MANY_DEALS).count() == waiting
    assert [len(asking_connections()), Alert.objects.filter(kind="asks").count()] == [bool(waiting)] * 2


def test_bulk_win_over_several_pages(salesforce: Connection, org: Org, run: Run) -> None:
    org.max_page_size = 10
    win(org, 25)

    assert (run(salesforce).created, bill(), BillingWait.objects.count()) == (25, 0, 25)


def test_bulk_win_in_hubspot(hubspot: Connection, portal: Portal, run: Run) -> None:
    company = portal.add_company(name="Acme", domain="acme.example")
    for number in range(21):
        sell_in_hubspot(portal, company_id=company, amount=str(100 + number))
    portal.clock = lambda clock=portal.clock: clock() + timedelta(seconds=2)

    assert (run(hubspot).created, bill(), BillingWait.objects.count()) == (21, 0, 21)


def test_a_bulk_win_that_two_polls_share_asks(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    """What was billed before it was unusual is named, and the answer is about it too."""
    assert polls(org, run, salesforce, 18, 282) == [18, 0]

    question = question_of(salesforce, most=10)
    assert question is not None
    assert question.sentence == (
        "300 contracts wait: more new won deals came within an hour than usual. "
        "18 contracts of that hour have been invoiced before."
    )
    page = signed_in("crm_sync.view_connection", "contracts.view_contract").get(
        f"/settings/crm/{salesforce.pk}/"
    )
    assert all(str(invoice) in page.text for invoice in Invoice.objects.all())
    assert suspend_new(connection=salesforce, seen=question.stamp, actor=finance) == 300


def test_earlier_ones_of_the_hour_that_are_not_billed_yet_wait_too(
    salesforce: Connection, org: Org, run: Run
) -> None:
    for number in range(4):
        win(org, 15, first=1_000 * number)
        run(salesforce)

    assert (BillingWait.objects.filter(code=WaitCode.MANY_DEALS).count(), bill()) == (60, 0)


def test_every_poll_may_bring_less_than_the_number(salesforce: Connection, org: Org, run: Run) -> None:
    assert polls(org, run, salesforce, 15, 15, 15, 15) == [15, 0, 0, 0]
    assert Alert.objects.filter(kind="asks").count() == 1


@pytest.mark.parametrize(
    ("counts", "billed"), [((10, 9), [10, 9]), ((10, 10), [10, 10]), ((10, 11), [10, 0])]
)
def test_the_number_is_that_of_an_hour(
    salesforce: Connection, org: Org, run: Run, counts: tuple[int, int], billed: list[int]
) -> None:
    assert polls(org, run, salesforce, *counts) == billed


def test_the_next_hour_begins_anew(salesforce: Connection, org: Org, run: Run) -> None:
    assert polls(org, run, salesforce, 18) == [18]
    an_hour_passes()
    assert (len(win(org, 18, first=5_000)), run(salesforce).created, bill()) == (18, 18, 18)


@pytest.mark.parametrize("answer", [start_billing, suspend_new])
def test_what_was_answered_does_not_count_again(
    salesforce: Connection, org: Org, run: Run, finance: User, answer: Callable[..., int]
) -> None:
    polls(org, run, salesforce, 18, 5)
    answer(connection=salesforce, seen=asked(salesforce), actor=finance)
    bill()
    win(org, 20, first=5_000)

    assert (run(salesforce).created, bill(), question_of(salesforce, most=1)) == (20, 20, None)
    win(org, 1, first=6_000)
    assert (run(salesforce).created, bill()) == (1, 0)
    question = question_of(salesforce, most=1)
    assert question is not None
    assert (question.count, len(question.invoiced)) == (21, 20)


def test_what_was_approved_in_review_does_not_count(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    save_settings(connection=salesforce, changes={"mode": ConnectionMode.REVIEW}, actor=finance)
    win(org, 15)
    run(salesforce)
    save_settings(connection=salesforce, changes={"mode": ConnectionMode.LIVE}, actor=finance)

    assert polls(org, run, Connection.objects.get(), 0, 18)[-1] == 18


def test_another_connection_counts_for_itself(
    salesforce: Connection, org: Org, hubspot: Connection, portal: Portal, run: Run
) -> None:
    polls(org, run, salesforce, 15)
    company = portal.add_company(name="Acme", domain="acme.example")
    for number in range(15):
        sell_in_hubspot(portal, company_id=company, amount=str(100 + number))
    portal.clock = lambda clock=portal.clock: clock() + timedelta(seconds=2)

    assert (run(hubspot).created, bill()) == (15, 15)


@pytest.mark.parametrize(("count", "waiting"), [(1, 0), (9, 9)])
def test_preview_foretells_what_waits_of_the_hour(
    salesforce: Connection, org: Org, run: Run, count: int, waiting: int
) -> None:
    """A contract of an earlier poll that has changed waits with the new ones."""
    changed, *_ = win(org, 12)
    run(salesforce)
    Contract.objects.exclude(crm_deal__name="Deal 0").update(state="suspended")
    org.edit(changed, Amount=7_000)
    win(org, count, first=500)

    order = Order(trigger=RunTrigger.COMMAND, as_of=TODAY)
    found = preview(connection=Connection.objects.get(), order=order, at=timezone.now())

    assert run(salesforce).created == count
    assert bill() == found.invoices.total() == (0 if waiting else count + 1)


def test_the_number_is_a_setting(salesforce: Connection, org: Org, run: Run) -> None:
    Connection.objects.update(most_new_deals=3)
    win(org, 4)

    assert (run(salesforce).created, bill()) == (4, 0)


def test_what_comes_while_it_asks_joins_and_the_question_survives(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    win(org, 21)
    run(salesforce)
    seen = asked(salesforce)
    win(org, 1, first=100)
    run(salesforce)
    salesforce = Connection.objects.get(pk=salesforce.pk)  # as after a restart: only what is stored is kept

    assert (bill(), Alert.objects.filter(kind="asks").count()) == (0, 1)
    with pytest.raises(UnableToStart, match="Nothing was decided"):
        start_billing(connection=salesforce, seen=seen, actor=finance)
    assert bill() == 0
    assert start_billing(connection=salesforce, seen=asked(salesforce), actor=finance) == 22
    assert (bill(), question_of(salesforce, most=1)) == (22, None)
    assert AuditEntry.objects.filter(action="Billing started", actor_name="fiona").count() == 22


def test_other_value_than_shown_is_not_billed(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    deals = win(org, 21)
    run(salesforce)
    seen = asked(salesforce)
    org.edit(deals[0], Amount=999_999)
    run(salesforce)

    with pytest.raises(UnableToStart):
        start_billing(connection=salesforce, seen=seen, actor=finance)
    assert bill() == 0


def test_second_answer_suspends(salesforce: Connection, org: Org, run: Run, finance: User) -> None:
    win(org, 21)
    run(salesforce)

    assert suspend_new(connection=salesforce, seen=asked(salesforce), actor=finance) == 21
    assert (bill(), Contract.objects.filter(state="suspended").count()) == (0, 21)
    assert question_of(salesforce, most=1) is None


@pytest.mark.parametrize(("amount", "waiting"), [(30_000, 0), (31_000, 1)])
def test_far_more_value_than_usual(
    salesforce: Connection, org: Org, run: Run, amount: int, waiting: int
) -> None:
    for number in range(5):
        sell(org, Name=f"Usual {number}", Amount=10_000 - number, account=org.add_account(f"A{number}"))
        run(salesforce)
    sell(org, Name="Large", Amount=amount)

    run(salesforce)

    assert BillingWait.objects.filter(code=WaitCode.LARGE_VALUE).count() == waiting
    assert bill() == 6 - waiting


@pytest.mark.parametrize(
    ("why", "count", "amount", "waits_already"),
    [
        ("more new won deals came within an hour than usual", 21, 100, False),
        ("far more value came at once than usual", 1, 31_000, False),
        ("earlier ones of this connection wait already", 1, 100, True),
        ("", 1, 100, False),
    ],
)
def test_preview_foretells_what_waits(
    salesforce: Connection, org: Org, run: Run, why: str, count: int, amount: int, waits_already: bool
) -> None:
    """A changed contract is billed anyway."""
    account = org.add_account("Acme")
    for number in range(5):
        changed = sell(org, Name=f"Usual {number}", Amount=10_000 - number, account=account)
        run(salesforce)
    an_hour_passes()
    if waits_already:
        win(org, 21)
        run(salesforce)
    Contract.objects.filter(name__startswith="Usual").exclude(name="Usual 4").update(state="suspended")
    org.edit(changed, Amount=5_000)
    for number in range(count):
        sell(org, Name=f"New {number}", Amount=amount + number, account=org.add_account(f"New {number}"))

    order = Order(trigger=RunTrigger.COMMAND, as_of=TODAY)
    found = preview(connection=Connection.objects.get(), order=order, at=timezone.now())

    assert run(salesforce).created == found.outcomes[Outcome.CREATED] == count
    assert bill() == found.invoices.total() == (1 if why else 2)
    assert found.refusals == ({WAITS.format(why=why)} if why else set())


def test_without_a_history_value_is_no_reason(salesforce: Connection, org: Org, run: Run) -> None:
    sell(org, Name="Usual", Amount=10)
    run(salesforce)
    sell(org, Name="Large", Amount=9_000_000)
    run(salesforce)

    assert (bill(), starting.usual_value(salesforce)) == (2, {})


def test_review_asks_by_its_own_approval(salesforce: Connection, org: Org, run: Run) -> None:
    Connection.objects.update(mode=ConnectionMode.REVIEW)
    win(org, 21)

    assert (run(salesforce).created, BillingWait.objects.count()) == (21, 0)
    assert set(Contract.objects.values_list("state", flat=True)) == {"awaiting_approval"}


def test_the_connection_asks_on_its_page_and_by_a_banner(salesforce: Connection, org: Org, run: Run) -> None:
    win(org, 21)
    run(salesforce)
    page = f"/settings/crm/{salesforce.pk}/"
    browser = signed_in("crm_sync.view_connection", "billing.start_billing", "contracts.view_contract")

    shown = browser.get(page)
    answer = browser.post(f"{page}start/", {"seen": asked(salesforce)}, follow=True)

    assert alerts(shown)[0] == "Salesforce has brought unusually much: the billing of 21 contracts waits."
    assert "21 contracts wait: more new won deals came within an hour than usual." in alerts(shown)
    assert "USD 21,210.00" in shown.text
    assert alerts(answer) == ["Billing started for 21 contracts. What is due is invoiced."]
    assert bill() == 21


def test_an_outdated_page_starts_nothing(salesforce: Connection, org: Org, run: Run) -> None:
    win(org, 21)
    run(salesforce)
    browser = signed_in("crm_sync.view_connection", "billing.start_billing")

    answer = browser.post(f"/settings/crm/{salesforce.pk}/start/", {"seen": "other"}, follow=True)

    assert "Nothing was decided" in " ".join(alerts(answer))
    assert (bill(), Invoice.objects.count()) == (0, 0)


def test_whoever_may_not_start_billing_is_refused(client: Client) -> None:
    connection = connect()
    browser = signed_in("crm_sync.view_connection", "crm_sync.change_connection")

    for answer in ("start", "start/suspend"):
        assert browser.post(f"/settings/crm/{connection.pk}/{answer}/", {"seen": ""}).status_code == 403


@pytest.mark.parametrize(
    ("import_from", "automatic_from", "mode", "expected"),
    [
        (date(2026, 1, 1), None, "live", date(2026, 1, 1)),
        (date(2026, 1, 1), date(2026, 11, 1), "live", date(2026, 11, 1)),
        (date(2026, 1, 1), date(2026, 11, 1), "preview", date(2026, 1, 1)),
        (date(2026, 12, 1), date(2026, 11, 1), "live", date(2026, 12, 1)),
    ],
)
def test_first_closing_day_of_what_is_imported(
    import_from: date, automatic_from: date | None, mode: str, expected: date
) -> None:
    connection = Connection(import_from=import_from, automatic_from=automatic_from, mode=mode)

    assert connection.imports_by_itself_from == expected
