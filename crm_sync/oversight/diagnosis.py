"""Why is there no contract for this deal? The CRM is asked live; one sentence and its cure are the answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crm_sync.clients.registry import facts_of, questions_for
from crm_sync.connections.condition import note_refusal
from crm_sync.connections.credentials import open_client
from crm_sync.deals import Deal
from crm_sync.enums import ConnectionMode, ConnectionState, DealState
from crm_sync.errors import SyncError
from crm_sync.mapping.near_misses import look
from crm_sync.mapping.readers import printable
from crm_sync.models import Connection, CrmDeal, Hold
from crm_sync.oversight.causes import COULD_NOT_ASK, Cause
from crm_sync.oversight.deal_references import DealReference, read_reference

MOST_NAMESAKES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Namesake:
    external_id: str
    connection: str
    stage: str
    close_date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One sentence and its cure, and what they speak of."""

    cause: Cause
    sentence: str
    cure: str
    connection: Connection | None = None
    contract_id: int | None = None
    hold_id: int | None = None
    deal_url: str = ""
    stage: str = ""
    namesakes: Sequence[Namesake] = ()


Polls = Callable[[Connection], datetime | None]
"""When a connection is polled next."""


def diagnose(*, typed: str, now: datetime, next_poll_at: Polls, only: Connection | None = None) -> Diagnosis:
    """Asks every connection that may know the deal, or `only` the one that is named."""
    try:
        reference = read_reference(typed)
    except ValueError as error:
        return Diagnosis(
            cause=Cause.NOT_UNDERSTOOD, sentence=str(error), cure="An id, a link or the exact name will do."
        )
    if not reference.external_id:
        return by_name(reference, candidates=connected(only), now=now, next_poll_at=next_poll_at)
    candidates = [one for one in connected(only) if one.provider == reference.provider]
    if only is not None and not candidates:
        return Diagnosis(
            cause=Cause.OTHER_ORG,
            sentence=f"This is no deal of {only}.",
            cure="Name the connection of its CRM, or none to ask all.",
            connection=only,
        )
    return by_id(reference, candidates=candidates, now=now, next_poll_at=next_poll_at)


def by_id(
    reference: DealReference, *, candidates: Sequence[Connection], now: datetime, next_poll_at: Polls
) -> Diagnosis:
    """The first connection that knows the deal answers; otherwise the one that could not be asked."""
    crm = facts_of(reference.provider)
    provider = crm.name
    if not candidates:
        return Diagnosis(
            cause=Cause.NO_CONNECTION,
            sentence=f"This is a deal of {provider}, and no {provider} is connected.",
            cure=f"Connect {provider} in Settings, CRM Integration.",
        )
    if reference.org:
        candidates = [one for one in candidates if one.org and one.org.external_id == reference.org]
        if not candidates:
            return other_org(f"{provider} {crm.org_word} {reference.org}")
    stored = stored_answer(reference, candidates=candidates)
    if stored is not None:
        return stored
    unable = None
    for connection in candidates:
        found = ask(connection, reference=reference, now=now, next_poll_at=next_poll_at)
        if found is not None and found.cause not in COULD_NOT_ASK:
            return found
        unable = unable or found
    return unable or unknown(reference, candidates=candidates)


def stored_answer(reference: DealReference, *, candidates: Sequence[Connection]) -> Diagnosis | None:
    """Imported and dismissed deals need no question to the CRM."""
    record = (
        CrmDeal.objects.select_related("contract", "connection")
        .filter(org__in=[one.org for one in candidates], external_id=reference.external_id)
        .first()
    )
    if record is None:
        return None
    if record.contract is not None:
        return Diagnosis(
            cause=Cause.IMPORTED,
            sentence=f"There is one: '{record}' became the contract '{record.contract}'.",
            cure="Open the contract.",
            connection=record.connection,
            contract_id=record.contract_id,
            deal_url=record.url,
        )
    if record.state == DealState.DISMISSED:
        return dismissed(record)
    return None


def dismissed(record: CrmDeal) -> Diagnosis:
    hold = (
        record.holds.select_related("resolved_by").exclude(resolved_at=None).order_by("-resolved_at").first()
    )
    by = f" by {hold.resolved_by}" if hold and hold.resolved_by else ""
    on = f" on {hold.resolved_at:%Y-%m-%d}" if hold and hold.resolved_at else ""
    why = f": {hold.reason.rstrip('.')}" if hold and hold.reason else ""
    return Diagnosis(
        cause=Cause.DISMISSED,
        sentence=f"'{record}' was dismissed{by}{on}{why}.",
        cure="If that was a mistake, read the deal again from its hold, or with sync_crm --deal.",
        connection=record.connection,
        hold_id=hold.pk if hold else None,
        deal_url=record.url,
    )


