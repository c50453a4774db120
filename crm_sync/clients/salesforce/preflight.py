"""Whether a Salesforce credential can read what a poll reads, object by object."""

from collections.abc import Sequence

from crm_sync.clients.salesforce.api import SalesforceApi
from crm_sync.deals import Check
from crm_sync.errors import ConfigError

OWNERS = "User"
PROBES = (
    ("Deals", "Opportunity", "Id, Name, StageName, CloseDate, Amount"),
    ("Accounts", "Account", "Id, Name"),
    ("Owners", OWNERS, "Id, Email"),
    ("Stages", "OpportunityStage", "ApiName"),
)


def checks_of(api: SalesforceApi) -> Sequence[Check]:
    """One line per object. Owners alone can be missing."""
    checks = []
    for label, entity, columns in PROBES:
        try:
            api.query_all(f"SELECT {columns} FROM {entity} LIMIT 1")  # noqa: S608  constants
        except ConfigError as error:
            if error.breaks:
                raise
            sentence = (
                f"The connected user may not read {entity}. Give the user read access to it."
                if error.code == "INVALID_TYPE"
                else str(error)
            )
            checks.append(Check(label=label, ok=False, sentence=sentence, blocking=entity != OWNERS))
        else:
            checks.append(Check(label=label, ok=True, sentence=f"{label} can be read."))
    return checks
