"""What has become of deals and accounts: there, deleted, or merged into another one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crm_sync.clients.reading import flag, reads_answers_of
from crm_sync.clients.salesforce.api import SalesforceApi
from crm_sync.clients.salesforce.deals import id_of, readable_id
from crm_sync.clients.salesforce.values import quote_texts, to_18
from crm_sync.deals import Presence
from crm_sync.errors import ConfigError
from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import Findings

IDS_PER_QUERY = 200
MASTERS = "Id, MasterRecordId FROM Account"
Record = dict[str, Any]
reads_answers = reads_answers_of("Salesforce")


class SalesforcePresence(SalesforceApi):
    """Asks for records by id, those in the recycle bin included."""

    findings: Findings

    @reads_answers
    def presence(self, *, external_ids: Sequence[str]) -> Mapping[str, Presence]:
        """Deleted ones too, while the recycle bin has them."""
        rows = self.rows_by_id("Id, StageName, IsWon, IsClosed, IsDeleted FROM Opportunity", ids=external_ids)
        return {
            to_18(id_of(row)): Presence(
                stage=str(row["StageName"] or ""),
                crm_says_won=flag(row.get("IsWon")),
                crm_says_closed=flag(row.get("IsClosed")),
                is_deleted=bool(row["IsDeleted"]),
            )
            for row in rows
        }

    def merged_deals(self, *, external_ids: Sequence[str]) -> Mapping[str, str]:
        """Salesforce merges accounts, contacts and leads, and no deals."""
        return {}

    def accounts_merged_into(
        self, *, survivors: Mapping[str, Sequence[str]], among: Sequence[str]
    ) -> Mapping[str, Sequence[str]]:
        """Asked from the survivors back: who names them as master, and who names those."""
        found: dict[str, list[str]] = {key: [] for key in survivors}
        stands_for = {key: key for key in survivors}
        while stands_for:
            losers = self.losers_of(list(stands_for))
            seen = {*found, *(old for olds in found.values() for old in olds)}
            stands_for = {old: stands_for[master] for old, master in losers.items() if old not in seen}
            for old, survivor in stands_for.items():
                found[survivor].append(old)
        known = set(among)
        return {key: [old for old in olds if old in known] for key, olds in found.items()}

    @reads_answers
    def losers_of(self, masters: Sequence[str]) -> dict[str, str]:
        """The accounts that were merged into these, each with its master; none where we may not see that."""
        try:
            rows = list(self.rows_by_id(MASTERS, ids=masters, column="MasterRecordId"))
        except ConfigError as error:
            if error.breaks:
                raise
            return {}
        return masters_in(rows)

    @reads_answers
    def merged_accounts(self, *, external_ids: Sequence[str]) -> Mapping[str, str]:
        """A merged account is deleted and names its master. A user who may not see that stops no sweep."""
        try:
            rows = list(self.rows_by_id(MASTERS, ids=external_ids))
        except ConfigError as error:
            if error.breaks:
                raise
            self.findings.trouble(FindingCode.MERGES_UNREADABLE, error=str(error))
            return {}
        self.findings.fine(FindingCode.MERGES_UNREADABLE)
        return masters_in(rows)

    def rows_by_id(self, columns: str, *, ids: Sequence[str], column: str = "Id") -> Iterator[Record]:
        """Rows whether deleted or not, 200 ids to a query."""
        for start in range(0, len(ids), IDS_PER_QUERY):
            chosen = quote_texts(ids[start : start + IDS_PER_QUERY])
            soql = f"SELECT {columns} WHERE {column} IN {chosen}"
            for _, body in self.pages(soql, resource="queryAll"):
                yield from body["records"]


def masters_in(rows: Iterable[Record]) -> dict[str, str]:
    """Into which account each one was merged. A row that cannot be read is left out until the next sweep."""
    found = {}
    for row in rows:
        old, master = readable_id(row), readable_id({"Id": row.get("MasterRecordId")})
        if old and master:
            found[old] = master
    return found
