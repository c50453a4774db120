"""One deal, read live and foretold by the mapping as its rows stand. Nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from crm_sync.clients.protocol import CrmClient
from crm_sync.clients.registry import facts_of, questions_for
from crm_sync.connections.credentials import open_client
from crm_sync.connections.org_facts import notice_currency
from crm_sync.deals import Deal, DealPage
from crm_sync.enums import DealState
from crm_sync.importing.mapped_page import MappedPage, Sight, map_page, mapped_or_held
from crm_sync.importing.merge_chains import followed
from crm_sync.mapping.result import fingerprint
from crm_sync.mapping.rules import NOTHING_DECIDED
from crm_sync.mapping.stages import known_gaps
from crm_sync.models import Connection
from crm_sync.oversight.deal_references import DealReference, read_reference
from crm_sync.oversight.diagnosis import MOST_NAMESAKES, day, leads_to, quoted
from crm_sync.previews.dry_run import look_ahead
from crm_sync.previews.rehearsal import Foretold, foretell


class UnableToTry(Exception):
    """No deal was found to be tried; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a deal would become, or the deals among which to choose."""

    foretold: Foretold | None = None
    refusal: str = ""
    """Why nothing would be invoiced that day."""
    left_out: str = ""
    """Why this deal would not be imported, whatever it comes to."""
    namesakes: Sequence[Deal] = ()


def try_deal(*, connection: Connection, typed: str, as_of: date, at: datetime) -> Trial:
    """Raises UnableToTry, or SyncError where the CRM could not be asked."""
    reference = reference_for(connection, typed=typed)
    sight = look_ahead(connection=connection, as_of=as_of, forced=True)
    client = open_client(connection=connection)
    try:
        client.hidden_fields |= known_gaps(connection=connection)
        notice_currency(client=client, connection=connection)
        deals = deals_meant(reference, client=client, sight=sight)
        if len(deals) == 1:
            page = followed(DealPage(deals=deals, cursor=None), client=client, sight=sight)
            deals = page.deals
    finally:
        client.close()
    if len(deals) > 1:
        return Trial(namesakes=deals)
    return foretold_alone(deals[0], sight=sight, at=at)


def reference_for(connection: Connection, *, typed: str) -> DealReference:
    """What is meant in this connection's CRM; an id of the other one may be a name here."""
    try:
        reference = read_reference(typed)
    except ValueError as error:
        raise UnableToTry(str(error)) from None
    if reference.provider in ("", connection.provider):
        is_elsewhere = reference.org and connection.org and reference.org != connection.org.external_id
        if is_elsewhere or (reference.host and not leads_to(reference.host, connection)):
            raise UnableToTry(f"This link leads to another org than that of {connection}.")
        return reference
    if reference.host:
        crm = facts_of(reference.provider).name
        raise UnableToTry(f"This is a link of {crm}; {connection} is another CRM.")
    return DealReference(text=reference.text)


def deals_meant(reference: DealReference, *, client: CrmClient, sight: Sight) -> Sequence[Deal]:
    connection = sight.connection
    ids: Sequence[str] = [reference.external_id]
    if not reference.external_id:
        ids = named(reference, client=client, provider=connection.provider)
    pages = client.deals_by_id(external_ids=ids, wanted=sight.rules.wanted()) if ids else []
    deals = [deal for page in pages for deal in page.deals]
    if not deals and reference.external_id:
        raise UnableToTry(
            f"{connection} does not know the deal {reference.external_id}: it may be deleted, "
            "of another org, or hidden from the user who connected."
        )
    if not deals:
        raise UnableToTry(
            f"No deal in {connection} is named '{reference.text}'. Names must match in full; "
            "the id or the link of the deal will do as well."
        )
    return deals


def named(reference: DealReference, *, client: CrmClient, provider: str) -> Sequence[str]:
    return questions_for(client, provider=provider).ids_named(name=reference.text, limit=MOST_NAMESAKES)


def foretold_alone(deal: Deal, *, sight: Sight, at: datetime) -> Trial:
    page = DealPage(deals=[deal], cursor=None)
    ready = map_page(page=page, sight=sight)
    left_out = why_left_out(deal, ready=ready, sight=sight)
    if not ready.mapped:
        ready = as_if_won(deal, ready=ready, sight=sight)
    told = foretell(ready=ready, deals=page.deals, sight=sight, at=at)
    return Trial(foretold=told.deals[0], refusal=told.refusal, left_out=left_out)


def as_if_won(deal: Deal, *, ready: MappedPage, sight: Sight) -> MappedPage:
    """A stage that is not selected is no conflict: the deal is looked at as if it were won."""
    if deal.stage not in sight.connection.stage_names:
        deal = replace(deal, crm_says_won=None)
    record = ready.known.get(deal.external_id)
    decisions = record.decisions if record else NOTHING_DECIDED
    digest = fingerprint(deal, rules=sight.rules, settings=sight.settings, decisions=decisions)
    one = mapped_or_held(deal, digest=digest, sight=sight, decisions=decisions, record=record)
    return replace(ready, mapped=[one], leavers=(), merges=(), told=())


def why_left_out(deal: Deal, *, ready: MappedPage, sight: Sight) -> str:
    """Empty for a deal that is imported."""
    connection, record = sight.connection, ready.known.get(deal.external_id)
    if record and record.state is DealState.MERGED:
        return "It was merged into another deal, which is imported in its place."
    if record and record.state is DealState.DISMISSED:
        return "It was dismissed here."
    if deal.stage not in connection.stage_names:
        return f"Its stage is '{deal.stage}', and {connection} imports {quoted(connection)}."
    if not ready.mapped and deal.close_date is not None:
        if connection.imports_from(day=deal.close_date):
            return (
                f"It closed on {day(deal.close_date)}, and {connection} imports deals closed before "
                f"{day(connection.imports_by_itself_from)} once somebody starts billing on its page."
            )
        return (
            f"It closed on {day(deal.close_date)}, and {connection} imports deals closed from "
            f"{day(connection.import_from)} on."
        )
    return ""
