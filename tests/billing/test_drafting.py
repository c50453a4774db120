"""Drafts of contracts that are billed no longer are withdrawn, and nothing else is."""

from datetime import timedelta

import pytest

from billing.enums import (
    AskReason,
    BillingMode,
    BillingTrigger,
    InstalmentState,
    InvoiceState,
    ScheduleState,
    WaitCode,
)
from billing.issuing.invoicing import invoice_due
from billing.models import BillingPolicy, BillingSchedule, BillingWait, Instalment, Invoice
from billing.schedules.drafting import withdraw_drafts, withdraw_drafts_of_stopped
from contracts.enums import ContractState
from contracts.models import Contract
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, put, sign

pytestmark = [pytest.mark.django_db, AHEAD]
NAMES = ("Active", "Suspended", "Asks", "Waits")


@pytest.fixture
def drafted() -> dict[str, Contract]:
    """Each with an issued invoice and a draft of the month after it."""
    ensure_legal_entity()
    contracts = sign(*(Deal(customer=name) for name in NAMES))
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    BillingPolicy.objects.create(mode=BillingMode.APPROVE)
    invoice_due(as_of=TODAY + timedelta(days=30), trigger=BillingTrigger.COMMAND)
    return dict(zip(NAMES, contracts, strict=True))


def names(state: InvoiceState) -> list[str]:
    return list(Invoice.objects.filter(state=state).order_by("pk").values_list("buyer__name", flat=True))


def states_of(contract: Contract) -> list[str]:
    rows = Instalment.objects.filter(schedule__contract=contract).order_by("sequence")
    return list(rows.values_list("state", flat=True)[:3])


def test_drafts_of_one_contract_go_and_its_period_is_planned_again(drafted: dict[str, Contract]) -> None:
    withdrawn = withdraw_drafts(contract_ids=[drafted["Suspended"].pk])

    assert withdrawn == 1
    assert names(InvoiceState.DRAFT) == ["Active", "Asks", "Waits"]
    assert names(InvoiceState.ISSUED) == list(NAMES)
    assert states_of(drafted["Suspended"]) == [InstalmentState.INVOICED, *[InstalmentState.PLANNED] * 2]
    assert states_of(drafted["Active"]) == [
        InstalmentState.INVOICED,
        InstalmentState.DRAFTED,
        InstalmentState.PLANNED,
    ]


def test_what_is_suspended_asks_or_waits_keeps_no_draft(drafted: dict[str, Contract]) -> None:
    put(drafted["Suspended"], state=ContractState.SUSPENDED)
    BillingSchedule.objects.filter(contract=drafted["Asks"]).update(
        state=ScheduleState.ASKS, asks_because=AskReason.MANY
    )
    BillingWait.objects.create(contract=drafted["Waits"], code=WaitCode.MANY_DEALS)

    assert (withdraw_drafts_of_stopped(), withdraw_drafts_of_stopped()) == (3, 0)
    assert (names(InvoiceState.DRAFT), names(InvoiceState.ISSUED)) == (["Active"], list(NAMES))
