"""Connects and disconnects: authorisation, tokens, what is read right after, and the end."""

import hashlib
import hmac
import logging
import secrets
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from contracts import audit
from crm_sync.clients.facts import Opening
from crm_sync.clients.grants import AppKeys, Grant, UnusableGrant
from crm_sync.clients.protocol import CrmClient
from crm_sync.clients.registry import facts_of
from crm_sync.connections import credentials, loose_grants, revoking
from crm_sync.connections.adopting import Access, adopt
from crm_sync.connections.origins import allowed_origins
from crm_sync.enums import ConnectionState
from crm_sync.errors import ConfigError, SyncError
from crm_sync.mapping.field_gaps import gap_finding, missing_fields
from crm_sync.mapping.samples import read_schema_with_samples
from crm_sync.mapping.stages import keep_schema
from crm_sync.mapping.store import current_rules, ensure_proposal, source_choices
from crm_sync.models import Authorisation, Connection, LooseGrant
from fincelo.ending import uninterrupted

CALLBACK_PATH = "/api/crm/{provider}/callback"
AUTHORISATION_LIFE = timedelta(minutes=10)
START_AGAIN = "Press Authorise again."
log = logging.getLogger(__name__)


class OtherOrg(ConfigError):
    """The credential opens another org than the one this connection was made for."""

    def __init__(self, *, org_id: str, org_name: str) -> None:
        super().__init__(
            f"This opens {org_name} ({org_id}), not the org this connection was made for.",
            next_step="Confirm the change, or connect the right org.",
            code="OTHER_ORG",
        )
        self.org_id = org_id
        self.org_name = org_name


def callback_url(provider: str) -> str:
    """Where this CRM sends the browser back to. Apps in customers' orgs have it: it never changes."""
    return f"{settings.PUBLIC_URL}{CALLBACK_PATH.format(provider=provider)}"


def login_address(*, provider: str, choice: str, own_address: str) -> str:
    """The address users sign in at. ValueError with a sentence for anything that is none of this CRM's."""
    grants = credentials.grants_of(provider)
    chosen = next((place.address for place in grants.places if place.key == choice), "")
    if chosen:
        return chosen
    address = origin_typed(own_address.strip())
    if not address or not allowed_origins(provider)(address):
        raise ValueError(f"Enter the address of your org, such as {grants.example}.")
    return address


def origin_typed(text: str) -> str:
    """Scheme and host of an address as people paste it, in small letters; empty for what is none."""
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""


def start_authorisation(
    *, connection: Connection, client_secret: str, user: AbstractBaseUser, session_key: str, now: datetime
) -> str:
    """Keeps what the way back needs and answers with the CRM's address to go to.

    Sends to the `login_url` and `client_id` that the connection object has, stored or not.
    """
    state = secrets.token_urlsafe(32)
    grants = credentials.grants_of(connection.provider)
    url, verifier = grants.authorise_url(
        login_url=connection.login_url,
        client_id=connection.client_id,
        redirect_uri=callback_url(connection.provider),
        scopes=grants.scopes(),
        state=state,
    )
    with transaction.atomic():
        secret = (
            client_secret.strip() or credentials.read(connection=connection, lock=True).client_secret or ""
        )
        if connection.org is None:
            credentials.store(connection=connection, client_secret=secret)
        Authorisation.objects.filter(connection=connection).delete()
        waiting = Authorisation.objects.create(
            connection=connection,
            user_id=user.pk,
            session_digest=digest(session_key),
            state_digest=digest(state),
            login_url=connection.login_url,
            client_id=connection.client_id,
            redirect_uri=callback_url(connection.provider),
            expires_at=now + AUTHORISATION_LIFE,
        )
        waiting.verifier = verifier
        waiting.client_secret = secret
        waiting.save()
    return url


def finish_authorisation(
    *,
    state: str,
    code: str,
    user: AbstractBaseUser,
    session_key: str,
    now: datetime,
    confirmed_org: str = "",
) -> Connection:
    """Turns the CRM's code into a connection. The state is used up whatever happens next."""
    waiting = take_authorisation(state=state, user=user, session_key=session_key, now=now)
    connection = waiting.connection
    keys = AppKeys(
        login_url=waiting.login_url, client_id=waiting.client_id, client_secret=waiting.client_secret or ""
    )
    row = loose_grants.expect(connection=connection, keys=keys)
    try:
        with uninterrupted():
            grant = credentials.grants_of(connection.provider).exchange_code(
                transport=credentials.transport_for(connection=connection),
                keys=keys,
                code=code,
                verifier=waiting.verifier or "",
                redirect_uri=waiting.redirect_uri,
            )
            loose_grants.hold(row=row, grant=grant)
    except SyncError as error:
        if isinstance(error, UnusableGrant) and error.refresh_token:
            row.refresh_token = error.refresh_token
            loose_grants.ended(row)
        revoking.give_up(row=row, error=error)
        raise
    return use_grant(connection=connection, row=row, actor=user, confirmed_org=confirmed_org)


