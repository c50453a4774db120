"""The deals of a simulated org in one shape: as the org itself has them, and as an outside client read them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from demo.salesforce.columns import Row
from demo.salesforce.org import Org

Facts = tuple[str, Decimal | None, str, str | None, str, str]
Deals = dict[str, Facts]

SOQL = (
    "SELECT Id, StageName, Amount, CloseDate, Account.Name, Owner.Email, SystemModstamp FROM Opportunity "
    "ORDER BY SystemModstamp, Id"
)


def deals_in(org: Org) -> Deals:
    """{id: (stage, amount, close date, account, owner, stamp)} of every deal that is not deleted."""
    return {str(row["Id"]): _own(row, org) for row in org.records("Opportunity") if not row["IsDeleted"]}


def deals_from(records: Iterable[Mapping[str, Any]]) -> Deals:
    """The same from records of SOQL as a client gives them. A deal that comes twice is an error."""
    deals: Deals = {}
    for record in records:
        assert record["Id"] not in deals
        amount, account = record["Amount"], record["Account"]
        deals[record["Id"]] = (
            record["StageName"],
            None if amount is None else Decimal(str(amount)),
            record["CloseDate"],
            account and account["Name"],
            record["Owner"]["Email"],
            record["SystemModstamp"],
        )
    return deals


def _own(row: Row, org: Org) -> Facts:
    amount, account = row["Amount"], row["AccountId"]
    return (
        str(row["StageName"]),
        None if amount is None else Decimal(str(amount)),
        str(row["CloseDate"]),
        str(org.record(str(account))["Name"]) if account else None,
        str(org.record(str(row["OwnerId"]))["Email"]),
        str(row["SystemModstamp"]),
    )


def won_in(deals: Deals) -> Deals:
    """Those in the stage that is spelt exactly so."""
    return {deal_id: facts for deal_id, facts in deals.items() if facts[0] == "Closed Won"}
