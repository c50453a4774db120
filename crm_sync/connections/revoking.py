"""Ends grants of access that are no longer wanted, and keeps trying where the CRM does not answer.

A grant is marked in the transaction that replaces it or gives it up, then revoked. What fails is tried again
by a background task, less and less often, for a week; after that a person revokes it in the CRM. Until
then its row is there and the pages tell of it: no grant stays alive and unknown.
"""

import logging
from datetime import timedelta

from cryptography.fernet import InvalidToken
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from contracts import audit
from crm_sync.clients.http import Transport
from crm_sync.clients.registry import facts_of
from crm_sync.connections import credentials
from crm_sync.connections.loose_grants import redeem
from crm_sync.enums import GrantPurpose
from crm_sync.errors import ConfigError, SyncError
from crm_sync.models import Connection, LooseGrant, TokenRenewal

FIRST_PAUSE = timedelta(minutes=10)
LONGEST_PAUSE = timedelta(hours=12)
LAST_TRY = 22
"""Ten minutes after the first try, then twice as long, then every twelve hours: a week in all."""
AT_ONCE = 20
log = logging.getLogger(__name__)


class UnableToSettle(Exception):
    """The grant is gone already, or Fincelo still tries to revoke it."""


def replace_grant(*, connection: Connection, login_url: str, new: str) -> None:
    """Marks what a new refresh token replaces: the stored one, and grants of earlier tries.

    In the caller's transaction. `login_url`: where the replaced token was given.
    """
    old = credentials.read(connection=connection, lock=True).refresh_token
    if old and old != new:
        mark_stored(connection=connection, login_url=login_url)
    mark(Q(connection=connection))


def mark_stored(*, connection: Connection, login_url: str) -> None:
    """Marks the refresh token that a connection has. In the caller's transaction.

    The app's details go with it: a token whose renewal was interrupted has to be shown before it is revoked.
    """
    secrets = credentials.read(connection=connection, lock=True)
    if secrets.refresh_token:
        renewal = TokenRenewal.objects.filter(connection=connection).first()
        row = LooseGrant.objects.create(
            connection=connection,
            provider=connection.provider,
            login_url=login_url,
            client_id=connection.client_id,
            purpose=GrantPurpose.ENDS,
            renewal_began_at=renewal.began_at if renewal else None,
            renewal_retried=renewal.retried if renewal else False,
        )
        row.refresh_token, row.client_secret = secrets.refresh_token, secrets.client_secret
        row.save(update_fields=["refresh_token", "client_secret"])


def mark(of: Q) -> None:
    """These grants are revoked, whatever they waited for."""
    LooseGrant.objects.filter(of, purpose=GrantPurpose.WAITS).update(purpose=GrantPurpose.ENDS, due_at=Now())


def give_up(*, row: LooseGrant, error: SyncError) -> None:
    """After a failed connect. What came of a file waits for the command to be run again; the rest is revoked.

    Of an answer that never came nothing is known, so the row stays for a person to look into the CRM.
    """
    if row.given_digest:
        return
    if not row.refresh_token and error.code not in credentials.NO_ANSWER:
        row.delete()
        return
    mark(Q(pk=row.pk))
    end_all(of=Q(pk=row.pk))


def end_due() -> None:
    """Revokes what nobody has gone on with in time, and tries again what could not be revoked."""
    mark(Q(due_at__lte=Now()))
    end_all(of=Q(due_at__lte=Now()))


def end_all(*, of: Q) -> None:
    """Tries to revoke those of the grants that are marked, the longest waiting first."""
    marked = LooseGrant.objects.filter(of, purpose=GrantPurpose.ENDS).order_by("due_at")
    for row in marked.only("tries", "login_url")[:AT_ONCE]:
        try:
            end(LooseGrant.objects.get(pk=row.pk))
        except LooseGrant.DoesNotExist:
            continue
        except (SyncError, InvalidToken) as error:
            log.warning("A granted access could not be revoked yet: %s", error)
            note_failure(row)


def end(row: LooseGrant) -> None:
    """Revokes one grant and forgets it. SyncError where the CRM has given no verdict.

    Where a renewal was interrupted, what Fincelo has may be dead and what came after it alive: the old token
    is shown once, which tells either the living one or ends it.
    """
    transport = credentials.transport_to(row.provider)
    if row.renewal_began_at is not None:
        if not row.refresh_token:
            leave(row)
            return
        if not is_alive(row, transport=transport):
            row.delete()
            return
    if row.refresh_token:
        credentials.grants_of(row.provider).revoke(
            transport=transport, login_url=row.login_url, refresh_token=row.refresh_token
        )
    if row.tries:
        told = {"login_url": row.login_url, "tries": row.tries + 1}
        action = f"Access revoked at {facts_of(row.provider).name}"
        audit.record(actor=None, action=action, subject=row, after=told)
    row.delete()


def is_alive(row: LooseGrant, *, transport: Transport) -> bool:
    """Whether the CRM still renews it; what it gives is stored in the row."""
    try:
        redeem(row=row, transport=transport, stale=row.access_token or "")
    except ConfigError as error:
        if not error.breaks:
            raise
        return False
    return True


def note_failure(row: LooseGrant) -> None:
    """When it is tried again, or that a person has to do it."""
    tries = row.tries + 1
    if tries >= LAST_TRY:
        leave(row)
        return
    pause = min(FIRST_PAUSE * 2 ** min(row.tries, 10), LONGEST_PAUSE)
    LooseGrant.objects.filter(pk=row.pk).update(tries=tries, due_at=Now() + pause)


def leave(row: LooseGrant) -> None:
    """Fincelo can do no more: the pages name it until a person has looked into the CRM."""
    log.error("A granted access of %s could not be revoked: a person has to.", row.login_url)
    LooseGrant.objects.filter(pk=row.pk).update(purpose=GrantPurpose.LEFT)


def mark_all_of(*, connection: Connection) -> None:
    """Marks every access that the connection has. In the transaction that wipes its secrets."""
    try:
        mark_stored(connection=connection, login_url=connection.login_url)
    except SyncError as error:  # nothing that could be shown to the CRM
        log.warning("The stored access of %s cannot be revoked by Fincelo: %s", connection, error)
        LooseGrant.objects.create(
            connection=connection,
            provider=connection.provider,
            login_url=connection.login_url,
            purpose=GrantPurpose.LEFT,
        )
    mark(Q(connection=connection))


def settle_by_person(*, row: LooseGrant, actor: AbstractBaseUser) -> None:
    """A person says that the access is ended in the CRM. Raises UnableToSettle."""
    with transaction.atomic():
        found = LooseGrant.objects.select_for_update().filter(pk=row.pk, purpose=GrantPurpose.LEFT)
        if not found.exists():
            raise UnableToSettle("This access is gone already, or Fincelo still tries to revoke it.")
        audit.record(
            actor=actor,
            action="Access revoked by hand",
            subject=row,
            after={"login_url": row.login_url, "given_at": row.created_at.isoformat()},
        )
        found.delete()
