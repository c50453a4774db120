"""What is asked of Salesforce beside the sync."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from crm_sync.clients.reading import reads_answers_of
from crm_sync.clients.salesforce.api import PAGE_SIZE
from crm_sync.clients.salesforce.client import SalesforceClient
from crm_sync.clients.salesforce.values import date_literal, quote_text, quote_texts, to_18
from crm_sync.clients.spellings import spellings
from crm_sync.deals import NearMiss

of_salesforce = reads_answers_of("Salesforce")


class SalesforceQuestions:
    def __init__(self, client: SalesforceClient) -> None:
        self.client = client

    @of_salesforce
    def deals_per_stage(
        self, *, misses: Sequence[NearMiss], selected: Sequence[str], since: date
    ) -> Mapping[str, int]:
        """SOQL compares and groups without regard to case, so each name brings its variants along.

        Counted among the deals that changed last, as many as one answer shows: that keeps it one call.
        """
        spelt = [text for name in selected for text in spellings(name)]
        names = quote_texts([*dict.fromkeys([*selected, *spelt, *(one.name for one in misses)])])
        rows = self.client.query_all(
            "SELECT Id, StageName FROM Opportunity "  # noqa: S608  names and day are quoted
            f"WHERE StageName IN {names} AND CloseDate >= {date_literal(since)} "
            f"ORDER BY SystemModstamp DESC, Id DESC LIMIT {PAGE_SIZE}"
        )
        counted = Counter(str(row["StageName"] or "") for row in rows)
        return dict(sorted(counted.items(), key=lambda one: one[0].casefold()))

    @of_salesforce
    def ids_named(self, *, name: str, limit: int) -> Sequence[str]:
        rows = self.client.query_all(
            f"SELECT Id FROM Opportunity WHERE Name = {quote_text(name)} "  # noqa: S608  the name is quoted
            f"ORDER BY Id ASC LIMIT {limit}"
        )
        return [to_18(str(row["Id"])) for row in rows]

    @of_salesforce
    def newest_in(self, *, stage_ids: Sequence[str], limit: int) -> Sequence[str]:
        if not stage_ids:
            return []
        rows = self.client.query_all(
            f"SELECT Id FROM Opportunity WHERE StageName IN {quote_texts(stage_ids)} "  # noqa: S608  quoted
            f"ORDER BY SystemModstamp DESC, Id DESC LIMIT {limit}"
        )
        return [to_18(str(row["Id"])) for row in rows]

    @of_salesforce
    def was_deleted(self, *, external_id: str) -> bool:
        """https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_queryall.htm"""
        soql = f"SELECT Id, IsDeleted FROM Opportunity WHERE Id = {quote_text(external_id)}"  # noqa: S608  quoted
        answer = self.client.get(f"{self.client.data_path}/queryAll/", params={"q": soql})
        return any(row.get("IsDeleted") is True for row in answer.objects("records"))
