"""How a connection fares: broken off, silent, well again. A change and its mail are written together."""

from django.db import transaction

from crm_sync.connections.alerts import write_alert
from crm_sync.enums import AlertKind, ConnectionState, Trouble
from crm_sync.errors import ConfigError, SyncError
from crm_sync.models import Connection


def break_off(*, connection: Connection, reason: str) -> None:
    """No more calls until a person reconnects. The caller holds the row and saves it."""
    connection.state = ConnectionState.BROKEN
    connection.state_reason = reason
    if connection.trouble != Trouble.BROKEN:
        connection.trouble = Trouble.BROKEN
        write_alert(connection=connection, kind=AlertKind.BROKEN)


def tell_of_database(*, connection: Connection) -> None:
    """Writes one mail, for the first connection that meets it. The caller holds the row and saves it."""
    told = Connection.objects.filter(trouble=Trouble.DATABASE).exists()
    if connection.trouble == Trouble.NONE and not told:
        connection.trouble = Trouble.DATABASE
        write_alert(connection=connection, kind=AlertKind.DATABASE)


def tell_recovery(*, connection: Connection) -> None:
    """Ends what people were told of, if anything. The caller holds the row and saves it."""
    if connection.trouble:
        connection.trouble = Trouble.NONE
        write_alert(connection=connection, kind=AlertKind.RECOVERED)


def note_refusal(*, connection: Connection, error: SyncError) -> None:
    """A definitive refusal outside of a run breaks the connection as one inside does.

    Unless a person has connected again since the caller read it: the refusal is of the old access then.
    """
    if not isinstance(error, ConfigError) or not error.breaks:
        return
    with transaction.atomic():
        locked = Connection.objects.select_for_update().get(pk=connection.pk)
        if locked.is_live and locked.live_since == connection.live_since:
            break_off(connection=locked, reason=str(error))
            locked.save(update_fields=["state", "state_reason", "trouble"])
    connection.refresh_from_db(fields=["state", "state_reason", "trouble"])


def sound_alarms() -> int:
    """Writes the mail of each connection that has fallen silent, once over all processes."""
    sounded = 0
    for connection in Connection.objects.silent().filter(trouble=Trouble.NONE):
        with transaction.atomic():
            is_ours = Connection.objects.filter(pk=connection.pk, trouble=Trouble.NONE).update(
                trouble=Trouble.SILENT
            )
            if is_ours:
                write_alert(connection=connection, kind=AlertKind.SILENT)
                sounded += 1
    return sounded
