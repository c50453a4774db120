"""Pauses a connection and lets it continue. The cursor stays, so nothing that closes meanwhile is missed."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models.functions import Now

from contracts import audit
from crm_sync.enums import ConnectionState
from crm_sync.models import Connection


class UnableToPause(Exception):
    """The connection is not in a state to be paused, or to continue."""


def pause(*, connection: Connection, actor: AbstractBaseUser | None) -> None:
    with transaction.atomic():
        locked = Connection.objects.select_for_update().get(pk=connection.pk)
        if not locked.is_live:
            raise UnableToPause(f"{locked} is not importing, so there is nothing to pause.")
        move(locked, to=ConnectionState.PAUSED, action="connection paused", actor=actor)


def resume(*, connection: Connection, actor: AbstractBaseUser | None) -> None:
    """A credential that has died meanwhile shows at the next poll."""
    with transaction.atomic():
        locked = Connection.objects.select_for_update().get(pk=connection.pk)
        if locked.state != ConnectionState.PAUSED:
            raise UnableToPause(f"{locked} is not paused.")
        locked.live_since = Now()
        state = ConnectionState.DEGRADED if locked.warnings else ConnectionState.CONNECTED
        move(locked, to=state, action="connection resumed", actor=actor)


def move(connection: Connection, *, to: ConnectionState, action: str, actor: AbstractBaseUser | None) -> None:
    before = connection.state
    connection.state = to
    connection.state_reason = ""
    connection.save(update_fields=["state", "state_reason", "live_since"])
    audit.record(
        actor=actor, action=action, subject=connection, before={"state": before}, after={"state": to.value}
    )
