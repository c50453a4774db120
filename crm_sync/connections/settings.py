"""Changes what a person sets on a connection."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import F

from contracts import audit
from contracts.clock import business_day
from contracts.transactions import run_durably
from crm_sync.connections.new_deals import newest_record
from crm_sync.connections.org_facts import drop_supplied
from crm_sync.enums import ConnectionMode
from crm_sync.mapping.result import PREVIEW
from crm_sync.models import Connection, ConnectionLease, CrmDeal

CURSOR = ["cursor_modified_at", "cursor_external_id", "cursor_window_end", "cursor_reached_at"]


def save_settings(
    *, connection: Connection, changes: Mapping[str, Any], actor: AbstractBaseUser | None
) -> list[str]:
    """Stores what differs and answers with the names of it.

    An earlier import-from date or a further stage brings in deals that the cursor has passed, so the next run
    reads everything again. So it does when a connection leaves Preview: what was only previewed becomes what
    it was to be. A run at work loses its lease first: its cursor must not cover what it never read, and its
    later pages must not be written in another mode.
    """
    changed = run_durably(partial(store_settings, connection=connection, changes=changes, actor=actor))
    connection.refresh_from_db()
    return changed


def store_settings(
    *, connection: Connection, changes: Mapping[str, Any], actor: AbstractBaseUser | None
) -> list[str]:
    """The same in the caller's transaction."""
    lease = locked_lease(connection)
    locked = Connection.objects.select_for_update().get(pk=connection.pk)
    changed = {name: value for name, value in changes.items() if getattr(locked, name) != value}
    if not changed:
        return []
    before = {name: getattr(locked, name) for name in changed}
    columns = list(changed)
    reads_all = widens(before=before, after=changed) or ends_preview(before=before, after=changed)
    if reads_all or "mode" in changed:
        take_lease_away(lease=lease)
    if reads_all:
        locked.forget_cursor()
        columns += CURSOR
    if before.get("mode") == ConnectionMode.REVIEW:  # a person has approved or rejected each
        locked.answered_record = newest_record(connection=locked)
        columns.append("answered_record")
    if ends_preview(before=before, after=changed):
        read_previews_again(connection=locked)
    for name, value in changed.items():
        setattr(locked, name, value)
    if {"time_zone", "default_currency"} & set(changed):
        columns += drop_supplied(locked)
    if moves_back(before=before, after=changed) and locked.mapping_version_id is not None:
        columns += locked.ask_for_start(
            since=min(locked.automatic_from or before["import_from"], business_day())
        )
    locked.save(update_fields=columns)
    CrmDeal.objects.filter(connection=locked).ask_again()
    audit.record(
        actor=actor,
        action="connection settings changed",
        subject=locked,
        before=printable(before),
        after=printable(changed),
    )
    return list(changed)


def read_all_again(*, connection: Connection) -> None:
    """The next run begins without a cursor. In the caller's transaction; a run at work loses its lease."""
    take_lease_away(lease=locked_lease(connection))
    locked = Connection.objects.select_for_update().get(pk=connection.pk)
    locked.forget_cursor()
    locked.save(update_fields=CURSOR)


def widens(*, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether deals that were left out so far are to be imported now."""
    more_stages = bool(set(after.get("stage_names", ())) - set(before.get("stage_names", ())))
    return moves_back(before=before, after=after) or more_stages


def moves_back(*, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return "import_from" in after and after["import_from"] < before["import_from"]


def ends_preview(*, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return before.get("mode") == ConnectionMode.PREVIEW and "mode" in after


def read_previews_again(*, connection: Connection) -> None:
    """Imported ones by their ids: no search finds those that closed before the import-from date by now."""
    deals = CrmDeal.objects.filter(org=connection.org_id)
    deals.filter(fingerprint__startswith=PREVIEW).update(fingerprint="")


def locked_lease(connection: Connection) -> ConnectionLease:
    """Made if there is none yet, so that a first run cannot begin with settings that are being changed."""
    ConnectionLease.objects.bulk_create([ConnectionLease(connection=connection)], ignore_conflicts=True)
    return ConnectionLease.objects.select_for_update().get(pk=connection.pk)


def take_lease_away(*, lease: ConnectionLease) -> None:
    ConnectionLease.objects.filter(pk=lease.pk).update(
        token=F("token") + 1, backend_pid=None, backend_start=None, expires_at=None
    )


def printable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
