"""Deals that are no longer won: marked as soon as it is seen, settled at the end of the run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Least, Now

from billing.changing.fields import DEAL
from billing.changing.noticing import Difference, note_left
from billing.enums import ChangeKind, ChangeState
from billing.locks import lock_contracts
from billing.models import ContractChange
from contracts import audit
from contracts.bulk import copy_rows, update_rows
from contracts.enums import ContractState
from contracts.models import Contract
from contracts.suspending import suspend_contracts
from crm_sync import runs
from crm_sync.enums import DealState, LeftDecision, LeftReason, Outcome
from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import Finding, finding, without
from crm_sync.importing.known_deals import KnownDeal, invoiced_among
from crm_sync.models import Connection, CrmDeal, CrmDealQuerySet, Hold, SyncRecord, SyncRun

MOST_AT_ONCE = 20
"""More than these leaving won in one run look like a renamed stage: a person decides."""
PAUSED = "The contract is suspended: nothing has been invoiced, and the planned instalments are paused."
REVIEW = (
    "The contract is suspended and its planned instalments are paused. Review needed: the issued invoices "
    "stay as they are. Resume the contract, or correct what was invoiced."
)
WHY = {
    LeftReason.LEFT_WON: "The deal is in the stage '{stage}' now.",
    LeftReason.LOST: "The deal was lost: its stage is '{stage}' now.",
    LeftReason.DELETED: "The deal was deleted in the CRM.",
    LeftReason.ARCHIVED: "The deal was archived in the CRM.",
    LeftReason.MERGED: "The deal was merged into another one.",
}
WON_WORD = "Won"
GONE = (LeftReason.DELETED, LeftReason.ARCHIVED)
FORGOTTEN = (DealState.HELD, DealState.PREVIEWED)
MARK_COLUMNS = (
    "stage",
    "modified_at",
    "fingerprint",
    "state",
    "left_reason",
    "left_at",
    "left_decision",
)


class UnableToDecideLeavers(Exception):
    """The connection asks nothing, or not any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaver:
    """An import record whose deal turned out to be won no longer."""

    record: KnownDeal
    reason: LeftReason
    stage: str
    modified_at: datetime


def mark_left(*, leavers: Sequence[Leaver], at: datetime) -> None:
    """In the caller's transaction. One without a contract is forgotten until it is won again."""
    imported = [one for one in news(leavers) if one.record.state is DealState.IMPORTED]
    held = [one for one in news(leavers) if one.record.state in FORGOTTEN]
    suspended = still_suspended([one.record for one in imported])
    marks = [
        (
            one.record.id,
            *seen(one),
            one.record.fingerprint,
            DealState.IMPORTED.value,
            one.reason.value,
            one.record.leaving.at or at,
            LeftDecision.SUSPENDED.value if one.record.id in suspended else "",
        )
        for one in imported
    ]
    marks += [(one.record.id, *seen(one), "", DealState.LEFT.value, one.reason.value, at, "") for one in held]
    if not marks:
        return
    update_rows(model=CrmDeal, columns=MARK_COLUMNS, rows=marks)
    CrmDeal.objects.filter(pk__in=[row[0] for row in marks]).update(updated_at=Now())
    for reason in {one.reason for one in held}:
        ids = [one.record.id for one in held if one.reason is reason]
        Hold.objects.open().filter(crm_deal_id__in=ids).update(resolved_at=Now(), resolution=reason.value)


def news(leavers: Sequence[Leaver]) -> list[Leaver]:
    """Those not marked so yet, and not told by an answer older than what is stored, as of a late index."""
    return [
        one
        for one in leavers
        if one.record.state in (DealState.IMPORTED, *FORGOTTEN)
        and one.modified_at >= one.record.modified_at
        and one.record.leaving.reason != one.reason
    ]


def still_suspended(records: Sequence[KnownDeal]) -> set[int]:
    """Suspended by us before, and not to be suspended again: for an earlier reason, or never resumed since.

    Keeping a contract was decided for one reason. For another one it is asked again.
    """
    before = [one for one in records if one.leaving.decision == LeftDecision.SUSPENDED]
    returned = {one.contract_id: one.id for one in before if not one.leaving.reason}
    if returned:
        paused = Contract.objects.filter(pk__in=returned, state=ContractState.SUSPENDED)
        kept = {returned[key] for key in paused.values_list("pk", flat=True)}
    else:
        kept = set()
    return kept | {one.id for one in before if one.leaving.reason}


def seen(leaver: Leaver) -> tuple[str, datetime]:
    return leaver.stage[:300], leaver.modified_at


def settle_leavers(*, run: SyncRun) -> None:
    """Suspends the running contracts of marked deals, or asks when there are too many.

    Called at the end of a run, and at the start of each for what a killed one has left.
    """
    here = Connection.objects.filter(pk=run.connection_id)
    marked = CrmDeal.objects.leaving().filter(org=run.connection.org_id)
    asks = here.filter(leavers_asked_at__isnull=False).exists()
    if not asks and not marked.exists():
        return
    with transaction.atomic(durable=True):
        runs.fence(run=run)
        few = list(leaving_from(run.connection).select_for_update().order_by("id")[: MOST_AT_ONCE + 1])
        if few and (asks or len(few) > MOST_AT_ONCE):
            here.update(leavers_asked_at=Coalesce(F("leavers_asked_at"), Now()))
            return
        here.filter(leavers_asked_at__isnull=False).update(leavers_asked_at=None)
        suspend(leavers=few, run=run, actor=None)
        note_lost(lost_without_running_contract(run.connection))


