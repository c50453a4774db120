"""The end of every connect: the connection takes over the org, the access and what was learnt of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models.functions import Now

from contracts.clock import business_day
from crm_sync.connections import condition
from crm_sync.connections.deal_links import follow_move
from crm_sync.connections.org_facts import columns_of, without_supplied
from crm_sync.connections.settings import CURSOR, take_lease_away
from crm_sync.deals import OrgFacts
from crm_sync.enums import ConnectionState, Trouble
from crm_sync.errors import ConfigError
from crm_sync.findings.values import Finding, Findings, lasting, standing_after, stored
from crm_sync.models import Connection, ConnectionLease, CrmOrg

SETTLED = (
    *("org", "state", "state_reason", "warnings", "login_url", "client_id", "instance_url", "api_version"),
    *("connected_as", "standing", "told_currency", "facts_learnt_at"),
    *("default_currency", "time_zone", "ui_domain", "has_currency_field", "not_before"),
    *("live_since", "trouble"),
)
"""What connecting decides about a connection. A run or a person may change the rest meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a connect has come by: secrets for the vault, columns for the connection."""

    secrets: Mapping[str, str] = field(repr=False)
    columns: Mapping[str, str]


def adopt(
    *, connection: Connection, facts: OrgFacts, access: Access, findings: Findings, gaps: Sequence[Finding]
) -> None:
    """In the caller's transaction. `gaps`: mapped fields that the CRM lacks."""
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
    if connection.org != org:
        forget_facts(connection)
    if connection.org is not None and connection.org != org:
        for lease in ConnectionLease.objects.filter(connection=connection):
            take_lease_away(lease=lease)  # a run at work would move the cursor over deals of the new org
        connection.forget_cursor()
        columns += [*CURSOR, *connection.ask_for_start(since=business_day())]
    connection.org = org
    for name, value in columns_of(connection, facts=facts).items():
        setattr(connection, name, access.columns.get(name, value))
    standing = standing_after({}, seen=findings.seen)
    connection.standing = without_supplied(standing, connection=connection)
    connection.warnings = stored([*lasting(connection.standing), *gaps])
    if connection.state != ConnectionState.PAUSED:
        connection.state = ConnectionState.DEGRADED if connection.warnings else ConnectionState.CONNECTED
        connection.state_reason = ""
    connection.live_since = Now()
    if connection.trouble == Trouble.BROKEN:
        condition.tell_recovery(connection=connection)
    connection.facts_learnt_at = Now()
    connection.not_before = None
    connection.save(update_fields=columns)
    follow_move(connection)
    connection.refresh_from_db(fields=["live_since", "facts_learnt_at"])


def forget_facts(connection: Connection) -> None:
    """What was known of another org, or is only preset, says nothing of this one."""
    if connection.default_currency == connection.told_currency:
        connection.default_currency = ""
    connection.told_currency = connection.time_zone = connection.ui_domain = ""
    connection.has_currency_field = False
