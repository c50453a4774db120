"""Deals that are held before their values are looked at: unreadable ones, and survivors of unknown merges."""

from dataclasses import replace

from crm_sync.deals import Deal
from crm_sync.enums import HoldCode
from crm_sync.importing.known_deals import KnownDeal
from crm_sync.mapping.readers import printable
from crm_sync.mapping.result import MappedDeal, Problem


def unread(deal: Deal, *, record: KnownDeal | None) -> MappedDeal:
    """Without a fingerprint: each poll asks for it until it can be read."""
    if record is not None:
        deal = replace(deal, modified_at=max(deal.modified_at, record.modified_at))
    problem = Problem(
        code=HoldCode.RECORD_UNREADABLE,
        field="Deal",
        raw=printable(deal.name),
        sentence=deal.unreadable,
        cure="Correct it in the CRM. Each poll looks again.",
    )
    return MappedDeal(deal=deal, fingerprint="", problems=(problem,))


def unresolved(one: MappedDeal) -> MappedDeal:
    ids = ", ".join(sorted(one.deal.unresolved_merges))
    problem = Problem(
        code=HoldCode.DUPLICATE_SUSPECT,
        field="Deal",
        raw=printable(ids),
        sentence=f"It was merged from {ids}. Whether one of these has a contract here cannot be told.",
        cure="If no contract is for this sale, import it anyway.",
    )
    return replace(one, contract=None, problems=(problem, *one.problems))


def write_failed(deal: Deal) -> Problem:
    return Problem(
        code=HoldCode.WRITE_FAILED,
        field="Deal",
        raw=printable(deal.name),
        sentence="This deal could not be stored.",
        cure="Tell Fincelo's operators: the log names the reason.",
    )
