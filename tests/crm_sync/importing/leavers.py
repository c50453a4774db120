"""What the tests of leaving deals look at."""

from datetime import date

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from contracts.models import Contract
from crm_sync.models import CrmDeal, SyncRecord
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.sales import TODAY
from tests.travel import travel_to


def issue_invoices(*, as_of: date = TODAY) -> None:
    ensure_legal_entity()
    if as_of > TODAY:
        travel_to(as_of)
    invoice_due(as_of=as_of, trigger=BillingTrigger.COMMAND)


def states() -> list[str]:
    return list(Contract.objects.order_by("pk").values_list("state", flat=True))


def marks() -> list[tuple[str, str, str]]:
    rows = CrmDeal.objects.order_by("pk")
    return list(rows.values_list("state", "left_reason", "left_decision"))


def told() -> list[tuple[str, str]]:
    return list(SyncRecord.objects.order_by("pk").values_list("outcome", "sentence"))
