"""The only reader and writer of stored secrets: opens clients and renews tokens."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from cryptography.fernet import InvalidToken
from django.db import DatabaseError, Error, OperationalError, transaction
from django.db import connection as database

from contracts.transactions import repeated
from crm_sync.clients.facts import Opening
from crm_sync.clients.grants import AppKeys, Grant, GrantFacts, RenewalUnderWay, UnusableGrant
from crm_sync.clients.http import Transport
from crm_sync.clients.protocol import CrmClient
from crm_sync.clients.registry import facts_of
from crm_sync.connections.deal_links import follow_move
from crm_sync.connections.origins import allowed_origins
from crm_sync.errors import ConfigError, SecretsUnreadable, SyncError, TransientError
from crm_sync.fields import SecretMisplaced
from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import Findings
from crm_sync.models import Connection, ConnectionCredentials, TokenRenewal
from fincelo.ending import seconds_left, uninterrupted

PATIENCE = """
SET LOCAL lock_timeout = '120s';
SET LOCAL statement_timeout = '120s';
SET LOCAL idle_in_transaction_session_timeout = '150s'
"""
"""Longer than a CRM may take to answer: a session that is cut off there loses a rotated token."""
LOCK_TIMEOUT = "55P03"
RENEWAL_SECONDS = 60
"""So long a renewal may take. With less left of a run's time it is not begun."""
WAITS_FOR_ANOTHER = 3
SECONDS_FOR_ANOTHER = (1.0, 3.0)
SECONDS_FOR_A_WRITER = 0.1
"""Whoever waits at a row that is let go does not get it before somebody who comes just then."""
RENEWALS = 4_611_950_000_000
"""Advisory locks from here on, by the connection's key. Nothing else in this database locks them."""
NO_ANSWER = frozenset({"UNREACHABLE", "SILENT", "DEADLINE"})
NO_ANSWER_AGAIN = 1
SECONDS_WITHOUT_DATABASE = (0.1, 1.0, 5.0, 10.0, 15.0)


def read(*, connection: Connection, lock: bool = False) -> ConnectionCredentials:
    """The secrets of a connection; with `lock` inside the caller's transaction."""
    rows = ConnectionCredentials.objects.select_for_update() if lock else ConnectionCredentials.objects
    try:
        found = rows.filter(pk=connection.pk).first()
    except InvalidToken as error:
        raise unreadable(str(connection)) from error
    except SecretMisplaced as error:
        raise ConfigError(
            f"The stored credentials of {connection} were written for another connection.",
            next_step="Connect again.",
            code="CREDENTIALS_MISPLACED",
            breaks=True,
        ) from error
    return found or ConnectionCredentials(connection=connection)


def unreadable(what: str) -> SecretsUnreadable:
    """A fault of this process: with the right keys the same row is read again."""
    return SecretsUnreadable(
        f"No key in FERNET_KEYS of this process reads the stored credentials of {what}.",
        next_step="Set FERNET_KEYS to the keys that they were stored with, then start this process again.",
        code="CREDENTIALS_UNREADABLE",
    )


def transport_for(*, connection: Connection) -> Transport:
    return transport_to(connection.provider)


def transport_to(provider: str) -> Transport:
    return Transport(is_allowed=allowed_origins(provider))


def open_client(*, connection: Connection) -> CrmClient:
    """A client for a connection that has its credentials."""
    return open_with(connection=connection, access_token=read(connection=connection).access_token or "")


def open_with(*, connection: Connection, access_token: str) -> CrmClient:
    """A client that shows this token. Where it is a granted one, the stored grant renews it."""
    transport = transport_for(connection=connection)

    def renew(stale: str) -> tuple[str, str]:
        return renew_token(connection=connection, stale=stale, transport=transport, findings=client.findings)

    client = facts_of(connection.provider).open(
        Opening(
            transport=transport,
            access_token=access_token,
            org_id=connection.org.external_id if connection.org else "",
            instance_url=connection.instance_url,
            api_version=connection.api_version,
            time_zone=connection.time_zone,
            ui_domain=connection.ui_domain,
            has_currency_field=connection.has_currency_field,
            renew=renew,
        )
    )
    return client


def grants_of(provider: str) -> GrantFacts:
    """How this CRM grants access. AssertionError for one that is connected with a pasted token."""
    grants = facts_of(provider).grants
    assert grants is not None, f"{provider} grants nothing"
    return grants


def note_signature(*, is_signed: bool, findings: Findings) -> None:
    if is_signed:
        findings.fine(FindingCode.NOT_SIGNED)
    else:
        findings.trouble(FindingCode.NOT_SIGNED)


def app_keys(*, connection: Connection, client_secret: str) -> AppKeys:
    return AppKeys(
        login_url=connection.login_url, client_id=connection.client_id, client_secret=client_secret
    )


