"""What a run would do, without doing it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from billing.foretelling import ForetoldBilling
from crm_sync.accounts import newest_account
from crm_sync.credentials import open_client
from crm_sync.deals import Deal, DealPage
from crm_sync.enums import ConnectionMode, HoldCode, Outcome
from crm_sync.fetching import Order, fetch, look
from crm_sync.foretelling import Earlier, Foretold, ForetoldPage, accounts_of, foretell
from crm_sync.mapped_pages import MappedPage, Sight, map_page
from crm_sync.mapping_rules import MappingRules, to_snapshot
from crm_sync.mappings import current_rules, rules_to_compare, settings_of
from crm_sync.models import Connection
from crm_sync.previewing import WRITERS
from crm_sync.starting import WHY, NewContract, asks, unusual

WAITS = "The billing of new contracts would wait until somebody starts it, because {why}."
JOINS = "earlier ones of this connection wait already"


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
    """Why nothing would be invoiced, or nothing of what is new."""
    new: list[NewContract] = field(default_factory=list)
    invoices_of_new: Counter[str] = field(default_factory=Counter)
    invoiced_of_new: Counter[str] = field(default_factory=Counter)

    def add(self, deals: Iterable[Foretold]) -> None:
        for one in deals:
            self.outcomes[one.outcome] += 1
            if one.code is not None:
                self.reasons[one.code] += 1
            if one.outcome is Outcome.CREATED and one.contract is not None:
                self.new.append(NewContract(id=0, value=one.contract.value))
            if one.billing is not None:
                self.add_billing(one.billing, is_new=one.outcome is Outcome.CREATED)

    def add_billing(self, billing: ForetoldBilling, *, is_new: bool) -> None:
        self.asks += billing.asks is not None
        for invoice in billing.invoices:
            currency, minor = invoice.total.currency, invoice.total.minor
            self.invoices[currency] += 1
            self.invoiced[currency] += minor
            if is_new:
                self.invoices_of_new[currency] += 1
                self.invoiced_of_new[currency] += minor

    def hold_back_new(self, sentence: str) -> None:
        """No new contract would be invoiced before somebody has started billing."""
        self.invoices -= self.invoices_of_new
        self.invoiced -= self.invoiced_of_new
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
        if why := why_new_waits(connection=connection, new=found.new):
            found.hold_back_new(WAITS.format(why=why))
    finally:
        found.api_calls = client.calls
        client.close()
    return found


def why_new_waits(*, connection: Connection, new: Sequence[NewContract]) -> str:
    """Why a run would let its new contracts wait, in words; empty where it would bill them."""
    if not new or connection.mode != ConnectionMode.LIVE:
        return ""
    if asks(connection):
        return JOINS
    codes = unusual(connection=connection, new=new, already_asked=False)
    return " and ".join(WHY[code] for code in codes)
