"""What has become of HubSpot records: there, archived, merged into another, or gone."""

from collections.abc import Mapping, Sequence
from typing import Any

from crm_sync.clients.hubspot.api import HubSpotApi
from crm_sync.clients.hubspot.values import object_id
from crm_sync.clients.reading import text
from crm_sync.deals import Presence, Stage

PROPERTIES = ("dealstage", "hs_merged_object_ids")
MERGED = ("hs_merged_object_ids",)
MOST_MERGED = 1000
"""HubSpot merges 250 records into one at the most."""
Record = Mapping[str, Any]


def read_presence(*, api: HubSpotApi, ids: Sequence[str], stages: Mapping[str, Stage]) -> dict[str, Presence]:
    """Live deals first, then the recycle bin for those that are missing, then one by one the rest.

    Only a single read follows a merge. Its answer has the id of the deal that the asked one was merged into.
    """
    live = api.read_batch(kind="deals", ids=ids, properties=PROPERTIES).records
    merged = {old: key for key, record in live.items() for old in merged_ids(record)}
    missing = [one for one in ids if one not in live and one not in merged]
    archived = (
        api.read_batch(kind="deals", ids=missing, properties=PROPERTIES, archived=True).records
        if missing
        else {}
    )
    found: dict[str, Presence] = {}
    for one in ids:
        if one in live:
            found[one] = presence_of(live[one], stages=stages)
        elif one in merged:
            found[one] = presence_of(live[merged[one]], stages=stages, merged_into=merged[one])
        elif one in archived:
            found[one] = presence_of(archived[one], stages=stages, is_archived=True)
        elif record := api.read_one(kind="deals", record_id=one, properties=PROPERTIES):
            key = str(record["id"])
            found[one] = presence_of(record, stages=stages, merged_into=key if key != one else "")
    return found


def read_survivors(*, api: HubSpotApi, kind: str, ids: Sequence[str]) -> dict[str, str]:
    """Into which record each one was merged; those that were not are absent."""
    live = api.read_batch(kind=kind, ids=ids, properties=MERGED).records
    survivors = {old: key for key, record in live.items() for old in merged_ids(record) if old != key}
    missing = [one for one in ids if one not in live and one not in survivors]
    bin_batch = api.read_batch(kind=kind, ids=missing, properties=MERGED, archived=True) if missing else None
    archived = bin_batch.records if bin_batch else {}
    for one in missing:
        record = None if one in archived else api.read_one(kind=kind, record_id=one, properties=MERGED)
        if record and str(record["id"]) != one:
            survivors[one] = str(record["id"])
    return {old: survivors[old] for old in ids if old in survivors}


def presence_of(
    record: Record, *, stages: Mapping[str, Stage], is_archived: bool = False, merged_into: str = ""
) -> Presence:
    stage_id = str(properties_of(record).get("dealstage") or "")
    stage = stages.get(stage_id)
    return Presence(
        stage=stage.name if stage else stage_id,
        crm_says_won=stage.is_won if stage else None,
        crm_says_closed=stage.is_closed if stage else None,
        is_archived=is_archived,
        merged_into=merged_into,
    )


def merged_ids(record: Record) -> list[str]:
    """The records that were merged into this one."""
    listed = str(properties_of(record).get("hs_merged_object_ids") or "")
    return [part for part in listed.split(";") if part.isascii() and part.isdigit()][:MOST_MERGED]


def read_merged_ids(value: object) -> list[str]:
    """The same out of the property itself; ValueError where something in it is no id."""
    parts = [part.strip() for part in text(value).split(";") if part.strip()]
    return [object_id(part) for part in parts][:MOST_MERGED]


def properties_of(record: Record) -> Mapping[str, Any]:
    """None of a record that has been sent without them."""
    found = record.get("properties")
    return found if isinstance(found, dict) else {}
