"""Deals that were merged in the CRM: the survivor takes over the contract, and never gets a second one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.db.models.functions import Now

from contracts import audit
from contracts.models import NAME_LENGTH
from crm_sync.deals import Deal
from crm_sync.enums import DealState, HoldCode, LeftReason
from crm_sync.importing.known_deals import KnownDeal, known_deals
from crm_sync.importing.leaving import Leaver
from crm_sync.mapping.readers import printable
from crm_sync.mapping.result import MappedDeal, Problem
from crm_sync.mapping.rules import NOTHING_DECIDED, Decisions
from crm_sync.models import CrmDeal, Hold

STANDS = (DealState.IMPORTED, DealState.HELD, DealState.LEFT, DealState.PREVIEWED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """A deal and what is stored of those that were merged into it."""

    deal: Deal
    own: KnownDeal | None
    merged: Sequence[KnownDeal]

    @property
    def imported(self) -> list[KnownDeal]:
        return [record for record in self.merged if record.contract_id]

    @property
    def holder(self) -> KnownDeal | None:
        """Whose contract the survivor takes over."""
        return next(iter(self.imported), None)

    @property
    def decisions(self) -> Decisions:
        """Those on the survivor, and those that the contract stands on."""
        held, own = (record.decisions if record else NOTHING_DECIDED for record in (self.holder, self.own))
        if NOTHING_DECIDED in (held, own):
            return held if own == NOTHING_DECIDED else own
        entered = {**held.overrides, **own.overrides}
        return Decisions(
            overrides=dict(sorted(entered.items())), free_accepted=held.free_accepted or own.free_accepted
        )

    @property
    def billed_until(self) -> date | None:
        """The survivor's own day, or the latest of the others: none is billed twice."""
        if self.own and self.own.billed_until:
            return self.own.billed_until
        return max((record.billed_until for record in self.merged if record.billed_until), default=None)

    @property
    def needs_review(self) -> bool:
        """More than one of them has a contract already."""
        return len(self.imported) + bool(self.own and self.own.contract_id) > 1

    @property
    def is_news(self) -> bool:
        """What a person has been shown once, or what has been taken over, is none."""
        if not self.needs_review:
            return True
        return any(record.leaving.reason != LeftReason.MERGED for record in self.imported)


def merge_of(deal: Deal, *, known: Mapping[str, KnownDeal]) -> Merge | None:
    merged = [known[old] for old in deal.merged_ids if old in known and known[old].state in STANDS]
    return Merge(deal=deal, own=known.get(deal.external_id), merged=merged) if merged else None


def decided(record: KnownDeal | None, *, merge: Merge | None) -> tuple[Decisions, date | None]:
    """What people decided about a deal, and up to which day it was billed elsewhere."""
    known = merge if merge and not merge.needs_review else record
    return (known.decisions, known.billed_until) if known else (NOTHING_DECIDED, None)


def ids_of(deals: Sequence[Deal]) -> list[str]:
    """The deals' ids, with those of the deals that were merged into them."""
    return list({key for deal in deals for key in (deal.external_id, *deal.merged_ids)})


def survivors(deals: Sequence[Deal], *, known: Mapping[str, KnownDeal]) -> list[Deal]:
    """Without those that another deal has swallowed, which a lagging search may still show."""
    swallowed = {old for deal in deals for old in deal.merged_ids if old != deal.external_id}
    swallowed |= {key for key, record in known.items() if record.state is DealState.MERGED}
    return [deal for deal in deals if deal.external_id not in swallowed]


def reviewed(one: MappedDeal, *, merge: Merge | None) -> MappedDeal:
    """Two contracts are never made one by a machine: a person decides which of them continues."""
    if merge is None or not merge.needs_review:
        return one
    has_contract = merge.own is not None and merge.own.contract_id is not None
    if has_contract and not merge.is_news:
        return one
    ids = ", ".join(sorted(record.external_id for record in merge.imported))
    problem = Problem(
        code=HoldCode.MERGED_DEALS,
        field="Deal",
        raw=printable(ids),
        sentence=f"Deals that have a contract each were merged into this one: {ids}.",
        cure="Resume the contract that continues, then dismiss this hold if there is one.",
    )
    return replace(one, contract=None, problems=(problem, *one.problems))


def swallowed_leavers(merges: Sequence[Merge], *, won: Collection[str]) -> list[Leaver]:
    """Merged deals whose contracts nobody takes over: the survivor is not won, or has one of its own."""
    return [
        Leaver(record=record, reason=LeftReason.MERGED, stage=record.stage, modified_at=record.modified_at)
        for merge in merges
        if merge.needs_review or merge.deal.external_id not in won
        for record in merge.merged
        if record.state is not DealState.LEFT
    ]


def take_over(
    *, merges: Sequence[Merge], connection_id: int, org_id: int, known: Mapping[str, KnownDeal]
) -> dict[str, KnownDeal]:
    """What is known once the survivors have taken over. In the caller's transaction; merges are rare."""
    if not merges:
        return dict(known)
    for merge in merges:
        survivor = survivor_row(merge, connection_id=connection_id, org_id=org_id)
        holder = merge.holder
        if merge.billed_until != survivor.billed_until:
            survivor.billed_until = merge.billed_until
            survivor.save(update_fields=["billed_until"])
        keys = [record.id for record in merge.merged]
        CrmDeal.objects.filter(pk__in=keys).update(
            state=DealState.MERGED,
            merged_into=survivor,
            contract=None,
            fingerprint="",
            left_reason="",
            left_at=None,
            left_decision="",
            updated_at=Now(),
        )
        Hold.objects.open().filter(crm_deal_id__in=keys).update(
            resolved_at=Now(), resolution=LeftReason.MERGED.value
        )
        if holder:
            inherit(survivor=survivor, holder=holder)
    ids = [merge.deal.external_id for merge in merges]
    return {**known, **known_deals(org_id=org_id, external_ids=ids)}


def survivor_row(merge: Merge, *, connection_id: int, org_id: int) -> CrmDeal:
    """The survivor's import record. A new one stands as previewed until the page writes what it comes to."""
    if merge.own:
        return CrmDeal.objects.get(pk=merge.own.id)
    return CrmDeal.objects.create(
        org_id=org_id,
        connection_id=connection_id,
        external_id=merge.deal.external_id,
        name=printable(merge.deal.name, longest=NAME_LENGTH),
        stage=printable(merge.deal.stage, longest=300),
        url=merge.deal.url,
        modified_at=merge.deal.modified_at,
        state=DealState.PREVIEWED,
        duplicate_accepted=False,
        left_reason="",
        left_decision="",
    )


def inherit(*, survivor: CrmDeal, holder: KnownDeal) -> None:
    survivor.state = DealState.IMPORTED
    survivor.contract_id = holder.contract_id
    survivor.fingerprint = ""
    before = CrmDeal.objects.get(pk=holder.id)
    survivor.overrides = {**before.overrides, **survivor.overrides}
    survivor.free_accepted = before.free_accepted or survivor.free_accepted
    survivor.needs_yes = before.needs_yes or survivor.needs_yes
    survivor.left_reason = holder.leaving.reason
    survivor.left_at = holder.leaving.at
    survivor.left_decision = holder.leaving.decision
    survivor.save()
    assert survivor.contract is not None  # the holder has one
    audit.record(
        actor=None,
        action="Deal merged",
        subject=survivor.contract,
        before={"deal": holder.external_id},
        after={"deal": survivor.external_id},
    )
