"""Grants of access that no connection uses yet: stored before anything else is tried with them.

Every exchange and every renewal may have ended the token that it came for. Whatever fails afterwards, the
next try continues with what is stored, or it is revoked (revoking.py) when nobody has gone on in time.
"""

import hashlib
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now

from crm_sync.clients.grants import AppKeys, Grant, UnusableGrant
from crm_sync.clients.http import Transport
from crm_sync.clients.registry import facts_of
from crm_sync.connections import credentials
from crm_sync.enums import GrantPurpose
from crm_sync.errors import ConfigError, SyncError
from crm_sync.models import Connection, ConnectionCredentials, LooseGrant
from fincelo.ending import uninterrupted

ANOTHER = "Give connect_crm a refresh token that was never used."
TIME_FOR_A_CONNECT = timedelta(hours=1)
"""A grant of the browser is of use to this one connect only."""
TIME_FOR_A_FILE = timedelta(days=1)
"""So long `connect_crm` can be run again with the same file."""


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def expect(*, connection: Connection, keys: AppKeys) -> LooseGrant:
    """Commits that a grant is about to be given, so that one whose answer is lost is known of."""
    with transaction.atomic(durable=True):
        row = LooseGrant.objects.create(
            connection=connection,
            provider=connection.provider,
            login_url=keys.login_url,
            client_id=keys.client_id,
            renewal_began_at=Now(),
            due_at=Now() + TIME_FOR_A_CONNECT,
        )
        row.client_secret = keys.client_secret
        row.save(update_fields=["client_secret"])
    return row


def hold(*, row: LooseGrant, grant: Grant) -> None:
    """Keeps a grant that has just been given, committed before anything else is tried."""
    fill(row, grant=grant)
    with transaction.atomic(durable=True):
        ended(row)


def fill(row: LooseGrant, *, grant: Grant) -> None:
    row.access_token = grant.access_token
    row.refresh_token = grant.refresh_token or row.refresh_token
    row.instance_url, row.org_id, row.is_signed = grant.instance_url, grant.org_id, grant.is_signed


def from_token(*, connection: Connection, token: str, keys: AppKeys) -> LooseGrant:
    """The grant that this token has come to in an earlier try, or a new one that is still to be redeemed.

    A token that a connection uses already is refused: it has been rotated away, and showing it again
    would end the tokens that came after it.
    """
    given = digest_of(token)
    user = Connection.objects.filter(credentials__given_digest=given).exclude(pk=connection.pk).first()
    if user is not None:
        raise ConfigError(
            f"{user} was connected with this refresh token and continues with what came after it.",
            next_step=f"Name that connection, or disconnect it first. {ANOTHER}",
            code="TOKEN_TAKEN",
        )
    with transaction.atomic(durable=True):
        row = LooseGrant.objects.select_for_update().filter(given_digest=given).first()
        if row is not None and row.purpose != GrantPurpose.WAITS:
            raise ConfigError(
                "This refresh token was given up, and its access is being revoked at "
                f"{facts_of(connection.provider).name}.",
                next_step=ANOTHER,
                code="TOKEN_GIVEN_UP",
            )
        is_new = row is None
        row = row or LooseGrant.objects.create(given_digest=given, provider=connection.provider)
        row.connection, row.login_url, row.client_id = connection, keys.login_url, keys.client_id
        row.client_secret = keys.client_secret
        if is_new:
            row.refresh_token = token
        row.save()
        LooseGrant.objects.filter(pk=row.pk).update(due_at=Now() + TIME_FOR_A_FILE)
        row.refresh_from_db()
    return row


def redeem(*, row: LooseGrant, transport: Transport, stale: str = "") -> tuple[str, str]:
    """(access token, instance address): those it has, unless they are stale; else renewed and stored.

    As for connections, the intention is committed first. A renewal that was interrupted is tried once more.
    """
    credentials.ensure_time_to_renew(provider=row.provider)
    with uninterrupted():
        return renew_and_keep(row=row, transport=transport, stale=stale)


def renew_and_keep(*, row: LooseGrant, transport: Transport, stale: str) -> tuple[str, str]:
    began_at = begin(row=row, stale=stale)
    if began_at is None:
        return row.access_token or "", row.instance_url
    keys = AppKeys(login_url=row.login_url, client_id=row.client_id, client_secret=row.client_secret or "")
    try:
        grant = credentials.grants_of(row.provider).renew(
            transport=transport, keys=keys, refresh_token=row.refresh_token or ""
        )
    except UnusableGrant as unusable:
        row.refresh_token = unusable.refresh_token or row.refresh_token
        ended(row)
        raise
    except SyncError as error:
        if isinstance(error, ConfigError) and error.breaks and row.renewal_retried:
            raise credentials.interrupted(began_at, provider=row.provider, next_step=ANOTHER) from error
        if error.code in credentials.NO_ANSWER:
            row.renewal_retried = False
            row.save()
        else:
            ended(row)
        raise
    fill(row, grant=grant)
    ended(row)
    return grant.access_token, grant.instance_url


def begin(*, row: LooseGrant, stale: str) -> datetime | None:
    """When the renewal began, now or in a process that died in it; None where there is nothing to renew."""
    with transaction.atomic(durable=True):
        row.refresh_from_db(from_queryset=LooseGrant.objects.select_for_update())
        if row.access_token and row.access_token != stale:
            return None
        if row.renewal_retried and row.renewal_began_at:
            raise credentials.interrupted(row.renewal_began_at, provider=row.provider, next_step=ANOTHER)
        row.renewal_retried = row.renewal_began_at is not None
        LooseGrant.objects.filter(pk=row.pk, renewal_began_at=None).update(renewal_began_at=Now())
        LooseGrant.objects.filter(pk=row.pk).update(renewal_retried=row.renewal_retried)
        row.refresh_from_db(fields=["renewal_began_at"])
    return row.renewal_began_at


def ended(row: LooseGrant) -> None:
    """The renewal has come to an answer."""
    row.renewal_began_at, row.renewal_retried = None, False
    row.save()


def take(*, row: LooseGrant) -> dict[str, str]:
    """The secrets for the connection that adopts it. In the caller's transaction, which ends the row."""
    locked = LooseGrant.objects.select_for_update().get(pk=row.pk)
    secrets = {
        "client_secret": locked.client_secret or "",
        "access_token": locked.access_token or "",
        "refresh_token": locked.refresh_token or "",
        "given_digest": locked.given_digest,
    }
    locked.delete()
    return secrets


def holds_given(*, connection: Connection, token: str) -> bool:
    """Whether the connection continues with what came of this token, or with the token itself."""
    rows = ConnectionCredentials.objects.filter(pk=connection.pk)
    if rows.filter(given_digest=digest_of(token)).exists():
        return True
    return bool(connection.pk) and credentials.read(connection=connection).refresh_token == token


def is_waiting(*, token: str) -> bool:
    """Whether what came of this token, from a file, waits for the next try."""
    return LooseGrant.objects.filter(given_digest=digest_of(token), purpose=GrantPurpose.WAITS).exists()
