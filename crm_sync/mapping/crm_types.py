"""The kinds of fields that CRMs have, by the type names of both. Values only."""

from enum import StrEnum


class Kind(StrEnum):
    TEXT = "a text field"
    CHOICE = "a list of choices"
    NUMBER = "a number field"
    PERCENT = "a percentage"
    DATE = "a date field"
    YES_NO = "a yes-or-no field"
    REFERENCE = "a link to another record"
    OTHER = "another kind of field"


KINDS = {
    Kind.TEXT: (
        "string",
        "textarea",
        "text",
        "phone",
        "phone_number",
        "url",
        "email",
        "encryptedstring",
        "combobox",
    ),
    Kind.CHOICE: ("picklist", "multipicklist", "enumeration"),
    Kind.NUMBER: ("currency", "int", "long", "double", "number"),
    Kind.PERCENT: ("percent",),
    Kind.DATE: ("date", "datetime"),
    Kind.YES_NO: ("boolean", "bool"),
    Kind.REFERENCE: ("reference", "id"),
}
KIND_OF = {name: kind for kind, names in KINDS.items() for name in names}
NEVER_SAMPLED = frozenset({"base64", "address", "location", "json", "object_coordinates", "anytype"})
"""Types without a plain value."""


def kind_of(type_name: str) -> Kind:
    return KIND_OF.get(type_name.lower(), Kind.OTHER)
