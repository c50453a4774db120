"""What another app hands over to have customers and contracts written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from contracts.enums import BillingCycle, BillingTiming
from contracts.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDraft:
    """A customer as its source describes it today."""

    name: str
    billing_email: str = ""
    address: str = ""
    tax_id: str = ""
    custom_fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractDraft:
    """A contract ready to be written: every value is known and valid."""

    name: str
    value: Money
    start_date: date
    duration_months: int
    billing_cycle: BillingCycle
    billing_timing: BillingTiming
    lead_days: int
    account_manager_email: str = ""
    po_number: str = ""
    custom_fields: Mapping[str, str] = field(default_factory=dict)
