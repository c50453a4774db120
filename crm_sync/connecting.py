"""Connects and disconnects: authorisation, tokens, what is read right after, and the end."""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models.functions import Now

from contracts import audit
from contracts.clock import business_day
from crm_sync import credentials, health
from crm_sync.clients import salesforce_oauth
from crm_sync.clients.hubspot_api import choose_version
from crm_sync.clients.hubspot_values import clean_token
from crm_sync.clients.protocol import CrmClient
from crm_sync.clients.salesforce import SalesforceClient
from crm_sync.clients.salesforce_errors import token_rule
from crm_sync.connection_settings import CURSOR, take_lease_away
from crm_sync.deals import OrgFacts
from crm_sync.enums import ConnectionState, Provider, Trouble
from crm_sync.errors import ConfigError, ErrorKind, SyncError
from crm_sync.field_gaps import gap_sentence, missing_fields
from crm_sync.mappings import current_rules, ensure_proposal, source_choices
from crm_sync.models import Authorisation, Connection, ConnectionLease, CrmOrg
from crm_sync.origins import allowed_origins
from crm_sync.proposals import CURRENCY_FIELDS
from crm_sync.samples import read_schema_with_samples
from crm_sync.stages import keep_schema

CALLBACK_PATH = "/api/crm/salesforce/callback"
AUTHORISATION_LIFE = timedelta(minutes=10)
START_AGAIN = "Press Authorise again."
log = logging.getLogger(__name__)
SETTLED = (
    *("org", "state", "state_reason", "warnings", "login_url", "client_id", "instance_url", "api_version"),
    "connected_as",
    *("default_currency", "time_zone", "ui_domain", "has_currency_field", "not_before"),
    *("live_since", "trouble"),
)
"""What connecting decides about a connection. A run or a person may change the rest meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a connect has come by: secrets for the vault, columns for the connection."""

    secrets: Mapping[str, str] = field(repr=False)
    columns: Mapping[str, str]


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


def callback_url() -> str:
    return f"{settings.PUBLIC_URL}{CALLBACK_PATH}"


def login_address(*, choice: str, my_domain: str) -> str:
    """The address users sign in at. ValueError with a sentence for anything that is none of Salesforce's."""
    if choice == "production":
        return salesforce_oauth.PRODUCTION
    if choice == "sandbox":
        return salesforce_oauth.SANDBOX
    typed = my_domain.strip().rstrip("/")
    address = typed if "://" in typed else f"https://{typed.lower()}"
    if not is_bare(address) or not allowed_origins(Provider.SALESFORCE)(address):
        raise ValueError("Enter the address of your org, such as https://acme.my.salesforce.com.")
    return address


def is_bare(address: str) -> bool:
    """Scheme and host, and nothing behind them."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return f"{parts.scheme}://{parts.netloc}" == address


def start_authorisation(
    *, connection: Connection, client_secret: str, user: AbstractBaseUser, session_key: str, now: datetime
) -> str:
    """Keeps what the way back needs and answers with Salesforce's address to go to.

    Sends to the `login_url` and `client_id` that the connection object has, stored or not.
    """
    state = secrets.token_urlsafe(32)
    url, verifier = salesforce_oauth.authorise_url(
        login_url=connection.login_url,
        client_id=connection.client_id,
        redirect_uri=callback_url(),
        scopes=settings.SALESFORCE_SCOPES,
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
            redirect_uri=callback_url(),
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
    """Turns Salesforce's code into a connection. The state is used up whatever happens next."""
    waiting = take_authorisation(state=state, user=user, session_key=session_key, now=now)
    connection = waiting.connection
    keys = salesforce_oauth.AppKeys(
        login_url=waiting.login_url, client_id=waiting.client_id, client_secret=waiting.client_secret or ""
    )
    grant = salesforce_oauth.exchange_code(
        transport=credentials.transport_for(connection=connection),
        keys=keys,
        code=code,
        verifier=waiting.verifier or "",
        redirect_uri=waiting.redirect_uri,
    )
    return accept_grant(
        connection=connection, grant=grant, keys=keys, actor=user, confirmed_org=confirmed_org
    )


def accept_grant(
    *,
    connection: Connection,
    grant: salesforce_oauth.Grant,
    keys: salesforce_oauth.AppKeys,
    actor: AbstractBaseUser | None,
    confirmed_org: str = "",
) -> Connection:
    """Reads the org with a new grant, then keeps the grant. One that does not work changes nothing."""
    if connection.org is not None and grant.org_id not in (connection.org.external_id, confirmed_org):
        raise OtherOrg(org_id=grant.org_id, org_name="another Salesforce org")
    client = credentials.open_with_grant(connection=connection, grant=grant)
    access = Access(
        secrets={
            "client_secret": keys.client_secret,
            "access_token": grant.access_token,
            "refresh_token": grant.refresh_token,
        },
        columns={
            "login_url": keys.login_url,
            "client_id": keys.client_id,
            "instance_url": grant.instance_url,
            "api_version": client.choose_version(),
            "connected_as": who_connects(client=client, user_id=grant.user_id),
        },
    )
    return settle(
        connection=connection, client=client, access=access, actor=actor, confirmed_org=grant.org_id
    )


def who_connects(*, client: SalesforceClient, user_id: str) -> str:
    """The user's name for people to read. An org that does not tell it can be read all the same."""
    try:
        return client.user_name(user_id=user_id)
    except SyncError as error:
        log.warning("Salesforce did not tell who has connected: %s", error)
        return ""


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
    take_authorisation(state=state, user=user, session_key=session_key, now=now)
    rule = token_rule(code=error, description="")
    next_step = START_AGAIN if rule.kind is ErrorKind.TRANSIENT else rule.next_step
    return ConfigError(rule.sentence, next_step=next_step, code=error[:60])


