"""An org as plain JSON values and back. Codes, sign-ins and query cursors are short-lived and left out."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from demo.salesforce.grants import Access, App, Approval, Grants
from demo.salesforce.org import Org


def take(org: Org) -> dict[str, Any]:
    with org.lock:
        return {
            "org_id": org.org_id,
            "admin_id": org.admin_id,
            "numbers": dict(org.numbers),
            "passwords": dict(org.passwords),
            "deleted_at": dict(org.visibility.deleted_at),
            "tables": {name: list(rows.values()) for name, rows in org.tables.items()},
            "features": sorted(org.schema.features),
            "hidden": org.schema.hidden,
            "schema_changed_at": org.schema_changed_at.isoformat(),
            **_take_grants(org.grants),
        }


def restore(org: Org, kept: Mapping[str, Any]) -> None:
    with org.lock:
        org.org_id, org.admin_id = kept["org_id"], kept["admin_id"]
        org.numbers, org.passwords = org.numbers | kept["numbers"], kept["passwords"]
        org.tables |= {name: {row["Id"]: row for row in rows} for name, rows in kept["tables"].items()}
        org.visibility.deleted_at = dict(kept.get("deleted_at", {}))
        org.schema.features = set(kept["features"])
        for object_name, field_name in kept["hidden"]:
            org.schema.hide(object_name, field_name)
        org.refresh_stage_list()
        org.schema_changed_at = datetime.fromisoformat(kept["schema_changed_at"])
        _restore_grants(org.grants, kept)
        org.grants.org_id = org.org_id
        org.app = next(iter(org.grants.apps.values()))


def _take_grants(grants: Grants) -> dict[str, Any]:
    place = {id(approval): number for number, approval in enumerate(grants.approvals)}
    return {
        "apps": [asdict(app) for app in grants.apps.values()],
        "approvals": [asdict(approval) for approval in grants.approvals],
        "access": [
            {
                "token": token,
                "approval": place[id(access.approval)],
                "issued_at": access.issued_at.isoformat(),
                "ends_at": access.ends_at.isoformat(),
            }
            for token, access in grants.access.items()
        ],
    }


def _restore_grants(grants: Grants, kept: Mapping[str, Any]) -> None:
    grants.apps = {app["consumer_key"]: App(**app) for app in kept["apps"]}
    grants.approvals = [Approval(**approval) for approval in kept["approvals"]]
    grants.access = {
        each["token"]: Access(
            approval=grants.approvals[each["approval"]],
            issued_at=datetime.fromisoformat(each["issued_at"]),
            ends_at=datetime.fromisoformat(each["ends_at"]),
        )
        for each in kept["access"]
    }
