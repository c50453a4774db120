"""Keeps a portal's records, owners and tokens in one JSON file, so that a restart finds them again."""

import json
import os
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from demo.hubspot.associations import AssociationType
from demo.hubspot.object_store import ObjectStore
from demo.hubspot.portal import Portal
from demo.hubspot.records import AccessToken, Owner, Record, Team


def save(portal: Portal, *, path: Path) -> None:
    """Whole or not at all; readable by the owner only, for it holds tokens."""
    with portal.lock:
        text = json.dumps(_dump(portal), default=_moment)
    draft = path.with_name(f"{path.name}.new")
    with open(draft, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
    draft.replace(path)


def load(portal: Portal, *, path: Path) -> None:
    state = json.loads(path.read_text())
    with portal.lock:
        portal.portal_id = state["portal_id"]
        for token in state["tokens"]:
            portal.tokens[token["value"]] = AccessToken(**{**token, "scopes": tuple(token["scopes"])})
        for owner in state["owners"]:
            portal.owners[owner["id"]] = _owner(owner)
        for object_type, content in state["objects"].items():
            _load_objects(portal.objects[object_type], content)
        for source, target, from_id, to_id, types in state["associations"]:
            kinds = [AssociationType(type_id=n, label=label, category=c) for n, label, c in types]
            portal.associations.restore((source, target), from_id, to_id, kinds)


def _dump(portal: Portal) -> dict[str, Any]:
    return {
        "portal_id": portal.portal_id,
        "tokens": [asdict(token) for token in portal.tokens.values()],
        "owners": [asdict(owner) for owner in portal.owners.values()],
        "objects": {
            name: {
                "records": [_dump_record(record) for record in store.records.values()],
                "aliases": store.aliases,
            }
            for name, store in portal.objects.items()
        },
        "associations": [
            (*ends, [(kind.type_id, kind.label, kind.category) for kind in types])
            for *ends, types in portal.associations.rows()
        ],
    }


def _dump_record(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "properties": dict(record.properties),
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "archived_at": record.archived_at,
    }


def _load_objects(store: ObjectStore, content: dict[str, Any]) -> None:
    store.aliases.update(content["aliases"])
    for values in content["records"]:
        moments = {name: _read(values[name]) for name in ("created_at", "updated_at", "archived_at")}
        record = Record(**{**values, **moments})
        store.put(record, at=record.updated_at)


def _owner(values: dict[str, Any]) -> Owner:
    moments = {name: _read(values[name]) for name in ("created_at", "updated_at")}
    return Owner(**{**values, **moments, "teams": tuple(Team(**team) for team in values["teams"])})


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be stored")


def _read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
