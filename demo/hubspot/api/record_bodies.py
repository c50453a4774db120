"""A record as the API shows it."""

from collections.abc import Sequence
from typing import Any

from demo.hubspot.api.call import TYPE_IDS
from demo.hubspot.portal import Portal, modified_property
from demo.hubspot.records import Record
from demo.hubspot.timestamps import write_moment

DEFAULT_PROPERTIES = {
    "deals": ("amount", "closedate", "dealname", "dealstage", "pipeline"),
    "companies": ("domain", "name"),
    "contacts": ("email", "firstname", "lastname"),
    "line_items": (),
}


def shown_properties(portal: Portal, object_type: str, asked: Sequence[str] | None) -> list[str]:
    """The asked properties that exist, or the default ones, and the three that always come."""
    known = portal.properties[object_type]
    names = DEFAULT_PROPERTIES[object_type] if asked is None else asked
    existing = {name for name in names if name in known and not known[name].archived_at}
    return sorted({*existing, "createdate", "hs_object_id", modified_property(object_type)})


def record_body(portal: Portal, object_type: str, record: Record, *, names: list[str]) -> dict[str, Any]:
    get = record.properties.get
    body: dict[str, Any] = {
        "id": record.id,
        "properties": {name: get(name) or None for name in names},
        "createdAt": get("createdate"),
        "updatedAt": get(modified_property(object_type)),
        "archived": record.archived_at is not None,
    }
    if record.archived_at:
        body["archivedAt"] = write_moment(record.archived_at)
    body["url"] = (
        f"https://{portal.ui_domain}/contacts/{portal.portal_id}/record/{TYPE_IDS[object_type]}/{record.id}"
    )
    return body
