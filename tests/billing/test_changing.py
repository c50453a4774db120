"""The open change of a contract keeps step with what the CRM says, and says it in words and money."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.changing.fields import ShownField, difference_of, money_of, shown_fields, stored_money
from billing.changing.listing import billed_minor, change_of
from billing.changing.noticing import WENT_BACK, Difference, note_differences, note_left, settle_left
from billing.enums import AfterVoid, BillingMode, BillingTrigger, ChangeOrigin, ChangeState, LimitKind
from billing.issuing.invoicing import invoice_due
from billing.models import ApprovalLimit, BillingPolicy, ContractChange, Invoice
from billing.receivables.voiding import void_invoice
from contracts.models import Contract
from contracts.money import Money
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, sign
from tests.billing.credited import credit

TERM = ({"duration_months": 12}, {"duration_months": 24})
LONGER = ({"duration_months": 12}, {"duration_months": 36})
LOST = ({"deal": "Won"}, {"deal": "Lost"})
SAME: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def usd(minor: int) -> dict[str, Any]:
    return stored_money(Money(minor=minor, currency="USD"))


def test_fields_are_shown_in_words_and_in_one_order() -> None:
    before = {
        "deal": "Won",
        "value": usd(120_000),
        "customer": {"name": "Acme"},
        "start_date": "2026-11-22",
        "duration_months": 1,
        "billing_cycle": "monthly",
        "billing_timing": "in_advance",
    }
    after = {
        "deal": "Lost",
        "value": usd(90_000),
        "customer": {"name": "Other"},
        "start_date": "2026-11-23",
        "duration_months": 12,
        "billing_cycle": "quarterly",
    }

    shown = shown_fields(before=before, after=after)

    assert [(one.label, one.contract_says, one.crm_says) for one in shown] == [
        ("Contract Value", "USD 1,200.00", "USD 900.00"),
        ("Customer", "Acme", "Other"),
        ("Contract Start Date", "2026-11-22", "2026-11-23"),
        ("Contract Duration", "1 month", "12 months"),
        ("Billing Cycle", "Monthly", "Quarterly"),
        ("Deal", "Won", "Lost"),
    ]
    assert shown[0] == ShownField(label="Contract Value", contract_says="USD 1,200.00", crm_says="USD 900.00")


@pytest.mark.parametrize(
    ("before", "after", "minor"),
    [
        ({"value": usd(120_000)}, {"value": usd(90_000)}, -30_000),
        ({"value": usd(120_000)}, {"value": {"minor": 90_000, "currency": "EUR"}}, None),
        (*TERM, None),
    ],
)
def test_a_difference_is_the_crms_value_less_the_contracts(
    before: Mapping[str, Any], after: Mapping[str, Any], minor: int | None
) -> None:
    difference = difference_of(before=before, after=after)

    assert difference == (minor and money_of(usd(minor)))


@pytest.fixture
def contracts(db: None) -> list[Contract]:
    return sign(Deal(), Deal(customer="Other"))


def note(contract: Contract, says: tuple[Mapping[str, Any], Mapping[str, Any]]) -> None:
    note_differences(found=[differs(contract, says)])


def differs(contract: Contract, says: tuple[Mapping[str, Any], Mapping[str, Any]]) -> Difference:
    return Difference(contract_id=contract.pk, before=says[0], after=says[1])


def rows(contract: Contract) -> list[tuple[str, str, int, dict[str, Any], dict[str, Any], str]]:
    found = ContractChange.objects.filter(contract=contract).order_by("pk")
    return list(found.values_list("state", "kind", "revision", "before", "after", "reason"))


def test_each_contract_has_its_own_change_which_ends_when_the_crm_goes_back(
    contracts: list[Contract],
) -> None:
    ours, other = contracts
    note_differences(found=[differs(ours, TERM), differs(other, TERM)])
    ContractChange.objects.update(changed_at=LONG_AGO)
    note_differences(found=[differs(ours, LONGER), differs(other, TERM)])
    changed = [at > LONG_AGO for at in changed_at()]
    open_ = rows(ours)
    note(ours, SAME)
    note(ours, SAME)

    assert open_ == [("open", "crm_change", 2, *LONGER, "")]
    assert changed == [True, False]
    assert rows(ours) == [("withdrawn", "crm_change", 2, *LONGER, WENT_BACK)]
    assert rows(other) == [("open", "crm_change", 1, *TERM, "")]
    note(ours, TERM)
    assert [row[0] for row in rows(ours)] == [ChangeState.WITHDRAWN, ChangeState.OPEN]


def changed_at() -> list[datetime]:
    return list(ContractChange.objects.order_by("contract").values_list("changed_at", flat=True))


@pytest.mark.parametrize(
    ("keeps_terms", "both"),
    [(True, tuple({**a, **b} for a, b in zip(TERM, LOST, strict=True))), (False, LOST)],
)
def test_a_deal_that_left_keeps_what_differed_only_if_it_still_does(
    contracts: list[Contract], keeps_terms: bool, both: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    ours, other = contracts
    note(ours, TERM)

    note_left(found=[differs(ours, LOST), differs(other, LOST)], keeps_terms=keeps_terms)

    assert rows(ours) == [("open", "deal_left", 2, *both, "")]
    assert rows(other) == [("open", "deal_left", 1, *LOST, "")]


def test_a_decision_about_a_lost_deal_leaves_what_else_differs(contracts: list[Contract]) -> None:
    ours, other = contracts
    note(ours, TERM)
    note_left(found=[differs(ours, LOST)], keeps_terms=True)
    note_left(found=[differs(other, LOST)], keeps_terms=True)

    settle_left(contract_ids=[ours.pk], reason="Resumed.")
    settle_left(contract_ids=[ours.pk], reason="Resumed again.")

    assert rows(ours) == [("open", "crm_change", 3, *TERM, "")]
    assert rows(other) == [("open", "deal_left", 1, *LOST, "")]
    settle_left(contract_ids=[other.pk], reason="Resumed.")
    assert rows(other) == [("withdrawn", "deal_left", 1, *LOST, "Resumed.")]


def test_a_change_by_hand_is_not_the_crms(contracts: list[Contract]) -> None:
    ours, _ = contracts
    ContractChange.objects.create(
        contract=ours, origin=ChangeOrigin.HAND, kind="crm_change", before=TERM[0], after=TERM[1]
    )

    note(ours, SAME)

    assert rows(ours) == [("open", "crm_change", 1, *TERM, "")]


def test_the_change_of_a_contract_is_shown_and_no_other(contracts: list[Contract]) -> None:
    ours, other = contracts
    assert change_of(contract=ours) is None
    note(ours, TERM)
    note_left(found=[differs(other, LOST)], keeps_terms=True)

    shown = [change_of(contract=contract) for contract in contracts]

    assert [(one.contract, one.is_lost, one.billed.minor) for one in shown if one] == [
        (ours, False, 0),
        (other, True, 0),
    ]
    by_hand = ContractChange.objects.create(
        contract=ours, origin=ChangeOrigin.HAND, kind="crm_change", before=TERM[0], after=TERM[1]
    )
    newest = change_of(contract=ours)
    assert newest is not None
    assert newest.id == by_hand.pk


@AHEAD
def test_billed_is_what_invoices_charge_without_what_is_credited(
    contracts: list[Contract], approver: User
) -> None:
    """Drafts, void invoices, open credit notes and other contracts do not count."""
    ours, other = contracts
    bill(TODAY, default_tax_rate=10_000)
    bill(date(2026, 12, 22), default_tax_rate=10_000, prices_include_tax=True)
    first, second = Invoice.objects.filter(contract=ours).order_by("pk")
    credit(first, 10_00, approver)
    credit(Invoice.objects.filter(contract=other).earliest("pk"), 1_00, approver)
    void_invoice(
        invoice=Invoice.objects.filter(contract=other).latest("pk"),
        then=AfterVoid.BILL_AGAIN,
        reason="Wrong",
        actor=approver,
    )
    BillingPolicy.objects.create(mode=BillingMode.APPROVE)
    bill(date(2027, 1, 22))
    ApprovalLimit.objects.create(kind=LimitKind.CREDIT_NOTE, currency="USD", amount_minor=0)
    credit(second, 5_00, approver)

    assert billed_minor([ours.pk]) == {ours.pk: 100_00 + 100_00 - 10_00}
    assert billed_minor([ours.pk, other.pk])[other.pk] == 100_00 - 1_00


def bill(as_of: date, **facts: Any) -> None:
    ensure_legal_entity(**facts)
    invoice_due(as_of=as_of, trigger=BillingTrigger.COMMAND)


def test_changes_are_locked_in_one_order(contracts: list[Contract]) -> None:
    with CaptureQueriesContext(connection) as statements:
        note(contracts[0], TERM)

    [locked] = [one["sql"] for one in statements if "FOR UPDATE" in one["sql"]]
    assert 'ORDER BY "billing_contractchange"."id" ASC FOR UPDATE' in locked


@pytest.mark.django_db
def test_nothing_found_asks_the_database_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        note_differences(found=[])
        note_left(found=[], keeps_terms=True)