def connect_hubspot(
    *, connection: Connection, pasted: str, actor: AbstractBaseUser | None, confirmed_org: str = ""
) -> Connection:
    """Checks a pasted token, then keeps it. A token that does not work changes nothing."""
    token = clean_token(pasted)
    if not token:
        raise ConfigError("No access token was pasted.", next_step="Paste the token of your service key.")
    client = credentials.open_hubspot(connection=connection)
    client.api.access_token = token
    facts_of_token = client.api.introspect()
    choose_version(client.api)
    portal_id = facts_of_token.portal_id
    if connection.org is not None and portal_id not in (connection.org.external_id, confirmed_org):
        raise OtherOrg(org_id=portal_id, org_name="another HubSpot portal")
    stopped = [check for check in client.preflight() if not check.ok and check.blocking]
    if stopped:
        raise ConfigError(stopped[0].sentence, code="PREFLIGHT")
    access = Access(secrets={"access_token": token}, columns={"api_version": client.api.version})
    return settle(connection=connection, client=client, access=access, actor=actor, confirmed_org=portal_id)


def settle(
    *,
    connection: Connection,
    client: CrmClient,
    access: Access,
    actor: AbstractBaseUser | None,
    confirmed_org: str,
) -> Connection:
    """What every connect ends with: the org is known, the access and the schema stored, a mapping proposed.

    All of it or nothing: a connection never holds the tokens of one org and the name of another.
    """
    facts = client.identify()
    schema = read_schema_with_samples(connection=connection, client=client)
    client.close()
    if facts.external_id != confirmed_org:
        raise OtherOrg(org_id=facts.external_id, org_name=facts.name)
    with transaction.atomic():
        before = {"org": str(connection.org or ""), "state": connection.state}
        credentials.store(connection=connection, **access.secrets)
        keep_schema(schema)
        fields = source_choices(connection=connection)
        ensure_proposal(connection=connection, fields=fields)
        gaps = missing_fields(rules=current_rules(connection=connection).rules, fields=fields)
        provider = connection.get_provider_display()
        adopt(
            connection=connection,
            facts=facts,
            access=access,
            warnings=[*client.warnings, *(gap_sentence(rule, provider=provider) for rule in gaps)],
        )
        audit.record(
            actor=actor,
            action="connection authorised",
            subject=connection,
            before=before,
            after={"org": str(connection.org), "state": connection.state},
        )
    return connection


def adopt(*, connection: Connection, facts: OrgFacts, access: Access, warnings: list[str]) -> None:
    org, _ = CrmOrg.objects.update_or_create(
        provider=connection.provider,
        external_id=facts.external_id,
        defaults={"name": facts.name[:200], "kind": facts.kind[:60]},
    )
    taken = (
        Connection.objects.filter(org=org)
        .exclude(state=ConnectionState.NOT_CONNECTED)
        .exclude(pk=connection.pk)
        .first()
    )
    if taken is not None:
        raise ConfigError(
            f"{facts.name} is connected already, as {taken}.",
            next_step="Use that connection, or disconnect it first.",
            code="ORG_TAKEN",
        )
    columns = [*SETTLED]
    for name, value in access.columns.items():
        setattr(connection, name, value)
    if connection.org is not None and connection.org != org:
        for lease in ConnectionLease.objects.filter(connection=connection):
            take_lease_away(lease=lease)  # a run at work would move the cursor over deals of the new org
        connection.forget_cursor()
        columns += [*CURSOR, *connection.ask_for_start(since=business_day())]
    connection.org = org
    connection.warnings = warnings
    if connection.state != ConnectionState.PAUSED:
        connection.state = ConnectionState.DEGRADED if warnings else ConnectionState.CONNECTED
        connection.state_reason = ""
    connection.live_since = Now()
    if connection.trouble == Trouble.BROKEN:
        health.tell_recovery(connection=connection)
    connection.default_currency = connection.default_currency or facts.currency
    connection.time_zone = facts.time_zone
    connection.ui_domain = facts.ui_domain
    connection.has_currency_field = facts.has_currency_field
    connection.not_before = None
    connection.save(update_fields=columns)
    connection.refresh_from_db(fields=["live_since"])


def refresh_schema(*, connection: Connection) -> None:
    """Reads the CRM's fields and stages again."""
    client = credentials.open_client(connection=connection)
    try:
        schema = read_schema_with_samples(connection=connection, client=client)
    finally:
        client.close()
    keep_schema(schema)
    if any(one["name"] == CURRENCY_FIELDS[Provider.SALESFORCE] for one in schema.fields):
        Connection.objects.filter(pk=connection.pk).update(has_currency_field=True)


def disconnect(*, connection: Connection, actor: AbstractBaseUser | None) -> None:
    """Revokes at the provider where it can be done, wipes the secrets, keeps every record."""
    revoked = revoke(connection)
    with transaction.atomic():
        credentials.wipe(connection=connection)
        Authorisation.objects.filter(connection=connection).delete()
        connection.state = ConnectionState.NOT_CONNECTED
        connection.state_reason = ""
        connection.warnings = []
        connection.save(update_fields=["state", "state_reason", "warnings"])
        audit.record(
            actor=actor, action="connection ended", subject=connection, after={"credentials": revoked}
        )


def revoke(connection: Connection) -> str:
    """Ends the access at the provider; tells what has become of the credentials."""
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


def digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
