"""A record as the API shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demo.hubspot.api.call import TYPE_IDS, Call
from demo.hubspot.portal_base import modified_property
from demo.hubspot.records import Record
from demo.hubspot.scopes import sensitivity_requirement
from demo.hubspot.timestamps import write_moment

DEFAULT_PROPERTIES = {
    "deals": ("amount", "closedate", "dealname", "dealstage", "pipeline"),
    "companies": ("domain", "name"),
    "contacts": ("email", "firstname", "lastname"),
    "line_items": ("amount", "name", "price", "quantity"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a call wants to see of its records."""

    call: Call
    object_type: str
    names: list[str]
    history: list[str]

    def body(self, record: Record) -> dict[str, Any]:
        portal, get = self.call.portal, record.properties.get
        body: dict[str, Any] = {
            "id": record.id,
            "properties": {name: get(name) or None for name in self.names},
            "createdAt": get("createdate"),
            "updatedAt": get(modified_property(self.object_type)),
            "archived": record.archived_at is not None,
        }
        if self.history:
            body["propertiesWithHistory"] = {name: list(record.versions(name)) for name in self.history}
        if record.archived_at:
            body["archivedAt"] = write_moment(record.archived_at)
        place = f"{portal.portal_id}/record/{TYPE_IDS[self.object_type]}/{record.id}"
        body["url"] = f"https://{portal.ui_domain}/contacts/{place}"
        return body


def shown(
    call: Call, object_type: str, *, asked: Sequence[str] | None, history: Sequence[str] | None = None
) -> Shown:
    """The asked properties that exist and may be seen, or the default ones; three always come."""
    names = DEFAULT_PROPERTIES[object_type] if asked is None else asked
    always = {"createdate", "hs_object_id", modified_property(object_type)}
    return Shown(
        call=call,
        object_type=object_type,
        names=sorted({*_visible(call, object_type, names), *always}),
        history=sorted(_visible(call, object_type, history or ())),
    )


def _visible(call: Call, object_type: str, names: Sequence[str]) -> set[str]:
    known = call.portal.properties[object_type]
    return {
        name
        for name in names
        if name in known and not known[name].archived_at and _may_see(call, object_type, name)
    }


def _may_see(call: Call, object_type: str, name: str) -> bool:
    sensitivity = call.portal.properties[object_type][name].sensitivity
    if sensitivity == "non_sensitive":
        return True
    return sensitivity_requirement(object_type, sensitivity).met_by(call.token.scopes)
