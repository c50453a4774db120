"""What a page of deals comes to, before anything is written: who is won, new or different, and who left."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from crm_sync.deals import Deal, DealPage
from crm_sync.enums import ConnectionMode, DealState, LeftReason
from crm_sync.findings.values import Finding
from crm_sync.importing.known_deals import KnownDeal, known_deals
from crm_sync.importing.leaving import Leaver, news
from crm_sync.importing.merging import (
    Merge,
    decided,
    ids_of,
    merge_of,
    reviewed,
    survivors,
    swallowed_leavers,
)
from crm_sync.importing.records import Verdict
from crm_sync.importing.unclear_deals import unread, unresolved, write_failed
from crm_sync.importing.won_deals import Told
from crm_sync.mapping.compiled import FieldReaders, compiled
from crm_sync.mapping.mapper import map_deal
from crm_sync.mapping.readers import printable
from crm_sync.mapping.result import MappedDeal, fingerprint, preview_mark
from crm_sync.mapping.rules import Decisions, MappingRules, MappingSettings
from crm_sync.models import Connection
from crm_sync.selection import left_reason, looked_at, select_left, select_too_early, select_won

FORGOTTEN = (DealState.LEFT, DealState.PREVIEWED)
"""States of import records that bring no deal in that closed before the connection imports any."""
OUR_FAULTS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a bug of ours in reading a deal shows itself as."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """How a run looks at deals. `forced`: also at those that have not changed, or were dismissed."""

    connection: Connection
    rules: MappingRules
    settings: MappingSettings
    as_of: date
    forced: bool
    writer: Callable[..., list[Verdict]]
    """What the connection's mode makes of a page's deals."""
    last_account: int = 0
    """The key of the newest account that was stored here as the run began."""
    agreed_rules: MappingRules | None = None
    """What somebody who decides what is billed agreed to last, where the mapping in force is another."""
    notes: list[Finding] = field(default_factory=list)
    """What the pages of a run have to say beyond their deals."""
    fields: FieldReaders = field(init=False)
    """The readers of the mapping, compiled once for all pages."""
    agreed: "Sight | None" = field(init=False, default=None)
    """The same by what was agreed to last, where the mapping in force is another."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", compiled(rules=self.rules, settings=self.settings))
        if self.agreed_rules is not None:
            object.__setattr__(self, "agreed", replace(self, rules=self.agreed_rules, agreed_rules=None))

    @property
    def org_id(self) -> int:
        return self.connection.org_id or 0

    @property
    def mode(self) -> ConnectionMode:
        """As it was when the run took its lease. Changing it takes the lease away."""
        return ConnectionMode(self.connection.mode)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedPage:
    known: Mapping[str, KnownDeal]
    mapped: Sequence[MappedDeal]
    unchanged: int
    seen: int
    leavers: Sequence[Leaver] = ()
    merges: Sequence[Merge] = ()
    """Survivors that take over what was merged into them."""
    told: Sequence[Told] = ()
    """What the CRM said of each won deal that is new or different, or was asked for by name."""
    looked_at: Mapping[str, int] = field(default_factory=dict)
    """By LookedAt: deals of the page that are not to be written, each once."""
    gone: Mapping[str, datetime] = field(default_factory=dict)
    """Deals that are won no longer, or were swallowed, each with the moment of that answer."""

    @property
    def touched(self) -> list[KnownDeal]:
        """The import records that are to be written again."""
        ids = (one.deal.external_id for one in self.mapped)
        written = [self.known[external_id] for external_id in ids if external_id in self.known]
        left = [one.record for one in self.leavers]
        merged = [record for merge in self.merges for record in merge.merged]
        return list({record.id: record for record in [*written, *left, *merged]}.values())


