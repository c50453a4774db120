"""The mapped properties that a portal does not have. HubSpot leaves them out of its answers in silence."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crm_sync.clients.hubspot.api import HubSpotApi
from crm_sync.clients.reading import options_of
from crm_sync.deals import CrmField
from crm_sync.enums import SourceObject
from crm_sync.errors import ConfigError

KINDS = {SourceObject.DEAL: "deals", SourceObject.ACCOUNT: "companies"}
OWNER_FIELDS = (("email", "Email"), ("firstName", "First name"), ("lastName", "Last name"))
Record = Mapping[str, Any]


class HiddenFields:
    """What one run has found out. The definitions are asked for only when something is missing."""

    def __init__(self, *, api: HubSpotApi) -> None:
        self.api = api
        self.found: set[tuple[SourceObject, str]] = set()
        self.defined: dict[SourceObject, frozenset[str] | None] = {}

    def shown(self, source_object: SourceObject, names: Iterable[str]) -> list[str]:
        """The names that are worth asking for, each once."""
        return [name for name in dict.fromkeys(names) if (source_object, name) not in self.found]

    def look(self, source_object: SourceObject, *, names: Sequence[str], records: Sequence[Record]) -> None:
        """Adds the names that are hidden: on none of the records, and not defined in the portal."""
        present = {name for record in records for name in record["properties"]}
        absent = [name for name in self.shown(source_object, names) if name not in present]
        defined = self.definitions(source_object) if records and absent else None
        if defined is not None:
            self.found |= {(source_object, name) for name in absent if name not in defined}

    def definitions(self, source_object: SourceObject) -> frozenset[str] | None:
        """The names of all properties that are not archived; None where the token may not read them."""
        if source_object not in self.defined:
            try:
                entries = self.api.properties(KINDS[source_object])
            except ConfigError as error:
                if error.breaks or error.status != 403:
                    raise
                self.defined[source_object] = None
            else:
                self.defined[source_object] = frozenset(
                    str(entry.get("name")) for entry in entries if not entry.get("archived")
                )
        return self.defined[source_object]


def listed(api: HubSpotApi, *, kind: str) -> Sequence[Record]:
    """None where the token lacks the scope for it: names are typed then."""
    try:
        return api.properties(kind)
    except ConfigError as error:
        if error.breaks or error.status != 403:
            raise
        return []


def read_fields(api: HubSpotApi) -> list[CrmField]:
    """The properties of deals and companies, as far as the token may list them, and what owners have."""
    fields = [
        CrmField(
            source_object=source_object,
            name=str(entry["name"]),
            label=str(entry.get("label") or entry["name"]),
            type=str(entry.get("type") or ""),
            options=options_of(entry.get("options")),
        )
        for source_object, kind in KINDS.items()
        for entry in listed(api, kind=kind)
        if entry.get("name")
    ]
    owners = [
        CrmField(source_object=SourceObject.OWNER, name=name, label=label, type="string")
        for name, label in OWNER_FIELDS
    ]
    return [*fields, *owners]
