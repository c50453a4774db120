"""A contract whose billing waits is billed by nobody, and as soon as nothing holds it back by the next run."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from billing.enums import BillingMode, BillingTrigger, InstalmentState, InvoiceState, WaitCode
from billing.invariants.runs import INVARIANTS
from billing.issuing.approving import UnableToApprove, approve_drafts
from billing.issuing.foretelling import bill_in_vain
from billing.issuing.invoicing import invoice_due
from billing.issuing.previewing import preview_billing
from billing.issuing.writing import draft_invoices, issue_invoices
from billing.locks import lock_contracts
from billing.models import BillingPolicy, BillingRun, BillingWait, Instalment, Invoice, LegalEntity
from billing.schedules.waiting import reasons_of, stop_waiting, wait_for, waiting_contracts, waits_of
from contracts.models import AuditEntry, Contract
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, sign

pytestmark = [pytest.mark.django_db, AHEAD]


@pytest.fixture
def entity() -> LegalEntity:
    return ensure_legal_entity()


def make_wait(*contracts: Contract, code: WaitCode = WaitCode.MANY_DEALS) -> None:
    with transaction.atomic():
        lock_contracts(contract_ids=[contract.pk for contract in contracts])
        wait_for(code=code, contract_ids=[contract.pk for contract in contracts])


def bill(as_of: date = TODAY) -> int:
    return invoice_due(as_of=as_of, trigger=BillingTrigger.SCHEDULE).issued


def test_what_waits_is_not_billed_and_the_others_are(entity: LegalEntity) -> None:
    waiting, free = sign(Deal(customer="Waits"), Deal(customer="Free"))
    make_wait(waiting)

    assert (bill(), bill(TODAY + timedelta(days=40))) == (1, 1)
    assert {invoice.contract_id for invoice in Invoice.objects.all()} == {free.pk}


def test_a_preview_and_a_rehearsal_leave_it_out(entity: LegalEntity) -> None:
    [contract] = sign(Deal())
    make_wait(contract)

    told = bill_in_vain(contract_ids=[contract.pk], as_of=TODAY).contracts[contract.pk]

    assert (list(told.invoices), told.asks) == ([], None)


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_leaves_it_out() -> None:
    ensure_legal_entity()
    [contract] = sign(Deal())
    make_wait(contract)

    assert (list(preview_billing(as_of=TODAY).totals), preview_billing(as_of=TODAY).asked) == ([], 0)


def test_it_goes_on_only_when_its_last_reason_is_gone(entity: LegalEntity, admin_user: User) -> None:
    [contract] = sign(Deal())
    make_wait(contract, code=WaitCode.MANY_DEALS)
    make_wait(contract, code=WaitCode.LARGE_VALUE)
    make_wait(contract, code=WaitCode.LARGE_VALUE)

    assert stop_waiting(codes=[WaitCode.MANY_DEALS], contracts=[contract], actor=admin_user) == 1
    assert (bill(), [one.code for one in reasons_of(contract_ids=[contract.pk])[contract.pk]]) == (
        0,
        [WaitCode.LARGE_VALUE],
    )
    assert stop_waiting(codes=[WaitCode.LARGE_VALUE], contracts=[contract], actor=admin_user) == 1
    assert stop_waiting(codes=[WaitCode.LARGE_VALUE], contracts=[contract], actor=admin_user) == 0
    assert (bill(), reasons_of(contract_ids=[contract.pk]), waiting_contracts().count()) == (1, {}, 0)
    assert list(
        AuditEntry.objects.filter(action="Billing started").order_by("pk").values_list("actor_name", "before")
    ) == [("admin", {"waited_for": ["many_deals"]}), ("admin", {"waited_for": ["large_value"]})]


def test_a_draft_goes_when_its_contract_begins_to_wait(entity: LegalEntity, admin_user: User) -> None:
    BillingPolicy.objects.update_or_create(pk=1, defaults={"mode": BillingMode.APPROVE})
    [contract] = sign(Deal())
    bill()
    draft = Invoice.objects.get(state=InvoiceState.DRAFT)

    make_wait(contract)

    assert not Invoice.objects.exists()
    assert Instalment.objects.filter(state=InstalmentState.DRAFTED).count() == 0
    with pytest.raises(UnableToApprove):
        approve_drafts(ids=[draft.pk], as_of=TODAY, actor=admin_user)
    assert bill() == 0
    assert not Invoice.objects.exists()


@pytest.mark.parametrize(
    "write", [partial(issue_invoices, issue_date=TODAY), draft_invoices], ids=["issued", "draft"]
)
def test_the_database_refuses_what_our_own_code_would_write(
    entity: LegalEntity, write: Callable[..., object]
) -> None:
    [contract] = sign(Deal())
    BillingWait.objects.create(contract=contract, code=WaitCode.NOT_SHOWN)
    instalment = Instalment.objects.filter(schedule__contract=contract).earliest("sequence")
    run = BillingRun.objects.create(trigger=BillingTrigger.PERSON, as_of=TODAY)

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        write(instalment_ids=[instalment.pk], legal_entity=entity, run=run)

    assert str(refused.value).startswith(f"The billing of {contract.name} waits for a decision.")


def test_one_reason_is_stored_once() -> None:
    [contract] = sign(Deal())
    BillingWait.objects.create(contract=contract, code=WaitCode.NOT_SHOWN)

    with pytest.raises(IntegrityError, match="one_wait_per_reason"), transaction.atomic():
        BillingWait.objects.create(contract=contract, code=WaitCode.NOT_SHOWN)


def test_pages_say_that_it_waits_and_why(admin_client: Client, entity: LegalEntity) -> None:
    waiting, free = sign(Deal(customer="Waits"), Deal(customer="Free"))
    make_wait(waiting)

    page = admin_client.get(waiting.get_absolute_url()).text
    listed = admin_client.get("/contracts/").text
    narrowed = admin_client.get("/contracts/?state=waits").text

    assert "won together with unusually many others" in page
    assert "Nothing is billed while its billing waits." in page
    assert listed.count("Billing waits</span>") == 1
    assert (waiting.name in narrowed, free.name in narrowed) == (True, False)
    assert "waits" not in admin_client.get(free.get_absolute_url()).text.split("<main")[1]


def test_what_waits_is_no_breach_of_everything_due_was_billed(entity: LegalEntity) -> None:
    [contract] = sign(Deal())
    make_wait(contract)
    bill()
    long_ago = timezone.now() - timedelta(days=1)
    Contract.objects.update(updated_at=long_ago)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_billingschedule SET activated_at = %s", [long_ago])
        [rule] = [one for one in INVARIANTS if one.name == "everything_due_was_billed"]
        cursor.execute(rule.sql)
        assert cursor.fetchall() == []


def test_each_contract_and_customer_has_its_own_reasons(entity: LegalEntity) -> None:
    ours, other = sign(Deal(customer="Ours"), Deal(customer="Other"))
    make_wait(ours, other, code=WaitCode.UNPRINTABLE)

    assert list(reasons_of(contract_ids=[ours.pk])) == [ours.pk]
    assert [(reason.code, count) for reason, count in waits_of(customer=ours.customer)] == [
        (WaitCode.UNPRINTABLE, 1)
    ]


def test_billing_starts_for_the_contracts_that_are_named(entity: LegalEntity) -> None:
    ours, other = sign(Deal(customer="Ours"), Deal(customer="Other"))
    make_wait(ours, other, code=WaitCode.MANY_DEALS)
    make_wait(ours, other, code=WaitCode.LARGE_VALUE)
    codes = [WaitCode.MANY_DEALS, WaitCode.LARGE_VALUE]

    assert stop_waiting(codes=codes, contracts=[ours], actor=None) == 1

    assert list(waiting_contracts()) == [other]
    assert AuditEntry.objects.latest("pk").before == {"waited_for": ["large_value", "many_deals"]}