def map_page(*, page: DealPage, sight: Sight) -> MappedPage:
    """Won deals that are new or different, how many were seen again unchanged, and who has left."""
    known = known_deals(org_id=sight.org_id, external_ids=[*ids_of(page.deals), *page.again])
    stage_names = sight.connection.stage_names
    deals = survivors(page.deals, known=known)
    if page.is_refresh:
        deals = [as_of_now(deal, record=known.get(deal.external_id)) for deal in deals]
    merges = {deal.external_id: merge for deal in deals if (merge := merge_of(deal, known=known))}
    won = select_won(
        deals,
        stage_names=stage_names,
        import_from=sight.connection.imports_by_itself_from,
        known={key for key, record in known.items() if record.state not in FORGOTTEN} | merges.keys(),
    )
    mapped: list[MappedDeal] = []
    told: list[Told] = []
    unchanged = again = sum(known[key].is_settled for key in page.again if key in known)
    for deal in won:
        record, merge = known.get(deal.external_id), merges.get(deal.external_id)
        decisions, billed_until = decided(record, merge=merge)
        digest = fingerprint(deal, rules=sight.rules, settings=sight.settings, decisions=decisions)
        seen_as = {digest}
        if sight.mode is ConnectionMode.PREVIEW:
            digest = preview_mark(digest)
            seen_as.add(digest)
        is_same = record is not None and is_settled(record, digests=seen_as)
        settled = is_same and not sight.forced and not (merge and merge.is_news)
        if settled and (page.cursor is not None or page.is_refresh):
            unchanged += 1
            continue
        one = replace(
            mapped_or_held(deal, digest=digest, sight=sight, decisions=decisions, record=record),
            billed_until=billed_until or sight.connection.billed_until,
        )
        waits = needs_yes(one, record=record, merge=merge, decisions=decisions, sight=sight)
        one = replace(one, needs_yes=waits)
        told.append(Told(deal=deal, value=one.value))
        if settled:
            unchanged += 1
        else:
            mapped.append(reviewed(one, merge=merge))
    won_ids = {deal.external_id for deal in won}
    return MappedPage(
        known=known,
        mapped=mapped,
        unchanged=unchanged,
        seen=len(page.deals) + again,
        leavers=leavers_of(
            page, deals=deals, won=won_ids, known=known, merges=merges, stage_names=stage_names
        ),
        merges=[merge for key, merge in merges.items() if key in won_ids and not merge.needs_review],
        told=told,
        looked_at=looked_at(page.deals, deals=deals, won=won_ids, known=known, stage_names=stage_names),
        gone=not_won(page.deals, won=won_ids),
    )


def leavers_of(
    page: DealPage,
    *,
    deals: Sequence[Deal],
    won: Collection[str],
    known: Mapping[str, KnownDeal],
    merges: Mapping[str, Merge],
    stage_names: Collection[str],
) -> Sequence[Leaver]:
    """Who left since the last reading, and whom another deal swallowed. `deals`: the page's survivors."""
    previewed = {key for key, one in known.items() if one.state is DealState.PREVIEWED} - {*page.again}
    left = [
        *select_left(deals, stage_names=stage_names, known=known),
        *select_too_early(deals, stage_names=stage_names, known=previewed - {*won}),
    ]
    return news(
        [
            *(leaver(deal, record=known[deal.external_id]) for deal in left),
            *swallowed_leavers(list(merges.values()), won=won),
        ]
    )


def as_of_now(deal: Deal, *, record: KnownDeal | None) -> Deal:
    """A deal that was read by its id is not older than what is stored, whatever its stamp says."""
    if record is None or deal.modified_at >= record.modified_at:
        return deal
    return replace(deal, modified_at=record.modified_at)


def not_won(deals: Sequence[Deal], *, won: Collection[str]) -> dict[str, datetime]:
    moments = {key: deal.modified_at for deal in deals for key in (deal.external_id, *deal.merged_ids)}
    return {key: moment for key, moment in moments.items() if key not in won}


def is_settled(record: KnownDeal, *, digests: Collection[str]) -> bool:
    """Nothing to do: seen before with these values and not marked as left, or dismissed by a person."""
    same = record.fingerprint in digests and not record.leaving.reason
    return same or record.state is DealState.DISMISSED


def leaver(deal: Deal, *, record: KnownDeal) -> Leaver:
    reason = left_reason(crm_says_won=deal.crm_says_won, crm_says_closed=deal.crm_says_closed)
    return Leaver(
        record=record,
        reason=LeftReason.DELETED if deal.is_deleted else reason,
        stage=printable(deal.stage, longest=300),
        modified_at=deal.modified_at,
    )


def mapped_or_held(
    deal: Deal, *, digest: str, sight: Sight, decisions: Decisions, record: KnownDeal | None
) -> MappedDeal:
    """What cannot be read, or might be billed already, is held.

    Our own fault with one deal must not stop the others: it becomes a hold, and the log has the rest.
    """
    if deal.unreadable:
        return unread(deal, record=record)
    try:
        one = map_deal(deal, fields=sight.fields, settings=sight.settings, digest=digest, decisions=decisions)
        is_accepted = record is not None and record.duplicate_accepted
        return one if is_accepted or not deal.unresolved_merges else unresolved(one)
    except OUR_FAULTS:
        log.exception("Deal %s could not be read.", deal.external_id)
        return MappedDeal(deal=deal, fingerprint=digest, problems=(write_failed(deal),))


def needs_yes(
    one: MappedDeal,
    *,
    record: KnownDeal | None,
    merge: Merge | None,
    decisions: Decisions,
    sight: Sight,
) -> bool:
    """Whether the contract is what it is by somebody who does not decide what is billed."""
    records = [record, *(merge.merged if merge else ())]
    if one.contract is None or any(known.needs_yes for known in records if known):
        return one.contract is not None
    if sight.agreed is None:
        return False
    agreed = mapped_or_held(
        one.deal, digest=one.fingerprint, sight=sight.agreed, decisions=decisions, record=record
    )
    return (agreed.contract, agreed.plan) != (one.contract, one.plan)