def ask(
    connection: Connection, *, reference: DealReference, now: datetime, next_poll_at: Polls
) -> Diagnosis | None:
    """None: this CRM does not know the deal."""
    stopped = state_answer(connection)
    if stopped is not None:
        return stopped
    try:
        deal, was_deleted = read_live(connection, external_id=reference.external_id)
    except SyncError as error:
        note_refusal(connection=connection, error=error)
        return state_answer(connection) or Diagnosis(
            cause=Cause.NO_ANSWER,
            sentence=f"{connection} could not be asked: {error.sentence}",
            cure=error.next_step or "Try again in a few minutes.",
            connection=connection,
        )
    if deal is not None:
        return about(deal, connection=connection, now=now, next_poll_at=next_poll_at)
    if was_deleted:
        return Diagnosis(
            cause=Cause.DELETED,
            sentence=f"The deal {reference.external_id} was deleted in {connection}.",
            cure="Restore it in the CRM; the next poll reads it.",
            connection=connection,
        )
    return None


def read_live(connection: Connection, *, external_id: str) -> tuple[Deal | None, bool]:
    client = open_client(connection=connection)
    try:
        pages = client.deals_by_id(external_ids=[external_id], wanted={})
        deal = next((one for page in pages for one in page.deals), None)
        questions = questions_for(client, provider=connection.provider)
        return deal, deal is None and questions.was_deleted(external_id=external_id)
    finally:
        client.close()


def state_answer(connection: Connection) -> Diagnosis | None:
    """Why nothing at all is imported through a connection."""
    if connection.state == ConnectionState.BROKEN:
        cause, sentence = Cause.BROKEN, f"{connection} is broken: {connection.state_reason}".strip(": ")
        cure = f"Reconnect {connection}; then ask again."
    elif connection.state == ConnectionState.PAUSED:
        cause, sentence = Cause.PAUSED, f"{connection} is paused, so no deal is read."
        cure = f"Resume {connection}; nothing that closed during the pause is missed."
    elif not connection.is_live:
        cause, sentence = Cause.NOT_CONNECTED, f"{connection} is not connected, so no deal is read."
        cure = f"Connect {connection} again."
    elif connection.mapping_version is None:
        cause, sentence = Cause.MAPPING, f"The field mapping of {connection} is not confirmed."
        cure = "Confirm it in Settings, Field Mapping; then the first sync starts."
    else:
        return None
    return Diagnosis(cause=cause, sentence=sentence, cure=cure, connection=connection)


def about(deal: Deal, *, connection: Connection, now: datetime, next_poll_at: Polls) -> Diagnosis:
    """What keeps a deal that the CRM has from being a contract."""
    name = printable(deal.name) or deal.external_id
    hold = open_hold(deal, connection=connection)
    found = Diagnosis(
        cause=Cause.NOT_YET_READ,
        sentence="",
        cure="",
        connection=connection,
        hold_id=hold.pk if hold else None,
        deal_url=deal.url,
        stage=deal.stage,
    )
    if deal.stage not in connection.stage_names:
        return replace(
            found,
            cause=Cause.STAGE,
            sentence=f"The stage is '{printable(deal.stage)}', the connection imports {quoted(connection)}.",
            cure=stage_cure(deal, connection=connection),
        )
    if hold is not None:
        problems = " ".join(str(problem["sentence"]) for problem in hold.problems)
        cures = " ".join(dict.fromkeys(str(problem["cure"]) for problem in hold.problems))
        return replace(
            found, cause=Cause.HELD, sentence=f"'{name}' is held: {problems}", cure=cures or "Open the hold."
        )
    if deal.close_date is not None and not connection.imports_from(day=deal.close_date):
        return replace(
            found,
            cause=Cause.TOO_EARLY,
            sentence=(
                f"'{name}' closed on {day(deal.close_date)}, and {connection} imports deals "
                f"closed from {day(connection.import_from)} on."
            ),
            cure="Move Import from back on the connection; nothing is imported twice.",
        )
    if deal.close_date is not None and deal.close_date < (start := connection.imports_by_itself_from):
        return replace(
            found,
            cause=Cause.NOT_STARTED,
            sentence=f"'{name}' closed before {day(start)}. Nobody has started the billing of such deals.",
            cure=f"Look at the preview of the import from {connection} and press Start billing.",
        )
    if connection.mode == ConnectionMode.PREVIEW:
        return replace(
            found,
            cause=Cause.PREVIEWED,
            sentence=f"{connection} is in mode Preview, so '{name}' is only previewed.",
            cure="Switch it to Live or Review in its settings; then all won deals are read again.",
        )
    return replace(
        found,
        sentence=f"'{name}' is won and has not been read yet.",
        cure=when(connection, now, next_poll_at),
    )


def open_hold(deal: Deal, *, connection: Connection) -> Hold | None:
    return (
        Hold.objects.open()
        .filter(crm_deal__org=connection.org, crm_deal__external_id=deal.external_id)
        .first()
    )


