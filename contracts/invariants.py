"""What must be true of contracts, of the workspace and of the refusals that the database makes."""

from collections.abc import Sequence
from typing import Any

import pgtrigger
from django.apps import apps

from contracts.currencies import EXPONENTS, is_known
from contracts.custom_values import fits_sql
from contracts.money import Money
from contracts.sealing import BROKEN
from fincelo import closed_triggers
from fincelo.invariants import Invariant, Row

KNOWN_CURRENCIES = ", ".join(f"'{code}'" for code in EXPONENTS)


def with_money(row: Row) -> Row:
    """The amounts of a row as people write them. The currency may be what is wrong."""
    currency = str(row.get("currency"))
    return {
        name: str(Money(minor=int(value), currency=currency))
        if name.endswith("_minor") and value is not None and is_known(currency=currency)
        else value
        for name, value in row.items()
    }


def expected_triggers(*, emptying: bool) -> str:
    """(table, trigger, rule) of each refusal that our models declare, as rows of SQL."""
    models: list[Any] = apps.get_models()  # pgtrigger wants a class where it says an instance
    declared = [(model, trigger) for model in models for trigger in _triggers_of(model)]
    return ", ".join(
        f"('{model._meta.db_table}', '{trigger.get_pgid(model)}', '{trigger.name}')"
        for model, trigger in declared
        if (trigger.operation == pgtrigger.Truncate) is emptying
    )


def _triggers_of(model: Any) -> Sequence[pgtrigger.Trigger]:
    """pgtrigger itself knows them only after our apps are ready."""
    return getattr(model._meta, "triggers", ())


def refusals(*, emptying: bool) -> str:
    return f"""
        SELECT expected.rule, expected.place
        FROM (VALUES {expected_triggers(emptying=emptying)}) AS expected (place, id, rule)
        WHERE NOT EXISTS (
            SELECT 1 FROM pg_trigger
            WHERE tgrelid = to_regclass(expected.place) AND tgname = expected.id AND tgenabled IN ('O', 'A')
        )
    """  # noqa: S608  constants


MISSING_REFUSAL = (
    "The trigger {rule} on {place} is missing or switched off, so the database no longer refuses what it "
    "should. Run `manage.py pgtrigger install`, then find out who removed it and what was "
    "changed in the meantime."
)

INVARIANTS = [
    Invariant(
        number="I7",
        name="contract_currency_is_known",
        sql=f"""
            SELECT id, name, currency, value_minor FROM contracts_contract
            WHERE currency NOT IN ({KNOWN_CURRENCIES})
        """,  # noqa: S608  constants
        sentence=(
            "Contract {id}, {name}, is in {currency}, which is no currency in use, so {value_minor} has no "
            "meaning. Suspend it and correct the currency in the CRM."
        ),
    ),
    Invariant(
        number="I13",
        name="custom_field_values_fit",
        sql=f"""
            SELECT field.id, field.label, field.home, field.type, count(*) AS misfits
            FROM contracts_customfield field
            JOIN (
                SELECT 'contract' AS home, custom_fields FROM contracts_contract WHERE custom_fields <> '{{}}'
                UNION ALL
                SELECT 'customer', custom_fields FROM contracts_customer WHERE custom_fields <> '{{}}'
            ) kept ON kept.home = field.home AND jsonb_exists(kept.custom_fields, field.label)
            WHERE ({fits_sql(type="field.type", value="(kept.custom_fields ->> field.label)")}) IS NOT TRUE
            GROUP BY field.id
        """,  # noqa: S608  constants
        sentence=(
            "The custom field {label} is of type {type}, and {misfits} {home} rows hold another kind "
            "of value under it. Sync their deals again with `manage.py sync_crm --full`."
        ),
    ),
    Invariant(
        number="I26",
        name="database_refuses_changes",
        sql=refusals(emptying=False),
        sentence=MISSING_REFUSAL,
    ),
    Invariant(
        number="I26",
        name="database_refuses_emptying",
        sql=refusals(emptying=True),
        sentence=MISSING_REFUSAL,
    ),
    Invariant(
        number="I26",
        name="database_lets_nobody_past",
        sql=f"""
            SELECT proname FROM pg_proc
            WHERE oid = to_regprocedure('public._pgtrigger_should_ignore(name)')
              AND prosrc <> '{closed_triggers.BODY}'
        """,  # noqa: S608  a constant
        sentence=(
            "The function {proname} lets every session past the triggers that says so. Close it with "
            "`manage.py migrate`, then find out who opened it and what was changed in the meantime."
        ),
    ),
    Invariant(
        number="I31",
        name="audit_is_as_sealed",
        sql=BROKEN,
        sentence=(
            "Seal {id} of the audit, made on {sealed_at:%Y-%m-%d, %H:%M} UTC, covers {entries:,} entries. "
            "Now {left_over:,} are there, or others. Somebody changed the audit past Fincelo: compare it "
            "with a backup."
        ),
    ),
    Invariant(
        number="I30",
        name="workspace_has_a_time_zone",
        sql="""
            SELECT id, time_zone FROM contracts_workspace workspace
            WHERE NOT EXISTS (SELECT 1 FROM pg_timezone_names WHERE name = workspace.time_zone)
        """,
        sentence=(
            "The workspace's time zone {time_zone} is unknown, so no billing date can be told. Set it to an "
            "IANA name such as Europe/Berlin."
        ),
    ),
    Invariant(
        number="I31",
        name="contract_state_is_audited",
        sql="""
            SELECT id, name, state FROM contracts_contract contract
            WHERE state IN ('suspended', 'completed', 'terminated') AND NOT EXISTS (
                SELECT 1 FROM contracts_auditentry entry
                WHERE entry.object_type = 'contracts.contract' AND entry.object_id = contract.id
                  AND entry.after ->> 'state' = contract.state
            )
        """,
        sentence=(
            "Contract {id}, {name}, is {state} and the audit does not say since when and why. Find out who "
            "changed it past Fincelo, and resume it on its page if that was a mistake."
        ),
    ),
]
