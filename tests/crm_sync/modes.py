"""What the tests of the modes look at."""

from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import User

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from contracts.models import Contract
from crm_sync.connections.settings import save_settings
from crm_sync.enums import ConnectionMode
from crm_sync.models import Connection, CrmDeal, SyncRecord
from crm_sync.oversight import tie_out
from demo.hubspot.portal import Portal
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.sales import TODAY
from tests.crm_sync.stored import BUSINESS, stored
from tests.travel import travel_to

LIVE, REVIEW, PREVIEW = ConnectionMode


WRITES_NOTHING = ("customers", "accounts", "contracts", "schedules", "instalments", "holds")


WOULD_CREATE = "Would create a contract over USD 1,200.00 with 4 instalments."


def switch(connection: Connection, mode: ConnectionMode, actor: User | None = None) -> None:
    save_settings(connection=connection, changes={"mode": mode}, actor=actor)


def told() -> list[tuple[str, str]]:
    return list(SyncRecord.objects.order_by("pk").values_list("outcome", "sentence"))


def deal_states() -> list[str]:
    return list(CrmDeal.objects.order_by("pk").values_list("state", flat=True))


def contract_states() -> list[str]:
    return list(Contract.objects.order_by("pk").values_list("state", flat=True))


def written() -> dict[str, Any]:
    return stored(but=set(BUSINESS) - set(WRITES_NOTHING))


def red_lines() -> list[str]:
    return [figure.line for figure in tie_out.figures(month=date(2026, 11, 1)) if figure.is_red]


def lines() -> list[tuple[str, int]]:
    return [(figure.line.value, figure.rows) for figure in tie_out.figures(month=date(2026, 11, 1))]


def issue_invoices(*, as_of: date = TODAY) -> int:
    ensure_legal_entity()
    if as_of > TODAY:
        travel_to(as_of)
    return invoice_due(as_of=as_of, trigger=BillingTrigger.COMMAND).issued


def tick(portal: Portal) -> None:
    """HubSpot tells its time in whole seconds: of changes of this second only the next poll hears."""
    clock = portal.clock
    portal.clock = lambda: clock() + timedelta(seconds=1)
