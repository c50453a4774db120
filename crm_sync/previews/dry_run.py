"""What a run would do, without doing it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from billing.enums import WaitCode
from billing.issuing.foretelling import ForetoldInvoice
from contracts.money import Money, sums_by_currency
from crm_sync.connections.credentials import open_client
from crm_sync.connections.new_deals import counted
from crm_sync.deals import Deal, DealPage
from crm_sync.enums import ConnectionMode, HoldCode, Outcome
from crm_sync.importing.accounts import newest_account
from crm_sync.importing.fetching import Order, fetch, look
from crm_sync.importing.mapped_page import MappedPage, Sight, map_page
from crm_sync.importing.starting import WHY, asks, too_large, too_many
from crm_sync.mapping.rules import MappingRules, to_snapshot
from crm_sync.mapping.store import current_rules, rules_to_compare, settings_of
from crm_sync.models import Connection
from crm_sync.previews.previewing import WRITERS
from crm_sync.previews.rehearsal import Earlier, Foretold, ForetoldPage, accounts_of, foretell

WAITS = "The billing of new contracts would wait until somebody starts it, because {why}."
JOINS = "earlier ones of this connection wait already"


@dataclass(slots=True, kw_only=True)
class Preview:
    """What a run would become."""

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
    """Why nothing would be invoiced, or nothing of what is new."""
    recent: frozenset[int] = frozenset()
    """Contracts that the connection has brought within the hour: they count with the new ones."""
    new: list[Money] = field(default_factory=list)
    """What each new contract is worth."""
    billing_of_new: list[ForetoldInvoice] = field(default_factory=list)
    billing_of_recent: list[ForetoldInvoice] = field(default_factory=list)

    def add(self, deals: Iterable[Foretold]) -> None:
        for one in deals:
            self.outcomes[one.outcome] += 1
            if one.code is not None:
                self.reasons[one.code] += 1
            if one.outcome is Outcome.CREATED and one.contract is not None:
                self.new.append(one.contract.value)
            if one.billing is not None:
                self.asks += one.billing.asks is not None
                self.bill(one.billing.invoices)
                if one.outcome is Outcome.CREATED:
                    self.billing_of_new += one.billing.invoices
                elif one.contract_id in self.recent:
                    self.billing_of_recent += one.billing.invoices

    def bill(self, invoices: Iterable[ForetoldInvoice], *, times: int = 1) -> None:
        for invoice in invoices:
            self.invoices[invoice.total.currency] += times
            self.invoiced[invoice.total.currency] += times * invoice.total.minor

    def hold_back(self, held: Iterable[ForetoldInvoice], *, sentence: str) -> None:
        """These would not be invoiced before somebody has started billing."""
        self.bill(held, times=-1)
        self.invoices, self.invoiced = +self.invoices, +self.invoiced
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
        writer=WRITERS[rehearsed_mode(connection)],
    )


def rehearsed_mode(connection: Connection) -> ConnectionMode:
    """What a preview shows is what Live would do where the mode is Preview itself."""
    mode = ConnectionMode(connection.mode)
    return ConnectionMode.LIVE if mode is ConnectionMode.PREVIEW else mode


def rules_ahead(*, connection: Connection) -> MappingRules:
    """The confirmed version where the rows are as in it; else one that no deal was read by."""
    rules, confirmed = current_rules(connection=connection), connection.mapping_version
    if confirmed is not None and to_snapshot(rules) == confirmed.snapshot:
        return rules
    return replace(rules, version=0)


def foretold_pages(
    *, pages: Iterable[DealPage], sight: Sight, at: datetime
) -> Iterator[tuple[MappedPage, ForetoldPage]]:
    """Page by page what a run over all of them would become."""
    made = Made()
    for page in pages:
        ready = map_page(page=page, sight=sight)
        earlier = made.for_accounts_of(page.deals)
        told = foretell(ready=ready, deals=page.deals, sight=sight, at=at, earlier=earlier)
        made.add(told.deals)
        yield ready, told


def preview(*, connection: Connection, order: Order, at: datetime) -> Preview:
    """Reads, maps and writes like a run, and takes it back. What stays is a renewed access token."""
    recent = counted(connection=connection).values_list("pk", flat=True)
    found = Preview(recent=frozenset(recent))
    writer = WRITERS[rehearsed_mode(connection)]
    sight = look(connection=connection, order=order, writer=writer)
    client = open_client(connection=connection)
    try:
        pages = fetch(client=client, sight=sight, order=order)
        for ready, told in foretold_pages(pages=pages, sight=sight, at=at):
            found.seen += ready.seen
            found.add(told.deals)
            found.outcomes[Outcome.UNCHANGED] += ready.unchanged
            found.looked_at.update(ready.looked_at)
            found.refusals |= {told.refusal} - {""}
        hold_back_unusual(found, connection=connection)
    finally:
        found.api_calls = client.calls
        client.close()
    return found


def hold_back_unusual(found: Preview, *, connection: Connection) -> None:
    """As a run would let its new contracts wait, and those of the last hour where they are too many."""
    if not found.new or connection.mode != ConnectionMode.LIVE:
        return
    is_many = too_many(connection=connection, count=len(found.recent) + len(found.new))
    if asks(connection):
        why = JOINS
    elif is_many:
        why = WHY[WaitCode.MANY_DEALS]
    elif too_large(connection=connection, values=sums_of(found.new)):
        why = WHY[WaitCode.LARGE_VALUE]
    else:
        return
    held = [*found.billing_of_new, *(found.billing_of_recent if is_many else ())]
    found.hold_back(held, sentence=WAITS.format(why=why))


def sums_of(amounts: Iterable[Money]) -> list[Money]:
    """One for each currency."""
    sums = sums_by_currency((one.currency, one.minor) for one in amounts)
    return [Money(minor=minor, currency=currency) for currency, minor in sums.items()]
