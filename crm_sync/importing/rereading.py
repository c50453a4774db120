"""Moves a cursor back on purpose. Deals read again and found unchanged cost nothing but the reading."""

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from contracts import audit
from crm_sync.connections.settings import CURSOR
from crm_sync.models import Connection


class UnableToReread(Exception):
    """The moment asked for cannot be a start."""


def refuse_future(*, since: datetime, now: datetime) -> None:
    if since > now:
        raise UnableToReread("The moment to start from lies in the future.")


def read_since(*, connection: Connection, since: datetime, actor: AbstractBaseUser | None) -> None:
    """The next run begins at this moment. It never moves a cursor forward: that would skip deals."""
    if connection.cursor_modified_at is None or since >= connection.cursor_modified_at:
        return
    move(connection=connection, to=since, actor=actor)


def read_everything(*, connection: Connection, actor: AbstractBaseUser | None) -> None:
    """The next run reads every won deal since the connection's import-from date."""
    move(connection=connection, to=None, actor=actor)


def move(*, connection: Connection, to: datetime | None, actor: AbstractBaseUser | None) -> None:
    with transaction.atomic():
        before = connection.cursor_modified_at
        connection.forget_cursor()
        connection.cursor_modified_at = to
        connection.save(update_fields=CURSOR)
        audit.record(
            actor=actor,
            action="cursor moved back",
            subject=connection,
            before={"cursor": before.isoformat() if before else None},
            after={"cursor": to.isoformat() if to else None},
        )
