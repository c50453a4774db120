"""What was merged on the way: a survivor's own list may name the last merge alone.

A deal that is new here and was merged from deals that nobody here knows may be one that has a contract under
another id. So what has become of the deals with contracts is asked before anything is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from crm_sync.clients.protocol import CrmClient
from crm_sync.deals import Deal, DealPage
from crm_sync.enums import DealState
from crm_sync.importing.known_deals import KnownDeal, known_deals
from crm_sync.importing.mapped_page import Sight
from crm_sync.importing.merging import ids_of
from crm_sync.models import CrmAccount, CrmDeal
from crm_sync.selection import is_won

MOST_ASKED = 10_000
"""So many contracts or accounts are looked through at the most. Beyond that a person decides."""


def followed(page: DealPage, *, client: CrmClient, sight: Sight) -> DealPage:
    """The same deals with all that was merged into them and into their accounts."""
    won = [deal for deal in page.deals if is_won(deal, stage_names=sight.connection.stage_names)]
    lists = whole_lists([deal for deal in won if deal.merged_ids], client=client, sight=sight)
    accounts = account_lists([deal for deal in won if deal.account_id], client=client, sight=sight)
    if not lists and not accounts:
        return page
    deals = [
        replace(
            lists.get(deal.external_id, deal),
            account_merged_ids=(*deal.account_merged_ids, *accounts.get(deal.account_id, ())),
        )
        for deal in page.deals
    ]
    return replace(page, deals=deals)


def whole_lists(deals: Sequence[Deal], *, client: CrmClient, sight: Sight) -> dict[str, Deal]:
    """Deals by id with all that was merged into them, and with what of it cannot be told."""
    if not deals:
        return {}
    known = known_deals(org_id=sight.org_id, external_ids=ids_of(deals))
    open_lists = {deal.external_id: unknown for deal in deals if (unknown := strangers(deal, known=known))}
    if not open_lists:
        return {}
    asked = sorted({old for unknown in open_lists.values() for old in unknown})
    survivors = client.merged_deals(external_ids=asked)
    imported = CrmDeal.objects.filter(org_id=sight.org_id, state=DealState.IMPORTED).order_by("pk")
    contracts = list(imported.values_list("external_id", flat=True)[: MOST_ASKED + 1])
    is_too_many = len(contracts) > MOST_ASKED
    swallowed = {} if is_too_many else client.merged_deals(external_ids=contracts)
    found = {}
    for deal in deals:
        unknown = open_lists.get(deal.external_id, [])
        unresolved = [old for old in unknown if is_too_many or survivors.get(old) != deal.external_id]
        hidden = [old for old, survivor in swallowed.items() if survivor == deal.external_id]
        found[deal.external_id] = replace(
            deal,
            merged_ids=list(dict.fromkeys([*deal.merged_ids, *hidden])),
            unresolved_merges=unresolved,
        )
    return found


def strangers(deal: Deal, *, known: Mapping[str, KnownDeal]) -> list[str]:
    """The deals on its list of which nothing is stored; none for a deal about which that decides nothing."""
    own = known.get(deal.external_id)
    if own is not None and (own.contract_id or own.duplicate_accepted or own.state is DealState.DISMISSED):
        return []
    return [old for old in deal.merged_ids if old != deal.external_id and old not in known]


def account_lists(deals: Sequence[Deal], *, client: CrmClient, sight: Sight) -> Mapping[str, Sequence[str]]:
    """For accounts that are new here, those that were known before this run and were merged into them.

    A first import knows none, and asks nothing.
    """
    if not sight.last_account:
        return {}
    listed = {deal.account_id: list(deal.account_merged_ids) for deal in deals}
    ours = CrmAccount.objects.filter(org_id=sight.org_id)
    named = [*listed, *(old for olds in listed.values() for old in olds)]
    stored = (
        set(ours.filter(external_id__in=named).values_list("external_id", flat=True)) if listed else set()
    )
    new = {key: olds for key, olds in listed.items() if key not in stored and not stored.intersection(olds)}
    before = ours.filter(pk__lte=sight.last_account).order_by("pk")
    among = list(before.values_list("external_id", flat=True)[:MOST_ASKED]) if new else []
    return client.accounts_merged_into(survivors=new, among=among) if among else {}
