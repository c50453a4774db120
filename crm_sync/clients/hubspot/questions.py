"""What is asked of HubSpot beside the sync."""

from collections.abc import Mapping, Sequence
from datetime import date

from crm_sync.clients.hubspot.client import HubSpotClient
from crm_sync.clients.hubspot.values import day_in_millis
from crm_sync.clients.hubspot.windows import searches
from crm_sync.clients.reading import reads_answers_of
from crm_sync.deals import NearMiss

of_hubspot = reads_answers_of("HubSpot")


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
