"""Stores what a page has come to: import records, holds, sync records."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection as database
from django.db.models.functions import Now

from contracts.bulk import as_json, copy_rows, next_ids, update_rows
from contracts.models import NAME_LENGTH
from crm_sync.deals import Deal
from crm_sync.enums import DealState, HoldCode, Outcome
from crm_sync.importing.changes import Change
from crm_sync.importing.known_deals import WON, Leaving
from crm_sync.importing.mail_addresses import mail_address
from crm_sync.mapping.readers import printable
from crm_sync.mapping.result import MappedDeal, Problem, Step
from crm_sync.models import CrmDeal, Hold, SyncRecord, SyncRun

KEEP_OPEN_HOLDS = """
INSERT INTO crm_sync_hold (crm_deal_id, code, problems, value_minor, currency, manager_email)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::jsonb[], %s::bigint[], %s::text[], %s::text[])
ON CONFLICT (crm_deal_id) WHERE resolved_at IS NULL
DO UPDATE SET
    code = excluded.code,
    problems = excluded.problems,
    value_minor = excluded.value_minor,
    currency = excluded.currency,
    manager_email = excluded.manager_email
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one deal has come to in this run."""

    mapped: MappedDeal
    outcome: Outcome
    deal_id: int | None = None
    """The import record, when there is one already."""
    contract_id: int | None = None
    sentence: str = ""
    code: HoldCode | None = None
    problems: Sequence[Problem] = ()
    changes: Sequence[Change] = field(default_factory=tuple)
    leaving: Leaving = WON
    """A deal that is won again may still have to be told from one that never left."""
    stays: DealState | None = None
    """What a deal that is only previewed was before, where a person is to see it as that."""

    @property
    def state(self) -> DealState:
        if self.contract_id:
            return DealState.IMPORTED
        if self.outcome is Outcome.PREVIEWED:
            return self.stays or DealState.PREVIEWED
        return DealState.HELD


def store_verdicts(*, run: SyncRun, org_id: int, verdicts: Sequence[Verdict], tell_unchanged: bool) -> None:
    """A fixed number of statements, however many verdicts there are.

    A poll only counts what is unchanged, unless the CRM says otherwise than a person has entered.
    """
    if not verdicts:
        return
    keys = store_deals(run=run, org_id=org_id, verdicts=verdicts)
    store_holds(keys=keys, verdicts=verdicts)
    rows = [
        (
            run.pk,
            key,
            verdict.outcome.value,
            verdict.code.value if verdict.code else "",
            verdict.sentence,
            [cause_json(problem) for problem in verdict.problems],
            [step_json(step) for step in verdict.mapped.trace],
            [{"field": one.label, "old": one.old, "new": one.new} for one in verdict.changes],
        )
        for key, verdict in zip(keys, verdicts, strict=True)
        if tell_unchanged or verdict.outcome is not Outcome.UNCHANGED or verdict.mapped.is_overruled
    ]
    copy_rows(
        model=SyncRecord,
        columns=("run_id", "crm_deal_id", "outcome", "code", "sentence", "problems", "trace", "changes"),
        rows=rows,
    )


def store_deals(*, run: SyncRun, org_id: int, verdicts: Sequence[Verdict]) -> list[int]:
    """The import records' ids, in the order of the verdicts."""
    new = [verdict for verdict in verdicts if verdict.deal_id is None]
    fresh = iter(next_ids(counts={CrmDeal: len(new)})[CrmDeal])
    keys = [verdict.deal_id or next(fresh) for verdict in verdicts]
    pairs = list(zip(keys, verdicts, strict=True))
    added = [
        (key, org_id, run.connection_id, verdict.mapped.deal.external_id, *deal_row(verdict))
        for key, verdict in pairs
        if verdict.deal_id is None
    ]
    if added:
        copy_rows(
            model=CrmDeal, columns=("id", "org_id", "connection_id", "external_id", *DEAL_COLUMNS), rows=added
        )
    changed = [(key, *deal_row(verdict)) for key, verdict in pairs if verdict.deal_id is not None]
    if changed:
        update_rows(model=CrmDeal, columns=DEAL_COLUMNS, rows=changed)
        CrmDeal.objects.filter(pk__in=[row[0] for row in changed]).update(updated_at=Now())
    return keys


DEAL_COLUMNS = (
    "name",
    "stage",
    "url",
    "modified_at",
    "fingerprint",
    "state",
    "contract_id",
    "left_reason",
    "left_at",
    "left_decision",
)


def deal_row(verdict: Verdict) -> tuple[Any, ...]:
    deal: Deal = verdict.mapped.deal
    return (
        printable(deal.name, longest=NAME_LENGTH),
        printable(deal.stage, longest=300),
        deal.url,
        deal.modified_at,
        verdict.mapped.fingerprint,
        verdict.state.value,
        verdict.contract_id,
        verdict.leaving.reason,
        verdict.leaving.at,
        verdict.leaving.decision,
    )


def store_holds(*, keys: Sequence[int], verdicts: Sequence[Verdict]) -> None:
    held = [
        (key, verdict)
        for key, verdict in zip(keys, verdicts, strict=True)
        if verdict.state is DealState.HELD and verdict.problems
    ]
    if held:
        with database.cursor() as cursor:
            cursor.execute(
                KEEP_OPEN_HOLDS,
                [
                    [key for key, _ in held],
                    [verdict.problems[0].code.value for _, verdict in held],
                    [as_json([problem_json(one) for one in verdict.problems]) for _, verdict in held],
                    [verdict.mapped.value.minor if verdict.mapped.value else None for _, verdict in held],
                    [verdict.mapped.value.currency if verdict.mapped.value else "" for _, verdict in held],
                    [mail_address(verdict.mapped.manager_email) for _, verdict in held],
                ],
            )
    freed = [
        key for key, verdict in zip(keys, verdicts, strict=True) if verdict.deal_id and verdict.contract_id
    ]
    if freed:
        Hold.objects.open().filter(crm_deal_id__in=freed).update(resolved_at=Now(), resolution="imported")


def problem_json(problem: Problem) -> dict[str, str]:
    return {
        "code": problem.code.value,
        "field": problem.field,
        "raw": problem.raw,
        "sentence": problem.sentence,
        "cure": problem.cure,
        "key": problem.key,
        **({"fact": problem.fact} if problem.fact else {}),
    }


def cause_json(problem: Problem) -> dict[str, str]:
    """What tells one reason of a hold from another one, however either is worded."""
    cause = {"code": problem.code.value, "key": problem.key, "raw": problem.raw}
    return cause | {"fact": problem.fact} if problem.fact else cause


def step_json(step: Step) -> dict[str, str]:
    told = {
        "key": step.key,
        "field": step.field,
        "source": step.source,
        "raw": step.raw,
        "transform": step.transform,
        "value": step.value,
    }
    return told | {"crm": step.crm} if step.crm else told
