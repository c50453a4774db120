"""Won deals by the simulators' own lists, and what is stored of them."""

from datetime import date

from contracts.models import Contract
from crm_sync.models import CrmDeal, SyncRun
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.conftest import IMPORT_FROM


def won_in_org(org: Org) -> list[str]:
    return sorted(
        str(row["Id"])
        for row in org.records("Opportunity")
        if row["StageName"] == "Closed Won"
        and not row["IsDeleted"]
        and date.fromisoformat(str(row["CloseDate"])) >= IMPORT_FROM
    )


def won_in_portal(portal: Portal) -> list[str]:
    """In every pipeline; the tests that ask have no deals of before the import date."""
    stages = {
        stage.id for pipeline in portal.pipelines for stage in pipeline.stages if stage.label == "Closed Won"
    }
    deals = portal.objects["deals"].records.values()
    return sorted(
        deal.id for deal in deals if deal.properties["dealstage"] in stages and not deal.archived_at
    )


def imported_once() -> list[str]:
    """The deals that have a contract. Fails where contracts, deals and what the runs counted differ."""
    deals = sorted(CrmDeal.objects.exclude(contract=None).values_list("external_id", flat=True))
    created = sum(SyncRun.objects.values_list("created", flat=True))
    assert (Contract.objects.count(), created, CrmDeal.objects.count()) == (
        len(deals),
        len(deals),
        len(deals),
    )
    return deals
