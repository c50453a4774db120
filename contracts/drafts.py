"""What another app hands over to have customers and contracts written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from contracts.enums import BillingCycle, BillingTiming
from contracts.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDraft:
    """A customer as its source describes it today.

    `address` is one as a text; the parts of one are beside it. `tax_rate`: in thousandths of a percent.
    """

    name: str
    billing_email: str = ""
    address: str = ""
    street: str = ""
    post_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    vat_id: str = ""
    tax_number: str = ""
    tax_rate: int | None = None
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
