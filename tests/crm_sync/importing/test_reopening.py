"""Contracts that were completed without an invoice, and whose deals say otherwise later."""

from datetime import date

from billing.models import BillingSchedule, Instalment
from billing.schedules.lifecycle import complete_contracts
from contracts.models import AuditEntry, Contract
from crm_sync.models import Connection
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import TODAY, sell


def test_contract_that_was_billed_elsewhere_is_reopened_once_its_term_is_longer(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org, CloseDate=date(2026, 1, 1), Contract_Term__c=6)
    Connection.objects.update(billed_until=date(2026, 6, 30))
    salesforce.refresh_from_db()
    run(salesforce)
    complete_contracts(as_of=TODAY)
    assert Contract.objects.get().state == "completed"
    org.edit(deal, Contract_Term__c=12, Amount=2400)

    run(salesforce)

    assert (Contract.objects.get().state, BillingSchedule.objects.get().state) == ("active", "asks")
    assert list(Instalment.objects.order_by("sequence").values_list("state", flat=True)) == [
        "billed_elsewhere",
        "billed_elsewhere",
        "planned",
        "planned",
    ]
    entry = AuditEntry.objects.get(action="Contract reopened")
    assert (entry.before, entry.after) == ({"state": "completed"}, {"state": "active"})


def test_what_is_harmless_reopens_nothing(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org, CloseDate=date(2026, 1, 1), Contract_Term__c=6)
    Connection.objects.update(billed_until=date(2026, 6, 30))
    salesforce.refresh_from_db()
    run(salesforce)
    complete_contracts(as_of=TODAY)
    org.edit(deal, Name="Renamed")

    run(salesforce)

    assert list(Contract.objects.values_list("name", "state")) == [("Renamed", "completed")]