def accept_grant(
    *,
    connection: Connection,
    grant: Grant,
    keys: AppKeys,
    actor: AbstractBaseUser | None,
    confirmed_org: str = "",
) -> Connection:
    """Stores a new grant, reads the org with it, then has the connection take it over.

    One that does not work changes nothing of the connection and is revoked.
    """
    row = loose_grants.expect(connection=connection, keys=keys)
    loose_grants.hold(row=row, grant=grant)
    return use_grant(connection=connection, row=row, actor=actor, confirmed_org=confirmed_org)


def connect_with_token(
    *, connection: Connection, client_secret: str, refresh_token: str, actor: AbstractBaseUser | None
) -> Connection:
    """Connects with a refresh token from a file: a new one, that of an earlier try, or this connection's."""
    if loose_grants.holds_given(connection=connection, token=refresh_token):
        return connect_as_stored(connection=connection, actor=actor)
    keys = credentials.app_keys(connection=connection, client_secret=client_secret)
    row = loose_grants.from_token(connection=connection, token=refresh_token, keys=keys)
    loose_grants.redeem(row=row, transport=credentials.transport_for(connection=connection))
    return use_grant(connection=connection, row=row, actor=actor)


def connect_as_stored(*, connection: Connection, actor: AbstractBaseUser | None) -> Connection:
    """Reads the org with the access that the connection has: its token from the file is long replaced."""
    client = credentials.open_client(connection=connection)
    access = Access(secrets={}, columns={})
    org = connection.org.external_id if connection.org else ""
    return settle(connection=connection, client=client, access=access, actor=actor, confirmed_org=org)


def use_grant(
    *,
    connection: Connection,
    row: LooseGrant,
    actor: AbstractBaseUser | None,
    confirmed_org: str = "",
) -> Connection:
    """Reads the org and takes the grant over. After a failure what came of a file waits for the next try."""
    try:
        if connection.org is not None and row.org_id not in (connection.org.external_id, confirmed_org):
            raise OtherOrg(org_id=row.org_id, org_name=another_org(connection))
        client = open_with(row=row)
        opened = credentials.grants_of(row.provider).opened_as(client)
        access = Access(
            secrets={},
            columns={
                "login_url": row.login_url,
                "client_id": row.client_id,
                "instance_url": row.instance_url,
                "api_version": opened.api_version,
                "connected_as": opened.connected_as,
            },
        )
        settle(
            connection=connection,
            client=client,
            access=access,
            actor=actor,
            confirmed_org=row.org_id,
            row=row,
        )
    except SyncError as error:
        revoking.give_up(row=row, error=error)
        raise
    revoking.end_all(of=Q(connection=connection))
    return connection


def open_with(*, row: LooseGrant) -> CrmClient:
    """A client for a grant that no connection uses yet."""
    transport = credentials.transport_to(row.provider)
    client = facts_of(row.provider).open(
        Opening(
            transport=transport,
            access_token=row.access_token or "",
            org_id=row.org_id,
            instance_url=row.instance_url,
            renew=lambda stale: loose_grants.redeem(row=row, transport=transport, stale=stale),
        )
    )
    credentials.note_signature(is_signed=row.is_signed, findings=client.findings)
    return client


def take_authorisation(
    *, state: str, user: AbstractBaseUser, session_key: str, now: datetime
) -> Authorisation:
    """Finds and deletes the authorisation this state belongs to; refuses any other user, session or hour."""
    with transaction.atomic():
        try:
            waiting = Authorisation.objects.select_for_update().filter(state_digest=digest(state)).first()
        except InvalidToken as error:
            raise credentials.unreadable("this authorisation") from error
        if waiting is None:
            raise ConfigError(
                "Fincelo did not start this authorisation, or has its answer already.",
                next_step=START_AGAIN,
                code="STATE_UNKNOWN",
            )
        key = waiting.pk
        is_ours = waiting.user_id == user.pk and hmac.compare_digest(
            waiting.session_digest, digest(session_key)
        )
        if not is_ours:
            raise ConfigError(
                "This authorisation was started by someone else, or in another browser.",
                next_step=START_AGAIN,
                code="STATE_FOREIGN",
            )
        Authorisation.objects.filter(pk=key).delete()
    if waiting.expires_at < now:
        raise ConfigError(
            "This authorisation was started more than ten minutes ago.",
            next_step=START_AGAIN,
            code="STATE_EXPIRED",
        )
    return waiting


