"""Salesforce grants that no connection uses: some wait for their connect to end, others are to be revoked.

A grant is stored before anything else is tried with it, because every exchange and every renewal may have
ended the token that it came for. Whatever fails afterwards, the next try goes on with it or it is revoked.
"""

import hashlib
import logging
from datetime import datetime

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from crm_sync import credentials
from crm_sync.clients import salesforce_oauth
from crm_sync.clients.http import Transport
from crm_sync.clients.salesforce_oauth import AppKeys, Grant, UnusableGrant
from crm_sync.enums import GrantPurpose, Provider
from crm_sync.errors import ConfigError, SyncError
from crm_sync.models import Connection, ConnectionCredentials, LooseGrant

ANOTHER = "Give connect_crm a refresh token that was never used."
log = logging.getLogger(__name__)


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def hold(*, connection: Connection, grant: Grant, keys: AppKeys) -> LooseGrant:
    """Keeps a grant that has just been given, committed before anything else is tried."""
    with transaction.atomic(durable=True):
        row = LooseGrant.objects.create(
            connection=connection, login_url=keys.login_url, client_id=keys.client_id
        )
        fill(row, grant=grant)
        row.client_secret = keys.client_secret
        row.save()
    return row


def fill(row: LooseGrant, *, grant: Grant) -> None:
    row.access_token = grant.access_token
    row.refresh_token = grant.refresh_token or row.refresh_token
    row.instance_url, row.org_id, row.is_signed = grant.instance_url, grant.org_id, grant.is_signed


def from_token(*, connection: Connection, token: str, keys: AppKeys) -> LooseGrant:
    """The grant that this token has come to in an earlier try, or a new one that is still to be redeemed.

    A token that a connection goes on with already is refused: it has been rotated away, and showing it again
    would end the tokens that came after it.
    """
    given = digest_of(token)
    user = Connection.objects.filter(credentials__given_digest=given).exclude(pk=connection.pk).first()
    if user is not None:
        raise ConfigError(
            f"{user} was connected with this refresh token and goes on with what came after it.",
            next_step=f"Name that connection, or disconnect it first. {ANOTHER}",
            code="TOKEN_TAKEN",
        )
    with transaction.atomic(durable=True):
        row = LooseGrant.objects.select_for_update().filter(given_digest=given).first()
        is_new = row is None
        row = row or LooseGrant.objects.create(given_digest=given)
        row.connection, row.login_url, row.client_id = connection, keys.login_url, keys.client_id
        row.client_secret = keys.client_secret
        if is_new:
            row.refresh_token = token
        row.save()
    return row


def redeem(*, row: LooseGrant, transport: Transport, stale: str = "") -> tuple[str, str]:
    """(access token, instance address): those it has, unless they are stale; else renewed and stored.

    As for connections, the intention is committed first. A renewal that was interrupted is tried once more.
    """
    began_at = begin(row=row, stale=stale)
    if began_at is None:
        return row.access_token or "", row.instance_url
    keys = AppKeys(login_url=row.login_url, client_id=row.client_id, client_secret=row.client_secret or "")
    try:
        grant = salesforce_oauth.renew(transport=transport, keys=keys, refresh_token=row.refresh_token or "")
    except UnusableGrant as unusable:
        row.refresh_token = unusable.refresh_token or row.refresh_token
        ended(row)
        raise
    except SyncError as error:
        if isinstance(error, ConfigError) and error.breaks and row.renewal_retried:
            raise credentials.interrupted(began_at, next_step=ANOTHER) from error
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
            raise credentials.interrupted(row.renewal_began_at, next_step=ANOTHER)
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


def replace_grant(*, connection: Connection, login_url: str, new: str) -> None:
    """Marks what a new refresh token replaces: the stored one, and grants of earlier tries."""
    old = credentials.read(connection=connection, lock=True).refresh_token
    if old and old != new:
        mark_to_end(connection=connection, login_url=login_url, token=old)
    LooseGrant.objects.filter(connection=connection).update(purpose=GrantPurpose.ENDS)


def mark_to_end(*, connection: Connection, login_url: str, token: str) -> None:
    """Notes a refresh token that is to be revoked."""
    if token:
        with transaction.atomic():
            row = LooseGrant.objects.create(
                connection=connection, login_url=login_url, purpose=GrantPurpose.ENDS
            )
            row.refresh_token = token
            row.save()


def give_up(*, row: LooseGrant) -> None:
    """A grant that turned out to be of no use here is revoked. One of a file may be of use elsewhere."""
    if not row.given_digest:
        LooseGrant.objects.filter(pk=row.pk).update(purpose=GrantPurpose.ENDS)
        end_all(of=Q(pk=row.pk))


def end_all(*, of: Q) -> None:
    """Revokes what is to be revoked. Where Salesforce does not answer it is tried again with a daily read."""
    for key in LooseGrant.objects.filter(of, purpose=GrantPurpose.ENDS).values_list("pk", flat=True):
        try:
            end(LooseGrant.objects.get(pk=key))
        except (SyncError, InvalidToken, LooseGrant.DoesNotExist) as error:
            log.warning("A replaced Salesforce grant could not be revoked yet: %s", error)


def end(row: LooseGrant) -> None:
    """Salesforce refuses only what it does not know any more, which is as good."""
    if row.refresh_token:
        salesforce_oauth.revoke(
            transport=credentials.salesforce_transport(),
            login_url=row.login_url,
            refresh_token=row.refresh_token,
        )
    row.delete()


def holds_given(*, connection: Connection, token: str) -> bool:
    """Whether the connection goes on with what came of this token, or with the token itself."""
    rows = ConnectionCredentials.objects.filter(pk=connection.pk)
    if rows.filter(given_digest=digest_of(token)).exists():
        return True
    return bool(connection.pk) and credentials.read(connection=connection).refresh_token == token


def revoke_all(*, connection: Connection) -> str:
    """Ends the access at the provider, and every loose grant; tells what has become of the credentials."""
    LooseGrant.objects.filter(connection=connection).update(purpose=GrantPurpose.ENDS)
    end_all(of=Q(connection=connection))
    try:
        refresh_token = credentials.read(connection=connection).refresh_token
        if connection.provider == Provider.HUBSPOT or not refresh_token:
            return "wiped here"
        is_revoked = salesforce_oauth.revoke(
            transport=credentials.transport_for(connection=connection),
            login_url=connection.login_url,
            refresh_token=refresh_token,
        )
    except SyncError as error:
        return f"wiped here; revoking failed: {error.sentence}"
    return "revoked at the provider" if is_revoked else "wiped here; Salesforce refused to revoke them"
