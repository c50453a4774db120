"""One property of an object type, in the shape of the properties endpoint."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from demo.hubspot.timestamps import write_moment

Sensitivity = Literal["non_sensitive", "sensitive", "highly_sensitive"]
PropertyType = Literal["string", "number", "bool", "enumeration", "date", "datetime", "phone_number"]

CREATED = datetime(2020, 6, 30, 15, 57, 37, 652_000, tzinfo=UTC)
UPDATED = datetime(2024, 9, 5, 17, 14, 4, 747_000, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    value: str
    label: str
    hidden: bool = False

    def body(self, *, position: int) -> dict[str, Any]:
        return {
            "label": self.label,
            "value": self.value,
            "displayOrder": position,
            "hidden": self.hidden,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    name: str
    label: str
    type: PropertyType
    field_type: str
    group: str
    description: str = ""
    options: tuple[Option, ...] = ()
    refers_to: str | None = None
    currency_property: str | None = None
    calculated: bool = False
    custom: bool = False
    hidden: bool = False
    read_only: bool = False
    unique: bool = False
    sensitivity: Sensitivity = "non_sensitive"
    archived_at: datetime | None = None

    def body(self, *, position: int) -> dict[str, Any]:
        body: dict[str, Any] = {
            "updatedAt": write_moment(UPDATED),
            "createdAt": write_moment(CREATED),
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": [option.body(position=index) for index, option in enumerate(self.options)],
            "displayOrder": position,
            "calculated": self.calculated,
            "externalOptions": self.refers_to is not None,
            "hasUniqueValue": self.unique,
            "hidden": self.hidden,
            "hubspotDefined": not self.custom,
            "modificationMetadata": {
                "archivable": True,
                "readOnlyDefinition": not self.custom,
                "readOnlyValue": self.calculated or self.read_only,
            },
            "formField": self.custom,
            "dataSensitivity": self.sensitivity,
        }
        if self.refers_to:
            body["referencedObjectType"] = self.refers_to
        if self.currency_property:
            body |= {"showCurrencySymbol": True, "currencyPropertyName": self.currency_property}
        if self.archived_at:
            body |= {"archived": True, "archivedAt": write_moment(self.archived_at)}
        return body
