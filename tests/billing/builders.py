"""Contracts as the tests of billing need them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings

from billing.models import DatabaseMark, Invoice, LegalEntity
from billing.schedules.activation import ActivationOrder, activate_billing
from billing.schedules.periods import plan_instalments
from contracts.drafts import ContractDraft, CustomerDraft
from contracts.enums import BillingCycle, BillingTiming, ContractState
from contracts.models import Contract
from contracts.money import Money
from contracts.operations import ContractOrder, write_contracts, write_customers

TODAY = date(2026, 11, 22)
AHEAD = pytest.mark.day("2199-12-31")
"""For tests that bill many years: the database's day is after all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """A yearly contract billed monthly in advance from today, unless it says otherwise."""

    customer: str = "Acme"
    value: str = "1200.00"
    currency: str = "USD"
    start: date = TODAY
    months: int = 12
    cycle: BillingCycle = BillingCycle.MONTHLY
    timing: BillingTiming = BillingTiming.IN_ADVANCE
    lead_days: int = 0
    po_number: str = ""

    @property
    def draft(self) -> ContractDraft:
        return ContractDraft(
            name=f"{self.customer} subscription",
            value=Money.from_decimal(Decimal(self.value), currency=self.currency),
            start_date=self.start,
            duration_months=self.months,
            billing_cycle=self.cycle,
            billing_timing=self.timing,
            lead_days=self.lead_days,
            po_number=self.po_number,
        )


def order_for(*, contract_id: int, deal: Deal) -> ActivationOrder:
    draft = deal.draft
    instalments = plan_instalments(
        value=draft.value,
        start=draft.start_date,
        months=draft.duration_months,
        cycle=draft.billing_cycle,
        timing=draft.billing_timing,
        lead_days=draft.lead_days,
    )
    return ActivationOrder(contract_id=contract_id, instalments=instalments)


def sign(*deals: Deal, as_of: date = TODAY) -> list[Contract]:
    """Customers, contracts and schedules for the deals, as a sync on that day writes them."""
    customers = write_customers(
        drafts=[
            CustomerDraft(
                name=deal.customer,
                billing_email="billing@example.com",
                street="1 Main Street",
                city="Springfield",
                country="US",
                tax_number="US-1",
            )
            for deal in deals
        ]
    )
    ids = write_contracts(
        orders=[
            ContractOrder(customer_id=customer, draft=deal.draft)
            for customer, deal in zip(customers, deals, strict=True)
        ],
        as_of=as_of,
    )
    activate_billing(
        orders=[order_for(contract_id=id_, deal=deal) for id_, deal in zip(ids, deals, strict=True)],
        as_of=as_of,
    )
    found = Contract.objects.in_bulk(ids)
    return [found[id_] for id_ in ids]


def put(contract: Contract, *, state: ContractState) -> None:
    """Into this state, without a story."""
    Contract.objects.filter(pk=contract.pk).update(
        state=state, needs_approval=state is ContractState.AWAITING_APPROVAL
    )


def ensure_legal_entity(**facts: Any) -> LegalEntity:
    """The sender, for tests that empty the tables as well."""
    entity, _ = LegalEntity.objects.update_or_create(
        pk=LegalEntity.objects.values_list("pk", flat=True).first(),
        defaults={
            "name": "Fincelo Inc",
            "address": "",
            "street": "2 Side Street",
            "city": "Springfield",
            "country": "US",
            "vat_currency": "",
            "requires_buyer_address": False,
            "tax_number": "US-2",
            "default_tax_rate": 0,
            "invoice_prefix": "INV",
            "payment_terms_days": 30,
            **facts,
        },
    )
    return entity


def forget_numbers() -> None:
    """After a test emptied the tables of documents: the witness knows of none either."""
    settings.WITNESS_PATH.unlink(missing_ok=True)
    DatabaseMark.objects.update(is_witnessed=False)


def invoices() -> Sequence[tuple[str | None, str]]:
    """Number and amount of every invoice, in the order of the numbers."""
    return [
        (invoice.number, str(Money(minor=invoice.total_minor, currency=invoice.currency)))
        for invoice in Invoice.objects.order_by("year", "sequence")
    ]