def stage_cure(deal: Deal, *, connection: Connection) -> str:
    is_near = look(deal.stage) in {look(name) for name in connection.stage_names}
    if is_near or deal.crm_says_won:
        return "Select this stage on the connection, or correct it in the CRM."
    return f"Move it to {quoted(connection)} in the CRM when it is won; the next poll reads it."


def quoted(connection: Connection) -> str:
    return " or ".join(f"'{name}'" for name in connection.stage_names)


def when(connection: Connection, now: datetime, next_poll_at: Polls) -> str:
    planned = next_poll_at(connection)
    if planned is None:
        return "No poll is planned: press Sync now, and tell your operators that the worker is not running."
    minutes = max(1, -(-int((planned - now).total_seconds()) // 60))
    return f"The next poll comes in {minutes} {'minute' if minutes == 1 else 'minutes'}; Sync now is quicker."


def connected(only: Connection | None) -> list[Connection]:
    found = Connection.objects.select_related("org", "mapping_version").exclude(org=None).order_by("name")
    return list(found.filter(pk=only.pk) if only else found)


def by_name(
    reference: DealReference, *, candidates: Sequence[Connection], now: datetime, next_poll_at: Polls
) -> Diagnosis:
    """The deals of this name in every CRM that can be asked: one is answered for, several are listed."""
    if not candidates:
        return Diagnosis(
            cause=Cause.NO_CONNECTION,
            sentence="No CRM is connected.",
            cure="Connect one in Settings, CRM Integration.",
        )
    found: list[tuple[Connection, Deal]] = []
    unable: Diagnosis | None = None
    for connection in candidates:
        try:
            found += [(connection, deal) for deal in named(connection, name=reference.text)]
        except SyncError as error:
            note_refusal(connection=connection, error=error)
            unable = unable or Diagnosis(
                cause=Cause.NO_ANSWER,
                sentence=f"{connection} could not be asked: {error.sentence}",
                cure=error.next_step or "Try again in a few minutes.",
                connection=connection,
            )
    if len(found) == 1:
        connection, deal = found[0]
        exact = DealReference(
            text=deal.external_id, provider=connection.provider, external_id=deal.external_id
        )
        stored = stored_answer(exact, candidates=[connection])
        return stored or about(deal, connection=connection, now=now, next_poll_at=next_poll_at)
    if found:
        return several(reference, found=found)
    stopped = next((answer for one in candidates if (answer := state_answer(one))), None)
    return unable or stopped or unknown(reference, candidates=candidates)


def named(connection: Connection, *, name: str) -> list[Deal]:
    if state_answer(connection) is not None:
        return []
    client = open_client(connection=connection)
    try:
        ids = questions_for(client, provider=connection.provider).ids_named(name=name, limit=MOST_NAMESAKES)
        pages = client.deals_by_id(external_ids=ids, wanted={}) if ids else []
        return [deal for page in pages for deal in page.deals]
    finally:
        client.close()


def several(reference: DealReference, *, found: Sequence[tuple[Connection, Deal]]) -> Diagnosis:
    return Diagnosis(
        cause=Cause.SEVERAL,
        sentence=f"{len(found)} deals are named '{reference.text}'.",
        cure="Choose the one you mean by its id.",
        namesakes=[
            Namesake(
                external_id=deal.external_id,
                connection=connection.name,
                stage=printable(deal.stage),
                close_date=day(deal.close_date) if deal.close_date else "",
            )
            for connection, deal in found
        ],
    )


def unknown(reference: DealReference, *, candidates: Sequence[Connection]) -> Diagnosis:
    asked = " and ".join(f"{one} ({one.org})" for one in candidates)
    if not reference.external_id:
        return Diagnosis(
            cause=Cause.UNKNOWN,
            sentence=f"No deal in {asked} is named '{reference.text}'.",
            cure="Paste the id or the link of the deal: names must match in full.",
        )
    if reference.host and not any(leads_to(reference.host, one) for one in candidates):
        return other_org(reference.host)
    return Diagnosis(
        cause=Cause.UNKNOWN,
        sentence=f"{asked} does not know the deal {reference.external_id}.",
        cure=(
            "Check the id. It may be of another org, deleted for good, or hidden from the user who connected."
        ),
        connection=candidates[0] if len(candidates) == 1 else None,
    )


def leads_to(host: str, connection: Connection) -> bool:
    """Whether a link to this host may be one of the connection's org."""
    return facts_of(connection.provider).is_page_of(host, connection.instance_url)


def other_org(place: str) -> Diagnosis:
    return Diagnosis(
        cause=Cause.OTHER_ORG,
        sentence=f"This link leads to {place}, which is not connected here.",
        cure="Connect that org as well, or look for the deal in the org that is connected.",
    )


def day(moment: object) -> str:
    return f"{moment:%Y-%m-%d}"
