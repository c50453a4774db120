"""What would be billed of contracts: their plan, and what is due of it, as the run itself drafts it."""

from datetime import date, timedelta
from typing import Any

import pytest

from billing.enums import AskReason, BillingTrigger, InstalmentState
from billing.issuing.foretelling import bill_in_vain
from billing.issuing.invoicing import invoice_due
from billing.models import Instalment
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign

pytestmark = pytest.mark.django_db
FIRST = date(2026, 9, 22)


def test_the_plan_and_what_is_due_of_it() -> None:
    ensure_legal_entity(default_tax_rate=10_000, payment_terms_days=30)
    ours, _ = sign(
        Deal(value="400.00", months=4, start=FIRST), Deal(customer="Other", start=FIRST), as_of=FIRST
    )
    invoice_due(as_of=FIRST, trigger=BillingTrigger.COMMAND)
    Instalment.objects.filter(schedule__contract=ours, sequence=4).update(
        state=InstalmentState.BILLED_ELSEWHERE
    )

    found = bill_in_vain(contract_ids=[ours.pk], as_of=TODAY).contracts

    assert list(found) == [ours.pk]
    plan, invoices = found[ours.pk].instalments, found[ours.pk].invoices
    assert [(one.sequence, str(one.amount.to_decimal()), one.is_elsewhere) for one in plan] == [
        (1, "100.00", False),
        (2, "100.00", False),
        (3, "100.00", False),
        (4, "100.00", True),
    ]
    assert [(one.sequence, one.net.minor, one.tax.minor, one.total.minor) for one in invoices] == [
        (2, 100_00, 10_00, 110_00),
        (3, 100_00, 10_00, 110_00),
    ]
    assert {one.due_date for one in invoices} == {TODAY + timedelta(days=30)}


def test_many_that_are_due_at_once_are_asked_about() -> None:
    ensure_legal_entity()
    [contract] = sign(Deal(start=date(2026, 7, 22)), as_of=date(2026, 7, 22))

    told = bill_in_vain(contract_ids=[contract.pk], as_of=TODAY).contracts[contract.pk]

    assert (told.asks, list(told.invoices)) == (AskReason.MANY, [])


def test_where_nothing_is_due_nobody_has_to_send_it() -> None:
    ensure_legal_entity(street="", city="")
    [contract] = sign(Deal(start=TODAY + timedelta(days=9)))

    assert bill_in_vain(contract_ids=[contract.pk], as_of=TODAY).refusal == ""
    assert bill_in_vain(contract_ids=[contract.pk], as_of=TODAY + timedelta(days=9)).refusal != ""


def test_of_no_contracts_the_database_is_asked_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert bill_in_vain(contract_ids=[], as_of=TODAY).contracts == {}