def renew_token(
    *, connection: Connection, stale: str, transport: Transport, findings: Findings | None = None
) -> tuple[str, str]:
    """A fresh (access token, instance address). One renewal at a time, over all processes.

    Some refusals are no verdict yet; each further try reads the stored tokens again before it asks.

    * The CRM is renewing this token already, for a process that was killed or for another installation:
      wait, three times at most.
    * The token is dead, but it is not the stored one any more: a person has authorised again meanwhile.
    * No answer came: ask once more. If the lost answer held a rotated token, the CRM now takes the old
      one for stolen and ends the connection. Nobody knows a way around that.
    """
    waits, unanswered = WAITS_FOR_ANOTHER, NO_ANSWER_AGAIN
    while True:
        used = read(connection=connection).refresh_token
        try:
            return renew_once(
                connection=connection, stale=stale, transport=transport, findings=findings or Findings()
            )
        except RenewalUnderWay:
            if not waits:
                raise
            waits -= 1
            transport.pause(random.uniform(*SECONDS_FOR_ANOTHER))  # noqa: S311  jitter, not a secret
        except TransientError as error:
            if error.code not in NO_ANSWER or not unanswered:
                raise
            unanswered -= 1
        except ConfigError as error:
            if not error.breaks or isinstance(error, UnusableGrant):
                raise
            transport.pause(SECONDS_FOR_A_WRITER)
            if is_stored(connection=connection, refresh_token=used):
                raise


def is_stored(*, connection: Connection, refresh_token: str | None) -> bool:
    """Whether it is the stored one still, once whoever is writing another at this moment is done."""
    with transaction.atomic(), patience():
        return read(connection=connection, lock=True).refresh_token == refresh_token


def renew_once(
    *, connection: Connection, stale: str, transport: Transport, findings: Findings
) -> tuple[str, str]:
    """One renewal.

    1. Wait for whoever is renewing this connection: a process that dies in it is waited for no longer.
    2. Commit that a renewal begins, unless the work is done already: then take the result.
    3. Renew with the credentials locked. The call stands inside this transaction on purpose: the lock has to
       outlast it.
    4. Save a rotated refresh token at once, in this transaction of its own: the old one is dead by now, even
       when the rest of the answer cannot be used, and even when the database goes away meanwhile.
    """
    with one_at_a_time(connection), uninterrupted():
        ensure_time_to_renew(provider=connection.provider)
        renewal = begin(connection=connection, stale=stale)
        if renewal is None:
            current = Connection.objects.get(pk=connection.pk)
            return read(connection=connection).access_token or "", current.instance_url
        try:
            return ask_and_keep(connection=connection, stale=stale, transport=transport, findings=findings)
        except SyncError as error:
            note_answer(renewal, error=error)
            raise


def ensure_time_to_renew(*, provider: str) -> None:
    """TransientError where the process may be ended before the answer of a renewal is stored."""
    if seconds_left() < RENEWAL_SECONDS:
        raise TransientError(
            f"The session of {facts_of(provider).name} has ended, and too little time was left to renew it "
            "safely.",
            next_step="The next run renews it and continues from what is stored.",
            code="RENEWAL_HELD_BACK",
        )


def begin(*, connection: Connection, stale: str) -> TokenRenewal | None:
    """The renewal as it was committed: a new one, or one that somebody was interrupted in. None: it is done.

    After an interruption the old token is shown once and no second time: showing a dead one revokes whatever
    has come after it.
    """
    with transaction.atomic(durable=True), patience():
        secrets = read(connection=connection, lock=True)
        if secrets.access_token and secrets.access_token != stale:
            return None
        renewal, is_new = TokenRenewal.objects.get_or_create(connection=connection)
        if renewal.retried:
            raise interrupted(renewal.began_at, provider=connection.provider)
        if not is_new:
            renewal.retried = True
            renewal.save(update_fields=["retried"])
        renewal.refresh_from_db()
    return renewal


def note_answer(renewal: TokenRenewal, *, error: SyncError) -> None:
    """What a failed renewal says of the stored token; without an answer nothing is known of it.

    Raises the interruption in the place of a refusal that it explains.
    """
    rows = TokenRenewal.objects.filter(pk=renewal.pk)
    if error.code in NO_ANSWER:
        rows.update(retried=False)
    elif not renewal.retried:
        rows.delete()
    elif isinstance(error, ConfigError) and error.breaks and not isinstance(error, UnusableGrant):
        raise interrupted(renewal.began_at, provider=renewal.connection.provider) from error
    else:
        rows.update(retried=False)


def interrupted(began_at: datetime, *, provider: str, next_step: str = "") -> ConfigError:
    """The stored token may be dead. `next_step`: where it is not to authorise again on the page."""
    return ConfigError(
        f"The renewal of {began_at.astimezone(UTC):%Y-%m-%d, %H:%M} UTC was interrupted before its answer "
        f"was stored, and {facts_of(provider).name} no longer accepts the token of before.",
        next_step=next_step or authorise_again(provider),
        code="RENEWAL_INTERRUPTED",
        breaks=True,
    )


