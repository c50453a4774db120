"""Connects and disconnects: authorisation, tokens, what is read right after, and the end."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models.functions import Now

from contracts import audit
from crm_sync import credentials, health
from crm_sync.clients import salesforce_oauth
from crm_sync.clients.hubspot_api import choose_version
from crm_sync.clients.hubspot_values import clean_token
from crm_sync.clients.protocol import CrmClient
from crm_sync.clients.salesforce_errors import token_rule
from crm_sync.deals import OrgFacts
from crm_sync.enums import ConnectionState, Provider, Trouble
from crm_sync.errors import ConfigError, SyncError
from crm_sync.field_gaps import gap_sentence, missing_fields
from crm_sync.mappings import current_rules, ensure_proposal, source_choices
from crm_sync.models import Authorisation, Connection, CrmOrg
from crm_sync.origins import allowed_origins
from crm_sync.stages import keep_schema, read_schema

CALLBACK_PATH = "/api/crm/salesforce/callback"
AUTHORISATION_LIFE = timedelta(minutes=10)
START_AGAIN = "Press Authorise again."


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
    parts = urlsplit(address)
    is_bare = f"{parts.scheme}://{parts.netloc}" == address
    if not is_bare or not allowed_origins(Provider.SALESFORCE)(address):
        raise ValueError("Enter the address of your org, such as https://acme.my.salesforce.com.")
    return address


def start_authorisation(
    *, connection: Connection, client_secret: str, user: AbstractBaseUser, session_key: str, now: datetime
) -> str:
    """Keeps what the way back needs and answers with Salesforce's address to go to."""
    state = secrets.token_urlsafe(32)
    url, verifier = salesforce_oauth.authorise_url(
        login_url=connection.login_url,
        client_id=connection.client_id,
        redirect_uri=callback_url(),
        scopes=settings.SALESFORCE_SCOPES,
        state=state,
    )
    with transaction.atomic():
        if client_secret.strip():
            credentials.store(connection=connection, client_secret=client_secret.strip())
        Authorisation.objects.filter(connection=connection).delete()
        waiting = Authorisation.objects.create(
            connection=connection,
            user_id=user.pk,
            session_digest=digest(session_key),
            state_digest=digest(state),
            redirect_uri=callback_url(),
            expires_at=now + AUTHORISATION_LIFE,
        )
        waiting.verifier = verifier
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
    secret = credentials.read(connection=connection).client_secret or ""
    transport = credentials.transport_for(connection=connection)
    grant = salesforce_oauth.exchange_code(
        transport=transport,
        keys=credentials.app_keys(connection=connection, client_secret=secret),
        code=code,
        verifier=waiting.verifier or "",
        redirect_uri=waiting.redirect_uri,
    )
    return accept_grant(connection=connection, grant=grant, actor=user, confirmed_org=confirmed_org)


def accept_grant(
    *,
    connection: Connection,
    grant: salesforce_oauth.Grant,
    actor: AbstractBaseUser | None,
    confirmed_org: str = "",
) -> Connection:
    """Stores a Salesforce grant and reads the org. A grant for another org leaves the old one untouched."""
    if connection.org is not None and grant.org_id not in (connection.org.external_id, confirmed_org):
        raise OtherOrg(org_id=grant.org_id, org_name="another Salesforce org")
    with transaction.atomic():
        credentials.store(
            connection=connection, access_token=grant.access_token, refresh_token=grant.refresh_token
        )
        Connection.objects.filter(pk=connection.pk).update(instance_url=grant.instance_url)
    connection.instance_url = grant.instance_url
    client = credentials.open_salesforce(connection=connection)
    connection.api_version = client.choose_version()
    return settle(connection=connection, client=client, actor=actor, confirmed_org=grant.org_id)


def take_authorisation(
    *, state: str, user: AbstractBaseUser, session_key: str, now: datetime
) -> Authorisation:
    """Finds and deletes the authorisation this state belongs to; refuses any other user, session or hour."""
    with transaction.atomic():
        waiting = Authorisation.objects.select_for_update().filter(state_digest=digest(state)).first()
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
    return ConfigError(rule.sentence, next_step=rule.next_step, code=error[:60])


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
    connection.api_version = choose_version(client.api)
    portal_id = facts_of_token.portal_id
    if connection.org is not None and portal_id not in (connection.org.external_id, confirmed_org):
        raise OtherOrg(org_id=portal_id, org_name="another HubSpot portal")
    stopped = [check for check in client.preflight() if not check.ok and check.blocking]
    if stopped:
        raise ConfigError(stopped[0].sentence, code="PREFLIGHT")
    credentials.store(connection=connection, access_token=token)
    return settle(connection=connection, client=client, actor=actor, confirmed_org=portal_id)


def settle(
    *, connection: Connection, client: CrmClient, actor: AbstractBaseUser | None, confirmed_org: str
) -> Connection:
    """What every connect ends with: the org is known, the schema stored, a mapping proposed."""
    facts = client.identify()
    schema = read_schema(connection=connection, client=client)
    client.close()
    if facts.external_id != confirmed_org:
        raise OtherOrg(org_id=facts.external_id, org_name=facts.name)
    with transaction.atomic():
        before = {"org": str(connection.org or ""), "state": connection.state}
        keep_schema(schema)
        fields = source_choices(connection=connection)
        ensure_proposal(connection=connection, fields=fields)
        gaps = missing_fields(rules=current_rules(connection=connection).rules, fields=fields)
        provider = connection.get_provider_display()
        adopt(
            connection=connection,
            facts=facts,
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


def adopt(*, connection: Connection, facts: OrgFacts, warnings: list[str]) -> None:
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
    if connection.org is not None and connection.org != org:
        connection.forget_cursor()
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
    connection.save()
    connection.refresh_from_db(fields=["live_since"])


def refresh_schema(*, connection: Connection) -> None:
    """Reads the CRM's fields and stages again."""
    client = credentials.open_client(connection=connection)
    try:
        schema = read_schema(connection=connection, client=client)
    finally:
        client.close()
    keep_schema(schema)


def disconnect(*, connection: Connection, actor: AbstractBaseUser | None) -> None:
    """Revokes at the provider where it can be done, wipes the secrets, keeps every record."""
    try:
        held = credentials.read(connection=connection)
        if connection.provider == Provider.SALESFORCE and held.refresh_token:
            salesforce_oauth.revoke(
                transport=credentials.transport_for(connection=connection),
                login_url=connection.login_url,
                refresh_token=held.refresh_token,
            )
        revoked = "revoked at the provider" if connection.provider == Provider.SALESFORCE else "wiped here"
    except SyncError as error:
        revoked = f"wiped here; revoking failed: {error.sentence}"
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


def digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