def suspend(*, leavers: Sequence[CrmDeal], run: SyncRun, actor: AbstractBaseUser | None) -> int:
    """The deals are locked. Their contracts are locked here, and only then looked at."""
    if not leavers:
        return 0
    by_contract = {deal.contract_id: deal for deal in leavers if deal.contract_id}
    lock_contracts(contract_ids=list(by_contract))
    invoiced = invoiced_among(list(by_contract))
    sentences = {
        key: f"{why(deal)} {REVIEW if key in invoiced else PAUSED}" for key, deal in by_contract.items()
    }
    suspended = [contract.pk for contract in suspend_contracts(reasons=sentences, actor=actor)]
    note_lost([by_contract[key] for key in suspended if key in invoiced])
    CrmDeal.objects.filter(contract_id__in=suspended).update(
        left_decision=LeftDecision.SUSPENDED, updated_at=Now()
    )
    copy_rows(
        model=SyncRecord,
        columns=("run_id", "crm_deal_id", "outcome", "sentence", "trace"),
        rows=[
            (run.pk, by_contract[key].pk, Outcome.SUSPENDED.value, sentences[key], []) for key in suspended
        ],
    )
    count_suspended(run=run, count=len(suspended))
    return len(suspended)


def count_suspended(*, run: SyncRun, count: int) -> None:
    """Those that the run has read count as suspended now. Others, left by a killed run, count as read."""
    read = Least(F("left_won"), count)
    SyncRun.objects.filter(pk=run.pk).update(
        suspended=F("suspended") + count, left_won=F("left_won") - read, seen=F("seen") + count - read
    )


def lost_without_running_contract(connection: Connection) -> list[CrmDeal]:
    """Of completed or suspended contracts that have been invoiced, where nobody has been asked yet."""
    ended = Contract.objects.filter(state__in=[ContractState.COMPLETED, ContractState.SUSPENDED])
    told = ContractChange.objects.filter(kind=ChangeKind.DEAL_LEFT, state=ChangeState.OPEN)
    lost = CrmDeal.objects.leaving().filter(org=connection.org_id, contract__in=ended)
    found = list(lost.exclude(contract__in=told.values("contract")).order_by("id"))
    invoiced = invoiced_among([deal.contract_id for deal in found if deal.contract_id])
    lock_contracts(contract_ids=invoiced)
    return [deal for deal in found if deal.contract_id in invoiced]


def note_lost(deals: Sequence[CrmDeal]) -> None:
    """Of invoiced contracts. A deal that is gone from the CRM says nothing of their terms any more."""
    for gone in (True, False):
        found = [
            Difference(
                contract_id=deal.contract_id,
                before={DEAL: WON_WORD},
                after={DEAL: LeftReason(deal.left_reason).label},
            )
            for deal in deals
            if deal.contract_id and (deal.left_reason in GONE) is gone
        ]
        note_left(found=found, keeps_terms=not gone)


def why(deal: CrmDeal) -> str:
    return WHY[LeftReason(deal.left_reason)].format(stage=deal.stage)


def leaver_warnings(*, connection: Connection) -> list[Finding]:
    """What a connection that asks says of it."""
    # Deals are locked before their connection, as runs do; `answer` asks again once it has that lock as well.
    if not Connection.objects.filter(pk=connection.pk, leavers_asked_at__isnull=False).exists():
        return []
    return [finding(FindingCode.MANY_LEAVERS, deals=leaving_from(connection).count())]


def leaving_from(connection: Connection) -> CrmDealQuerySet:
    """Of the connection's org: its deals may have come by way of an earlier connection."""
    return CrmDeal.objects.leaving().with_running_contract().filter(org=connection.org_id)


def suspend_leavers(*, connection: Connection, actor: AbstractBaseUser) -> int:
    """A person says: they have left. Told on the run that was the last to see them."""
    with transaction.atomic():
        leavers = asked_leavers(connection=connection)
        latest = SyncRun.objects.filter(connection=connection).latest("started_at", "id")
        count = suspend(leavers=leavers, run=latest, actor=actor)
        answer(connection=connection, action="Contracts of leaving deals suspended", count=count, actor=actor)
    return count


def keep_leavers(*, connection: Connection, actor: AbstractBaseUser) -> int:
    """A person says: they are still won, as after a stage was renamed. Their contracts stay as they are."""
    with transaction.atomic():
        keys = [deal.pk for deal in asked_leavers(connection=connection)]
        CrmDeal.objects.filter(pk__in=keys).update(left_decision=LeftDecision.KEPT, updated_at=Now())
        answer(connection=connection, action="Contracts of leaving deals kept", count=len(keys), actor=actor)
    return len(keys)


def asked_leavers(*, connection: Connection) -> list[CrmDeal]:
    found = list(leaving_from(connection).select_for_update().order_by("id"))
    # Deals are locked before their connection, as runs do; `answer` asks again once it has that lock as well.
    if not Connection.objects.filter(pk=connection.pk, leavers_asked_at__isnull=False).exists():
        raise UnableToDecideLeavers(
            f"{connection} has nothing left to decide: somebody has already decided this."
        )
    return found


def answer(*, connection: Connection, action: str, count: int, actor: AbstractBaseUser) -> None:
    """The question is settled: neither the state nor its warning stays."""
    locked = Connection.objects.select_for_update().get(pk=connection.pk)
    if locked.leavers_asked_at is None:
        raise UnableToDecideLeavers(
            f"{connection} has nothing left to decide: somebody has already decided this."
        )
    locked.leavers_asked_at = None
    locked.warnings = without(locked.warnings, code=FindingCode.MANY_LEAVERS)
    locked.save(update_fields=["leavers_asked_at", "warnings"])
    audit.record(actor=actor, action=action, subject=connection, after={"deals": count})
