"""Which deals are imported. Pure."""

from collections.abc import Collection, Iterable
from datetime import date

from crm_sync.deals import Deal


def is_won(deal: Deal, *, stage_names: Collection[str]) -> bool:
    """The stage's name equals a selected one exactly: no case, blank or dash is forgiven."""
    return deal.stage in stage_names


def select_won(
    deals: Iterable[Deal], *, stage_names: Collection[str], import_from: date, known: Collection[str]
) -> list[Deal]:
    """Won deals, once each, that closed on or after `import_from` or are imported or held already.

    A deal without a close date is selected: it becomes a hold that says so.
    """
    latest: dict[str, Deal] = {}
    for deal in deals:
        before = latest.get(deal.external_id)
        if before is None or deal.modified_at >= before.modified_at:
            latest[deal.external_id] = deal
    return [
        deal
        for deal in latest.values()
        if is_won(deal, stage_names=stage_names)
        and (deal.close_date is None or deal.close_date >= import_from or deal.external_id in known)
    ]
