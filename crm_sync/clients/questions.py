"""What is asked of a CRM beside the sync: deals per stage, the deal of a name, what became of a deal."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from crm_sync.clients.hubspot.client import HubSpotClient
from crm_sync.clients.hubspot.values import day_in_millis
from crm_sync.clients.hubspot.windows import searches
from crm_sync.clients.protocol import CrmClient
from crm_sync.clients.reading import reads_answers_of
from crm_sync.clients.salesforce.api import PAGE_SIZE
from crm_sync.clients.salesforce.client import SalesforceClient
from crm_sync.clients.salesforce.values import date_literal, quote_text, quote_texts, to_18
from crm_sync.clients.spellings import spellings
from crm_sync.deals import NearMiss


class Questions(Protocol):
    def deals_per_stage(
        self, *, misses: Sequence[NearMiss], selected: Sequence[str], since: date
    ) -> Mapping[str, int]:
        """Deals closed on or after a day, by exact stage name; more names than asked for may be in it."""
        ...

    def ids_named(self, *, name: str, limit: int) -> Sequence[str]:
        """Deals of this name."""
        ...

    def newest_in(self, *, stage_ids: Sequence[str], limit: int) -> Sequence[str]:
        """The deals in these stages that changed last, whenever they were closed."""
        ...

    def was_deleted(self, *, external_id: str) -> bool:
        """Whether a deal that cannot be read lies in the CRM's recycle bin."""
        ...


of_salesforce, of_hubspot = reads_answers_of("Salesforce"), reads_answers_of("HubSpot")


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


class HubSpotQuestions:
    def __init__(self, client: HubSpotClient) -> None:
        self.client = client

    @of_hubspot
    def deals_per_stage(
        self, *, misses: Sequence[NearMiss], selected: Sequence[str], since: date
    ) -> Mapping[str, int]:
        """One search per name, which tells the total and one deal."""
        start = day_in_millis(since, time_zone=self.client.time_zone)
        closed = {"propertyName": "closedate", "operator": "GTE", "value": start}
        undated = {"propertyName": "closedate", "operator": "NOT_HAS_PROPERTY"}
        counts = {}
        for one in misses:
            if one.ids:
                in_stage = {"propertyName": "dealstage", "operator": "IN", "values": list(one.ids)}
                counts[one.name] = sum(
                    self.client.api.search_deals(groups=groups, properties=["dealname"], limit=1).total
                    for groups in searches([[in_stage, closed], [in_stage, undated]])
                )
        return counts

    @of_hubspot
    def ids_named(self, *, name: str, limit: int) -> Sequence[str]:
        wanted = {"propertyName": "dealname", "operator": "EQ", "value": name}
        found = self.client.api.search_deals(groups=[[wanted]], properties=["dealname"], limit=limit)
        return [str(record["id"]) for record in found.results]

    @of_hubspot
    def newest_in(self, *, stage_ids: Sequence[str], limit: int) -> Sequence[str]:
        """https://developers.hubspot.com/docs/api-reference/search/guide"""
        if not stage_ids:
            return []
        in_stage = {"propertyName": "dealstage", "operator": "IN", "values": list(stage_ids)}
        found = [
            record
            for groups in searches([[in_stage]])
            for record in self.client.api.search_deals(
                groups=groups, properties=["dealname"], limit=limit, newest_first=True
            ).results
        ]
        found.sort(
            key=lambda record: str(record["properties"].get("hs_lastmodifieddate") or ""), reverse=True
        )
        return [str(record["id"]) for record in found[:limit]]

    @of_hubspot
    def was_deleted(self, *, external_id: str) -> bool:
        """https://developers.hubspot.com/docs/api-reference/crm-objects-v3/guide"""
        answer = self.client.api.post(
            self.client.api.path("crm/objects", "deals/batch/read"),
            params={"archived": "true"},
            body={"properties": ["dealname"], "inputs": [{"id": external_id}]},
        )
        return any(str(record["id"]) == external_id for record in answer.objects("results"))


def questions_for(client: CrmClient) -> Questions:
    if isinstance(client, SalesforceClient):
        return SalesforceQuestions(client)
    assert isinstance(client, HubSpotClient)  # there are two providers
    return HubSpotQuestions(client)
