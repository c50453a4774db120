"""What the CRM's fields hold in won deals of late, so that people recognise the one they want."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm_sync.clients.protocol import CrmClient
from crm_sync.clients.registry import facts_of, questions_for
from crm_sync.deals import Deal
from crm_sync.enums import SourceObject
from crm_sync.errors import ConfigError, SyncError
from crm_sync.mapping.crm_types import NEVER_SAMPLED
from crm_sync.mapping.readers import is_missing, printable
from crm_sync.mapping.stages import read_schema
from crm_sync.models import Connection, CrmSchema

DEALS = 5
MOST_SAMPLES = 3
LONGEST_SAMPLE = 60
MOST_FIELDS = 1_000
Name = tuple[str, str]
log = logging.getLogger(__name__)


def read_schema_with_samples(*, connection: Connection, client: CrmClient) -> CrmSchema:
    """The schema as the CRM has it now, with new samples; where they cannot be had, with those of before."""
    schema = read_schema(connection=connection, client=client)
    try:
        found = Sampler(connection=connection, client=client).run(schema)
    except SyncError as error:
        if isinstance(error, ConfigError) and error.breaks:
            raise
        log.warning("No samples of %s could be read: %s", connection, error)
    else:
        for entry in schema.fields:
            entry["samples"] = found.get(name_of(entry), [])
    return schema


@dataclass(slots=True, kw_only=True)
class Sampler:
    """Reads a few deals with all the fields there are."""

    connection: Connection
    client: CrmClient
    found: dict[Name, list[str]] = field(default_factory=dict)

    def run(self, schema: CrmSchema) -> Mapping[Name, list[str]]:
        selected = self.connection.stage_names
        stage_ids = [one["id"] for one in schema.stages if one["name"] in selected]
        questions = questions_for(self.client, provider=self.connection.provider)
        ids = questions.newest_in(stage_ids=stage_ids, limit=DEALS)
        if ids:
            for wanted in self.portions(schema.fields):
                for page in self.client.deals_by_id(external_ids=ids, wanted=wanted):
                    for deal in page.deals:
                        self.note(deal)
        return self.found

    def portions(self, fields: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[SourceObject, Sequence[str]]]:
        plain = [name_of(one) for one in fields if str(one["type"]).lower() not in NEVER_SAMPLED]
        plain = plain[:MOST_FIELDS]
        at_once = facts_of(self.connection.provider).fields_at_once
        for start in range(0, len(plain), at_once):
            wanted: dict[SourceObject, list[str]] = {place: [] for place in SourceObject}
            for place, name in plain[start : start + at_once]:
                wanted[SourceObject(place)].append(name)
            yield wanted

    def note(self, deal: Deal) -> None:
        for place, values in deal.fields.items():
            for name, raw in values.items():
                samples = self.found.setdefault((place.value, name), [])
                shown = printable(raw, longest=LONGEST_SAMPLE)
                if not is_missing(raw) and shown not in samples and len(samples) < MOST_SAMPLES:
                    samples.append(shown)


def name_of(entry: Mapping[str, Any]) -> Name:
    return str(entry["source_object"]), str(entry["name"])
