"""What the pages of a field mapping know of the CRM."""

from dataclasses import dataclass
from datetime import datetime

from crm_sync.forms.mapping.source import Studio
from crm_sync.mapping import store
from crm_sync.models import Connection, CrmSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaFacts:
    fetched_at: datetime | None
    number: int


def studio_of(connection: Connection) -> Studio:
    return Studio(
        provider=connection.provider,
        settings=store.settings_of(connection),
        fields=store.source_choices(connection=connection),
    )


def schema_facts(connection: Connection) -> SchemaFacts:
    schema = CrmSchema.objects.filter(pk=connection.pk).only("fields", "fetched_at").first()
    if schema is None:
        return SchemaFacts(fetched_at=None, number=0)
    return SchemaFacts(fetched_at=schema.fetched_at, number=len(schema.fields))