def refused_authorisation(
    *, error: str, state: str, user: AbstractBaseUser, session_key: str, now: datetime
) -> SyncError:
    """What a callback with an error means. The old connection stays as it is."""
    waiting = take_authorisation(state=state, user=user, session_key=session_key, now=now)
    return credentials.grants_of(waiting.connection.provider).refusal_of(error)


def connect_with_pasted(
    *, connection: Connection, pasted: str, actor: AbstractBaseUser | None, confirmed_org: str = ""
) -> Connection:
    """Checks a pasted token, then keeps it. A token that does not work changes nothing."""
    crm = facts_of(connection.provider)
    assert crm.token is not None, f"{crm.name} takes no token"
    token = crm.token.clean(pasted)
    if not token:
        raise ConfigError("No access token was pasted.", next_step=crm.token.nothing_pasted)
    client = credentials.open_with(connection=connection, access_token=token)
    told = crm.token.check(client)
    if connection.org is not None and told.org_id not in (connection.org.external_id, confirmed_org):
        raise OtherOrg(org_id=told.org_id, org_name=another_org(connection))
    stopped = [check for check in client.preflight() if not check.ok and check.blocking]
    if stopped:
        raise ConfigError(stopped[0].sentence, code="PREFLIGHT")
    access = Access(secrets={"access_token": token}, columns={"api_version": told.api_version})
    return settle(connection=connection, client=client, access=access, actor=actor, confirmed_org=told.org_id)


def another_org(connection: Connection) -> str:
    crm = facts_of(connection.provider)
    return f"another {crm.name} {crm.org_word}"


def settle(
    *,
    connection: Connection,
    client: CrmClient,
    access: Access,
    actor: AbstractBaseUser | None,
    confirmed_org: str,
    row: LooseGrant | None = None,
) -> Connection:
    """What every connect ends with: the org is known, the access and the schema stored, a mapping proposed.

    All of it or nothing: a connection never holds the tokens of one org and the name of another.
    """
    replaced_login = connection.login_url
    facts = client.identify()
    schema = read_schema_with_samples(connection=connection, client=client)
    client.close()
    if facts.external_id != confirmed_org:
        raise OtherOrg(org_id=facts.external_id, org_name=facts.name)
    with transaction.atomic():
        before = {"org": str(connection.org or ""), "state": connection.state}
        secrets = {**access.secrets, **(loose_grants.take(row=row) if row else {})}
        if row is not None:
            revoking.replace_grant(
                connection=connection, login_url=replaced_login, new=secrets["refresh_token"]
            )
        if secrets:
            credentials.store(connection=connection, **secrets)
        keep_schema(schema)
        fields = source_choices(connection=connection)
        ensure_proposal(connection=connection, fields=fields)
        gaps = missing_fields(rules=current_rules(connection=connection).rules, fields=fields)
        provider = connection.get_provider_display()
        adopt(
            connection=connection,
            facts=facts,
            access=access,
            findings=client.findings,
            gaps=[gap_finding(rule, provider=provider) for rule in gaps],
        )
        audit.record(
            actor=actor,
            action="connection authorised",
            subject=connection,
            before=before,
            after={"org": str(connection.org), "state": connection.state},
        )
    return connection


def refresh_schema(*, connection: Connection) -> None:
    """Reads the CRM's fields and stages again."""
    client = credentials.open_client(connection=connection)
    try:
        schema = read_schema_with_samples(connection=connection, client=client)
    finally:
        client.close()
    keep_schema(schema)
    if any(one["name"] == facts_of(connection.provider).currency_field for one in schema.fields):
        Connection.objects.filter(pk=connection.pk, has_currency_field=False).update(
            has_currency_field=True, last_sweep_at=None
        )


def disconnect(*, connection: Connection, actor: AbstractBaseUser | None) -> bool:
    """Wipes the secrets and revokes the access where the CRM allows it; every record stays.

    False where the CRM has not confirmed it yet: `crm_sync.tasks.revoke_grants` continues.
    """
    crm = facts_of(connection.provider)
    told = f"wiped here; being revoked at {crm.name}" if crm.grants else "wiped here"
    with transaction.atomic():
        if crm.grants:
            revoking.mark_all_of(connection=connection)
        credentials.wipe(connection=connection)
        Authorisation.objects.filter(connection=connection).delete()
        connection.state = ConnectionState.NOT_CONNECTED
        connection.state_reason = ""
        connection.warnings, connection.standing = [], {}
        connection.save(update_fields=["state", "state_reason", "warnings", "standing"])
        audit.record(actor=actor, action="connection ended", subject=connection, after={"credentials": told})
    revoking.end_all(of=Q(connection=connection))
    return not LooseGrant.objects.filter(connection=connection).exists()


def digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
