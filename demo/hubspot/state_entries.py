"""The parts of a portal as plain JSON values under a section and a key, and back."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from demo.hubspot.associations import AssociationType
from demo.hubspot.options import AccountState, Habits, Limits
from demo.hubspot.pipelines import Audit, Pipeline, Stage
from demo.hubspot.portal import Portal
from demo.hubspot.property_definitions import Option, Property
from demo.hubspot.records import AccessToken, Change, Owner, Record, Source, Team
from demo.hubspot.timestamps import EPOCH

Entry = tuple[str, str, Any]


def everything(portal: Portal) -> Iterator[Entry]:
    """Links come after the records."""
    for section in ("settings", "pipelines"):
        yield entry(portal, section, "")
    for object_type in portal.objects:
        yield entry(portal, "properties", object_type)
    for section, keys in (("token", portal.tokens), ("owner", portal.owners)):
        for key in keys:
            yield entry(portal, section, key)
    for object_type, store in portal.objects.items():
        for key in (*store.records, *store.aliases):
            yield entry(portal, object_type, key)
    for (source, target), from_id in portal.associations.everything():
        yield entry(portal, f"{source}/{target}", from_id)


def take_unsaved(portal: Portal) -> set[tuple[str, str]]:
    """The section and key of what has changed since the last time."""
    noted, portal.unsaved = portal.unsaved, set()
    linked, portal.associations.unsaved = portal.associations.unsaved, set()
    return noted | {(f"{source}/{target}", from_id) for (source, target), from_id in linked}


def entry(portal: Portal, section: str, key: str) -> Entry:
    return section, key, _value(portal, section, key)


def restore(portal: Portal, section: str, key: str, value: Any) -> None:
    if section in portal.objects:
        _restore_object(portal, section, key, value)
    elif "/" in section:
        source, _, target = section.partition("/")
        links = {to_id: [AssociationType(**kind) for kind in kinds] for to_id, kinds in value.items()}
        portal.associations.restore((source, target), key, links)
    else:
        RESTORING[section](portal, key, value)


def _value(portal: Portal, section: str, key: str) -> Any:
    if section in portal.objects:
        return _object_value(portal, section, key)
    if "/" in section:
        source, _, target = section.partition("/")
        links = portal.associations.of((source, target), key)
        return {to_id: [asdict(kind) for kind in kinds] for to_id, kinds in links.items()}
    match section:
        case "settings":
            return _settings(portal)
        case "pipelines":
            return {
                "pipelines": [asdict(pipeline) for pipeline in portal.pipelines],
                "audits": [asdict(audit) for audit in portal.audits],
            }
        case "properties":
            return [asdict(prop) for prop in portal.properties[key].values()]
        case "token":
            return asdict(portal.tokens[key]) if key in portal.tokens else None
        case _:
            return asdict(portal.owners[key])


def _settings(portal: Portal) -> dict[str, Any]:
    return {
        "portal_id": portal.portal_id,
        "limits": asdict(portal.limits),
        "state": asdict(portal.state),
        "habits": asdict(portal.habits),
        "search_lag": portal.search_lag,
    }


def _restore_settings(portal: Portal, key: str, value: Any) -> None:
    portal.portal_id = value["portal_id"]
    portal.limits = Limits(**value["limits"])
    portal.state = AccountState(**_with_moments(value["state"], "moving_until", "locked_until"))
    portal.habits = Habits(**value["habits"])
    portal.search_lag = value["search_lag"]


def _restore_pipelines(portal: Portal, key: str, value: Any) -> None:
    portal.pipelines = [_pipeline(values) for values in value["pipelines"]]
    portal.audits = [Audit(**_with_moments(values, "at")) for values in value["audits"]]


def _pipeline(values: dict[str, Any]) -> Pipeline:
    life = ("created_at", "updated_at")
    stages = tuple(Stage(**_with_moments(stage, *life)) for stage in values["stages"])
    return Pipeline(**{**_with_moments(values, *life), "stages": stages})


def _restore_properties(portal: Portal, key: str, value: Any) -> None:
    portal.properties[key] = {
        each["name"]: Property(
            **{
                **_with_moments(each, "archived_at"),
                "options": tuple(Option(**option) for option in each["options"]),
            }
        )
        for each in value
    }


def _restore_token(portal: Portal, key: str, value: Any) -> None:
    portal.tokens.pop(key, None)
    if value:
        moments = _with_moments(value, "ends_at", "expired_at")
        portal.tokens[key] = AccessToken(**{**moments, "scopes": tuple(value["scopes"])})


def _restore_owner(portal: Portal, key: str, value: Any) -> None:
    moments = _with_moments(value, "created_at", "updated_at")
    portal.owners[key] = Owner(**{**moments, "teams": tuple(Team(**team) for team in value["teams"])})


RESTORING: dict[str, Callable[[Portal, str, Any], None]] = {
    "settings": _restore_settings,
    "pipelines": _restore_pipelines,
    "properties": _restore_properties,
    "token": _restore_token,
    "owner": _restore_owner,
}


def _object_value(portal: Portal, object_type: str, key: str) -> Any:
    """A record, the id it was merged into, or nothing for one that was deleted for good.

    The first change of a record repeats what the record says, so only what differs from it is kept."""
    store = portal.objects[object_type]
    record = store.records.get(key)
    if record is None:
        return store.aliases.get(key)
    first, *later = record.changes
    return {
        "properties": record.properties,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "archived_at": record.archived_at,
        "first": {**_change_value(first), "values": _differing(first.values, record.properties)},
        "later": [_change_value(change) for change in later],
    }


def _change_value(change: Change) -> dict[str, Any]:
    return {"at": change.at, "values": change.values, "source": asdict(change.source)}


def _differing(values: Any, now: Any) -> dict[str, Any]:
    """What a first change has otherwise than the record; `None` for what it did not have."""
    return {name: values.get(name) for name in now if values.get(name) != now[name]}


def _restore_object(portal: Portal, object_type: str, key: str, value: Any) -> None:
    store = portal.objects[object_type]
    store.reserve(key)
    if value is None:
        return
    if isinstance(value, str):
        store.aliases[key] = value
        return
    first = value["first"]
    whole = {**value["properties"], **first["values"]} if first["values"] else value["properties"]
    first = {**first, "values": whole}
    moments = _with_moments(value, "created_at", "updated_at", "archived_at")
    record = Record(
        id=key,
        properties=value["properties"],
        created_at=moments["created_at"],
        updated_at=moments["updated_at"],
        archived_at=moments["archived_at"],
        changes=tuple(_change(each) for each in (first, *value["later"])),
    )
    store.put(record, at=EPOCH)


def _change(values: dict[str, Any]) -> Change:
    return Change(**{**_with_moments(values, "at"), "source": Source(**values["source"])})


def _with_moments(values: dict[str, Any], *names: str) -> dict[str, Any]:
    read = {name: datetime.fromisoformat(values[name]) if values[name] else None for name in names}
    return {**values, **read}
