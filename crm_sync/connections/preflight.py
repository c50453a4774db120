"""What the stored credential may read right now, each gap by its name with its cure."""

from crm_sync.clients.registry import facts_of
from crm_sync.connections.credentials import open_client
from crm_sync.deals import Check
from crm_sync.errors import ConfigError
from crm_sync.mapping.field_gaps import field_checks
from crm_sync.mapping.lint import type_problems, unit_problems
from crm_sync.mapping.near_misses import gone_stages
from crm_sync.mapping.stages import keep_schema, misses_of, read_schema, stages_of
from crm_sync.mapping.store import current_rules, lint, source_choices
from crm_sync.models import Connection, CrmSchema


def preflight(*, connection: Connection) -> list[Check]:
    """Asks for everything a poll needs, and refreshes fields, stages and counts on the way."""
    client = open_client(connection=connection)
    try:
        checks = list(client.preflight())
        checks += facts_of(connection.provider).scope_checks(client, checks)
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