def authorise_again(provider: str) -> str:
    return f"Authorise {facts_of(provider).name} again in Settings, CRM Integration."


@contextmanager
def one_at_a_time(connection: Connection) -> Iterator[None]:
    """Over all processes. The lock is that of the database session, so it ends with the process."""
    key = RENEWALS + connection.pk
    with transaction.atomic(), patience(), database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [key])
    try:
        yield
    finally:
        with suppress(DatabaseError), database.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def ask_and_keep(
    *, connection: Connection, stale: str, transport: Transport, findings: Findings
) -> tuple[str, str]:
    """The steps 3 and 4 of a renewal."""
    grant: Grant | UnusableGrant | None = None
    secrets: ConnectionCredentials | None = None
    try:
        with transaction.atomic(durable=True), patience():
            secrets = read(connection=connection, lock=True)
            if secrets.access_token and secrets.access_token != stale:  # a person has authorised again
                TokenRenewal.objects.filter(connection=connection).delete()
                return secrets.access_token, Connection.objects.get(pk=connection.pk).instance_url
            grant = ask_for_renewal(connection=connection, secrets=secrets, transport=transport)
            keep(grant=grant, used=secrets.refresh_token, connection=connection)
    except Error:  # of any kind: a database that became read-only loses a rotated token as well
        if grant is None or secrets is None:
            raise
        keep_on_trying(grant=grant, used=secrets.refresh_token, connection=connection, pause=transport.pause)
    if isinstance(grant, UnusableGrant):
        raise grant
    note_signature(is_signed=grant.is_signed, findings=findings)
    return grant.access_token, grant.instance_url


def keep(*, grant: Grant | UnusableGrant, used: str | None, connection: Connection) -> None:
    """Stores what came for the refresh token `used`, unless another has taken its place."""
    secrets = read(connection=connection, lock=True)
    TokenRenewal.objects.filter(connection=connection).delete()
    if secrets.refresh_token != used:
        return
    secrets.refresh_token = grant.refresh_token or secrets.refresh_token
    if isinstance(grant, Grant):
        secrets.access_token = grant.access_token
        elsewhere = Connection.objects.filter(pk=connection.pk).exclude(instance_url=grant.instance_url)
        if elsewhere.update(instance_url=grant.instance_url):
            follow_move(Connection.objects.get(pk=connection.pk))
    secrets.save()


def keep_on_trying(
    *,
    grant: Grant | UnusableGrant,
    used: str | None,
    connection: Connection,
    pause: Callable[[float], None],
) -> None:
    """On other sessions than the one that was lost, for half a minute.

    The policy is of its own: without this commit a token is lost that only a person can replace, so it waits
    longer than others and after every error of the database, also of one that is read-only just now.
    """

    def transact() -> None:
        with transaction.atomic(durable=True):
            keep(grant=grant, used=used, connection=connection)

    database.close_if_unusable_or_obsolete()
    repeated(
        transact,
        passes=lambda error: True,
        waits=SECONDS_WITHOUT_DATABASE,
        pause=pause,
    )


@contextmanager
def patience() -> Iterator[None]:
    """Gives the transaction around it time for a call of the CRM, and for that of whoever has the lock."""
    try:
        with database.cursor() as cursor:
            cursor.execute(PATIENCE)
        yield
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != LOCK_TIMEOUT:
            raise
        raise TransientError(
            "Another process has been renewing this connection for minutes.",
            code="RENEWAL_BUSY",
        ) from error


def ask_for_renewal(
    *, connection: Connection, secrets: ConnectionCredentials, transport: Transport
) -> Grant | UnusableGrant:
    if not secrets.refresh_token:
        raise ConfigError(
            f"{connection} has no lasting access.",
            next_step=authorise_again(connection.provider),
            code="NO_REFRESH_TOKEN",
            breaks=True,
        )
    keys = app_keys(connection=connection, client_secret=secrets.client_secret or "")
    try:
        grant = grants_of(connection.provider).renew(
            transport=transport, keys=keys, refresh_token=secrets.refresh_token
        )
    except UnusableGrant as unusable:
        return unusable
    if connection.org and grant.org_id != connection.org.external_id:
        return UnusableGrant(
            f"{facts_of(connection.provider).name} renewed the connection for another org.",
            refresh_token=grant.refresh_token,
            next_step="Disconnect, then authorise the right org.",
            code="OTHER_ORG",
            breaks=True,
        )
    return grant


def store(*, connection: Connection, **secrets: str) -> None:
    """Replaces the named secrets."""
    with transaction.atomic():
        row = read(connection=connection, lock=True)
        for name, value in secrets.items():
            setattr(row, name, value)
        row.save()
        if "refresh_token" in secrets:
            TokenRenewal.objects.filter(connection=connection).delete()


def wipe(*, connection: Connection) -> None:
    ConnectionCredentials.objects.filter(pk=connection.pk).delete()
    TokenRenewal.objects.filter(connection=connection).delete()
