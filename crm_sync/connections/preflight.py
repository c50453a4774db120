"""What the stored credential may read right now, each gap by its name with its cure."""

from collections.abc import Sequence

from django.conf import settings

from crm_sync.clients.hubspot.client import HubSpotClient
from crm_sync.connections.credentials import open_client
from crm_sync.deals import Check
from crm_sync.errors import ConfigError
from crm_sync.mapping.field_gaps import field_checks
from crm_sync.mapping.lint import type_problems, unit_problems
from crm_sync.mapping.near_misses import gone_stages
from crm_sync.mapping.stages import keep_schema, misses_of, read_schema, stages_of
from crm_sync.mapping.store import current_rules, lint, source_choices
from crm_sync.models import Connection, CrmSchema

HUBSPOT_SCOPES = {
    "crm.objects.deals.read": "Without it no deal can be read.",
    "crm.objects.companies.read": "Without it no deal has a customer.",
    "crm.objects.contacts.read": "HubSpot asks for it beside the other two.",
    "crm.objects.owners.read": "Without it Account Manager stays blank.",
}
HUBSPOT_HARMLESS = frozenset(
    {"oauth", *(f"crm.schemas.{kind}.read" for kind in ("deals", "companies", "contacts"))}
)
"""Let no record be read that the others do not."""
SALESFORCE_WIDE = ("full", "web", "visualforce", "chatter_api", "wave_api", "eclair_api", "pardot_api")


def preflight(*, connection: Connection) -> list[Check]:
    """Asks for everything a poll needs, and refreshes fields, stages and counts on the way."""
    client = open_client(connection=connection)
    try:
        checks = list(client.preflight())
        granted = client.api.introspect().scopes if isinstance(client, HubSpotClient) else None
        checks += scope_checks(granted=granted, known=checks)
        checks += wider_scopes(granted=granted)
        try:
            keep_schema(read_schema(connection=connection, client=client))
        except ConfigError as error:
            if error.breaks:
                raise
            return [*checks, Check(label="Fields and stages", ok=False, sentence=str(error), blocking=False)]
    finally:
        client.close()
    schema = CrmSchema.objects.get(pk=connection.pk)
    rules = current_rules(connection=connection).rules
    fields = source_choices(connection=connection)
    provider = connection.get_provider_display()
    found = lint(connection=connection, rules=rules)
    return [
        *checks,
        *stage_checks(connection=connection, schema=schema),
        *field_checks(rules=rules, fields=fields, provider=provider),
        *(
            Check(label=f"{one.label}: type", ok=False, sentence=one.sentence, blocking=False)
            for one in type_problems(found)
        ),
        *(
            Check(label=f"{one.label}: unit", ok=False, sentence=one.sentence, blocking=False)
            for one in unit_problems(found)
        ),
    ]


def scope_checks(*, granted: frozenset[str] | None, known: Sequence[Check]) -> list[Check]:
    """Scopes that HubSpot says the token lacks, and that no failed call has named already."""
    if not granted:  # not every kind of token tells
        return []
    named = frozenset().union(*(check.lacks for check in known))
    return [
        Check(
            label=f"Scope {scope}",
            ok=False,
            sentence=f"The access token lacks it. {use} Add it to the service key or private app in HubSpot.",
            blocking=False,
        )
        for scope, use in HUBSPOT_SCOPES.items()
        if scope not in granted and scope not in named
    ]


def wider_scopes(*, granted: frozenset[str] | None) -> list[Check]:
    """What the credential may do beyond what Fincelo needs. `granted`: of a HubSpot token, else None."""
    if granted is not None:
        beyond = sorted(granted - HUBSPOT_SCOPES.keys() - HUBSPOT_HARMLESS)
        cure = "Fincelo only reads four kinds of records. Take the rest from the service key or private app."
    else:
        beyond = [scope for scope in settings.SALESFORCE_SCOPES.split() if scope in SALESFORCE_WIDE]
        cure = (
            "Fincelo only reads: api and refresh_token are enough. Set SALESFORCE_SCOPES to "
            "'api refresh_token', give the app these two, and authorise again."
        )
    if not beyond:
        return []
    return [
        Check(
            label="Scopes wider than needed",
            ok=True,  # it works; what it could do besides is said
            sentence=f"It may do more than Fincelo needs: {', '.join(beyond)}. {cure}",
            blocking=False,
        )
    ]


def stage_checks(*, connection: Connection, schema: CrmSchema) -> list[Check]:
    stages, provider = stages_of(schema), connection.get_provider_display()
    gone = gone_stages(stages=stages, selected=connection.stage_names)
    found = [name for name in connection.stage_names if name not in gone]
    checks = []
    if found:
        pipelines = [stage.pipeline for stage in stages if stage.name in found and stage.pipeline]
        where = f" in {', '.join(dict.fromkeys(pipelines))}" if pipelines else ""
        checks.append(Check(label="Won stages", ok=True, sentence=f"{' and '.join(found)} found{where}."))
    checks += [
        Check(
            label=f"Stage {name}",
            ok=False,
            sentence=f"No stage in {provider} has this name. Choose the stages again.",
            blocking=not found,
        )
        for name in gone
    ]
    near = [miss.name for miss in misses_of(connection=connection, schema=schema) if miss.count]
    if near:
        checks.append(
            Check(
                label="Near misses",
                ok=False,
                sentence=f"Deals in {' and '.join(near)} are not imported. Select the stage if they are won.",
                blocking=False,
            )
        )
    return checks
