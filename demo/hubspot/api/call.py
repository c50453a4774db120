"""One API call on its way: who calls, and how its body and record parameters read."""

import json
from dataclasses import dataclass
from typing import Any

from demo.hubspot.object_store import ObjectStore
from demo.hubspot.portal import Portal
from demo.hubspot.records import AccessToken
from demo.hubspot.refusals import invalid, unknown_object_type, unreadable_json, wrong_content_type
from demo.messages import Request

OBJECT_TYPES = {
    **dict.fromkeys(("deals", "deal", "0-3"), "deals"),
    **dict.fromkeys(("companies", "company", "0-2"), "companies"),
    **dict.fromkeys(("contacts", "contact", "0-1"), "contacts"),
    **dict.fromkeys(("line_items", "line_item", "0-8"), "line_items"),
}
TYPE_IDS = {"deals": "0-3", "companies": "0-2", "contacts": "0-1", "line_items": "0-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    portal: Portal
    request: Request
    token: AccessToken

    def body(self) -> Any:
        if "json" not in self.request.headers.get("Content-Type", "json"):
            raise wrong_content_type()
        try:
            return self.request.json()
        except json.JSONDecodeError as error:
            raise unreadable_json(error.msg, line=error.lineno, column=error.colno) from error
        except UnicodeDecodeError as error:
            raise unreadable_json("Invalid UTF-8") from error

    def argument(self, name: str, default: str = "") -> str:
        return self.request.argument(name, default)

    def flag(self, name: str) -> bool:
        return self.argument(name).lower() == "true"

    def names(self, parameter: str) -> tuple[str, ...] | None:
        """A list parameter, repeated or separated by commas; None when it is not there."""
        if parameter not in self.request.query:
            return None
        values = self.request.query[parameter]
        return tuple(name for value in values for name in value.split(",") if name)

    def limit(self, *, default: int, maximum: int) -> int:
        text = self.argument("limit", str(default))
        if not text.isdigit() or not 1 <= int(text) <= maximum:
            raise invalid(f"limit must be between 1 and {maximum}")
        return int(text)

    def store(self, object_type: str) -> ObjectStore:
        return self.portal.objects[object_type]

    def item(self) -> dict[str, Any]:
        """A body that must be an object."""
        body = self.body()
        if not isinstance(body, dict):
            raise unreadable_json("Cannot deserialize the body from anything but an object")
        return body


def object_type_named(name: str) -> str:
    try:
        return OBJECT_TYPES[name.lower()]
    except KeyError:
        raise unknown_object_type(name) from None


def batch_inputs(body: Any, *, maximum: int) -> list[dict[str, Any]]:
    inputs = body.get("inputs") if isinstance(body, dict) else None
    if not isinstance(inputs, list) or not all(isinstance(item, dict) and "id" in item for item in inputs):
        raise unreadable_json("Cannot build BatchInput, some of required attributes are not set [inputs]")
    if len(inputs) > maximum:
        raise invalid(f"The number of inputs ({len(inputs)}) is above the maximum of {maximum}")
    return inputs
