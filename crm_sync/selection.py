"""Which deals are imported. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date

from crm_sync.deals import Deal
from crm_sync.enums import LeftReason, LookedAt


def is_won(deal: Deal, *, stage_names: Collection[str]) -> bool:
    """The stage's name equals a selected one exactly: no case, blank or dash is forgiven."""
    return deal.stage in stage_names and not deal.is_deleted


def latest_of(deals: Iterable[Deal]) -> list[Deal]:
    """Each deal once, as it was last."""
    latest: dict[str, Deal] = {}
    for deal in deals:
        before = latest.get(deal.external_id)
        if before is None or deal.modified_at >= before.modified_at:
            latest[deal.external_id] = deal
    return list(latest.values())


def select_won(
    deals: Iterable[Deal], *, stage_names: Collection[str], import_from: date, known: Collection[str]
) -> list[Deal]:
    """Won deals, once each, that closed on or after `import_from` or are imported or held already.

    A deal without a close date is selected: it becomes a hold that says so.
    """
    return [
        deal
        for deal in latest_of(deals)
        if is_won(deal, stage_names=stage_names)
        and (deal.close_date is None or deal.close_date >= import_from or deal.external_id in known)
    ]


def select_left(deals: Iterable[Deal], *, stage_names: Collection[str], known: Collection[str]) -> list[Deal]:
    """Known deals that are in no selected stage any more. Of others that are not won nothing is kept."""
    return [
        deal
        for deal in latest_of(deals)
        if deal.external_id in known and not is_won(deal, stage_names=stage_names)
    ]


def select_too_early(
    deals: Iterable[Deal], *, stage_names: Collection[str], known: Collection[str]
) -> list[Deal]:
    """Of the known deals, which are not selected, those that are won: they closed before `import_from`."""
    return [
        deal
        for deal in latest_of(deals)
        if deal.external_id in known and is_won(deal, stage_names=stage_names)
    ]


def looked_at(
    read: Sequence[Deal],
    *,
    deals: Sequence[Deal],
    won: Collection[str],
    known: Collection[str],
    stage_names: Collection[str],
) -> Counter[str]:
    """What became of the deals that are not to be written. `deals`: without those that others swallowed."""
    latest = latest_of(deals)
    counts: Counter[str] = Counter({LookedAt.REPEATED.value: len(read) - len(latest)})
    for deal in latest:
        if deal.external_id in won:
            continue
        if is_won(deal, stage_names=stage_names):
            counts[LookedAt.TOO_EARLY.value] += 1
        elif deal.external_id in known:
            counts[LookedAt.LEFT_WON.value] += 1
        else:
            counts[LookedAt.NOT_SELECTED.value] += 1
    return counts


def left_reason(*, crm_says_won: bool | None, crm_says_closed: bool | None) -> LeftReason:
    """Lost when the CRM calls the stage closed and not won; else it is open, or only not selected."""
    is_lost = crm_says_closed is True and crm_says_won is False
    return LeftReason.LOST if is_lost else LeftReason.LEFT_WON
