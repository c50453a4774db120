"""What is known of the org behind a connection, learnt when it is connected and once a day from then on.

A run learns it before it reads deals. What decides what a deal becomes has the sweep read every stored deal
again: what was not billed follows, what was billed is told.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from crm_sync.clients.protocol import CrmClient
from crm_sync.deals import Deal, OrgFacts
from crm_sync.enums import ConnectionState
from crm_sync.errors import ConfigError, SyncError
from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import Standing, standing_after, without
from crm_sync.models import Connection, CrmDeal, CrmOrg
from crm_sync.selection import is_won
from fincelo.catalogue import Facts

LEARN_EVERY = timedelta(days=1)
DECIDE_DEALS = frozenset({"time_zone", "default_currency", "has_currency_field"})
log = logging.getLogger(__name__)


class OrgHasCurrencies(Exception):
    """The org keeps a currency on each record now: what was read without it has to be read again."""


def columns_of(connection: Connection, *, facts: OrgFacts) -> dict[str, Any]:
    """The connection's columns as these facts make them. What the CRM does not tell stays as it is.

    The currency of deals that name none follows the CRM's as long as nobody has chosen another.
    """
    follows = connection.default_currency in ("", connection.told_currency)
    return {
        "time_zone": facts.time_zone or connection.time_zone,
        "ui_domain": facts.ui_domain or connection.ui_domain,
        "has_currency_field": facts.has_currency_field or connection.has_currency_field,
        "default_currency": (facts.currency if follows else "") or connection.default_currency,
        "told_currency": facts.currency or connection.told_currency,
        "connected_as": facts.connected_as or connection.connected_as,
    }


def learn_if_due(*, connection: Connection, client: CrmClient) -> bool:
    """Whether they were due: once a day, and with every run while no time zone is known."""
    due = Q(facts_learnt_at=None) | Q(facts_learnt_at__lt=Now() - LEARN_EVERY) | Q(time_zone="")
    if not Connection.objects.filter(due, pk=connection.pk).exists():
        return False
    try:
        facts = client.org_facts()
    except SyncError as error:
        if (isinstance(error, ConfigError) and error.breaks) or not connection.time_zone:
            raise  # without a zone the run could only pass over its deals
        log.warning("The facts of %s could not be learnt: %s", connection, error)
        return True
    keep(connection=connection, facts=facts)
    client.use(time_zone=connection.time_zone, ui_domain=connection.ui_domain)
    return True


def keep(*, connection: Connection, facts: OrgFacts) -> None:
    """Stores facts of the org that the connection has. A person may have set one of them meanwhile."""
    connection.refresh_from_db(fields=["default_currency", "time_zone"])
    columns = columns_of(connection, facts=facts)
    changed = {name: value for name, value in columns.items() if getattr(connection, name) != value}
    for name, value in changed.items():
        setattr(connection, name, value)
    if DECIDE_DEALS & changed.keys():
        changed["last_sweep_at"] = None
    Connection.objects.filter(pk=connection.pk).update(facts_learnt_at=Now(), **changed)
    if facts.name and connection.org_id:
        CrmOrg.objects.filter(pk=connection.org_id).update(name=facts.name[:200], kind=facts.kind[:60])


def refuse_without_currency(*, client: CrmClient, deals: Sequence[Deal], connection: Connection) -> None:
    """Asks once a run whether records have a currency by now, when deals that are new were read without one.

    Raises OrgHasCurrencies where they do, before anything of those deals is written.
    """
    if client.lacks_currency and has_news(deals, connection=connection):
        notice_currency(client=client, connection=connection)
        if not client.lacks_currency:
            raise OrgHasCurrencies


def notice_currency(*, client: CrmClient, connection: Connection) -> None:
    """Makes the client ask for the currency of records, and keeps that it does, if there is one by now."""
    if client.lacks_currency and client.has_currency_now():
        connection.has_currency_field = True
        Connection.objects.filter(pk=connection.pk).update(has_currency_field=True, last_sweep_at=None)


def has_news(deals: Sequence[Deal], *, connection: Connection) -> bool:
    """Whether a won deal is among them that was not read as it is now. One that was deleted is not."""
    names = connection.stage_names
    won = {deal.external_id: deal.modified_at for deal in deals if is_won(deal, stage_names=names)}
    read = CrmDeal.objects.filter(org=connection.org_id, external_id__in=won).exclude(fingerprint="")
    known = dict(read.values_list("external_id", "modified_at"))
    return any(known.get(key) != moment for key, moment in won.items())


def standing_now(*, connection: Connection, client: CrmClient) -> dict[str, Facts]:
    """The lasting warnings at the end of a run: those of before, changed by what its client has found."""
    before = Connection.objects.values_list("standing", flat=True).get(pk=connection.pk)
    return without_supplied(standing_after(before, seen=client.findings.seen), connection=connection)


def without_supplied(standing: Standing, *, connection: Connection) -> dict[str, Facts]:
    """Without what a person has supplied in the CRM's place."""
    supplied = set()
    if connection.time_zone:
        supplied.add(FindingCode.ZONE_UNKNOWN)
    if connection.default_currency:
        supplied.add(FindingCode.CURRENCY_UNKNOWN)
    return {code: facts for code, facts in standing.items() if code not in supplied}


def drop_supplied(connection: Connection) -> list[str]:
    """Ends the warnings of what a person has supplied just now; the columns that the caller saves."""
    left = without_supplied(connection.standing, connection=connection)
    for code in connection.standing.keys() - left.keys():
        connection.warnings = without(connection.warnings, code=FindingCode(code))
    connection.standing = left
    if (
        connection.state == ConnectionState.DEGRADED
        and not connection.warnings
        and not connection.state_reason
    ):
        connection.state = ConnectionState.CONNECTED
    return ["standing", "warnings", "state"]
