"""What a run would do, without doing it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from crm_sync.accounts import newest_account
from crm_sync.credentials import open_client
from crm_sync.deals import Deal, DealPage
from crm_sync.enums import ConnectionMode, HoldCode, Outcome
from crm_sync.foretelling import Earlier, Foretold, ForetoldPage, accounts_of, foretell
from crm_sync.mapping_rules import MappingRules, to_snapshot
from crm_sync.mappings import current_rules, rules_to_compare, settings_of
from crm_sync.models import Connection
from crm_sync.pages import MappedPage, Sight, map_page
from crm_sync.sync import Order, fetch, look

TOO_MANY = "{count:,} new won deals at once are unusual: their billing would wait until somebody starts it."


@dataclass(slots=True, kw_only=True)
class Preview:
    """What a run would come to."""

    seen: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    looked_at: Counter[str] = field(default_factory=Counter)
    """Deals that nothing would be done about, by LookedAt."""
    invoices: Counter[str] = field(default_factory=Counter)
    """Invoices that would be dated today, by currency."""
    invoiced: Counter[str] = field(default_factory=Counter)
    """Their total in minor units, by currency."""
    asks: int = 0
    """Contracts that would ask before they bill."""
    api_calls: int = 0
    reasons: Counter[HoldCode] = field(default_factory=Counter)
    refusals: set[str] = field(default_factory=set)
    """Why nothing would be invoiced."""

    def add(self, deals: Iterable[Foretold]) -> None:
        for one in deals:
            self.outcomes[one.outcome] += 1
            if one.code is not None:
                self.reasons[one.code] += 1
            if one.billing is None:
                continue
            self.asks += one.billing.asks is not None
            for invoice in one.billing.invoices:
                self.invoices[invoice.total.currency] += 1
                self.invoiced[invoice.total.currency] += invoice.total.minor

    def hold_back(self, sentence: str) -> None:
        """Nothing of it would be invoiced before somebody has started billing."""
        self.invoices.clear()
        self.invoiced.clear()
        self.refusals.add(sentence)


class Made:
    """What the pages so far would have made, by account."""

    def __init__(self) -> None:
        self.by_account: dict[str, list[Earlier]] = defaultdict(list)

    def add(self, deals: Iterable[Foretold]) -> None:
        for one in deals:
            if one.earlier is not None:
                self.by_account[one.earlier.account_id].append(one.earlier)

    def for_accounts_of(self, deals: Sequence[Deal]) -> list[Earlier]:
        return [one for key in accounts_of(deals) for one in self.by_account.get(key, ())]


def look_ahead(*, connection: Connection, as_of: date, forced: bool) -> Sight:
    """How a run would look at deals once the mapping as its rows stand is confirmed."""
    return Sight(
        connection=connection,
        rules=rules_ahead(connection=connection),
        settings=settings_of(connection),
        as_of=as_of,
        forced=forced,
        last_account=newest_account(org_id=connection.org_id),
        agreed_rules=rules_to_compare(connection=connection),
    )


def rules_ahead(*, connection: Connection) -> MappingRules:
    """The confirmed version where the rows are as in it; else one that no deal was read by."""
    rules, confirmed = current_rules(connection=connection), connection.mapping_version
    if confirmed is not None and to_snapshot(rules) == confirmed.snapshot:
        return rules
    return replace(rules, version=0)


def foretold_pages(
    *, pages: Iterable[DealPage], sight: Sight, at: datetime
) -> Iterator[tuple[MappedPage, ForetoldPage]]:
    """Page by page what a run over all of them would come to."""
    made = Made()
    for page in pages:
        ready = map_page(page=page, sight=sight)
        earlier = made.for_accounts_of(page.deals)
        told = foretell(ready=ready, deals=page.deals, sight=sight, at=at, earlier=earlier)
        made.add(told.deals)
        yield ready, told


def preview(*, connection: Connection, order: Order, at: datetime) -> Preview:
    """Reads, maps and writes like a run, and takes it back. What stays is a renewed access token."""
    found = Preview()
    sight = look(connection=connection, order=order)
    client = open_client(connection=connection)
    try:
        pages = fetch(client=client, sight=sight, order=order)
        for ready, told in foretold_pages(pages=pages, sight=sight, at=at):
            found.seen += ready.seen
            found.add(told.deals)
            found.outcomes[Outcome.UNCHANGED] += ready.unchanged
            found.looked_at.update(ready.looked_at)
            found.refusals |= {told.refusal} - {""}
        if (
            connection.mode == ConnectionMode.LIVE
            and found.outcomes[Outcome.CREATED] > connection.most_new_deals
        ):
            found.hold_back(TOO_MANY.format(count=found.outcomes[Outcome.CREATED]))
    finally:
        found.api_calls = client.calls
        client.close()
    return found
