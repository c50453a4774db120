"""Mails on held deals: to the account manager once per deal, at most one a run; of a first import a summary.

A hold and whether it was told stand in one row, so a run that is killed before its mails are written leaves
them to the next run, and one that is killed after it has told them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db import connection as database
from django.db import transaction
from django.db.models import Exists, OuterRef

from contracts.sentences import quoted
from crm_sync import runs
from crm_sync.connections.held_summary import number_in_words, one_line, summary_of
from crm_sync.enums import AlertKind, RunState
from crm_sync.models import Alert, Connection, CrmDeal, Hold, SyncRun
from crm_sync.oversight.safe_links import safe_link

NO_REMINDERS = 32_767
"""Of holds of a first import: they are old news."""
MOST_NAMED = 100
TOLD = """
WITH waiting AS (
    SELECT hold.id FROM crm_sync_hold hold JOIN crm_sync_crmdeal deal ON deal.id = hold.crm_deal_id
    WHERE hold.resolved_at IS NULL AND hold.told_at IS NULL AND hold.manager_email <> ''
      AND deal.connection_id = %s
    FOR UPDATE OF hold SKIP LOCKED
)
UPDATE crm_sync_hold hold SET told_at = now() FROM waiting WHERE hold.id = waiting.id RETURNING hold.id
"""
OLD_NEWS = """
WITH waiting AS (
    SELECT hold.id FROM crm_sync_hold hold JOIN crm_sync_crmdeal deal ON deal.id = hold.crm_deal_id
    WHERE hold.resolved_at IS NULL AND hold.told_at IS NULL AND deal.connection_id = %s
    FOR UPDATE OF hold SKIP LOCKED
)
UPDATE crm_sync_hold hold SET told_at = now(), reminders = %s FROM waiting WHERE hold.id = waiting.id
"""
INTRODUCTION = (
    "{deals} cannot be billed yet. Please correct what is named below in the CRM. Fincelo reads the deal "
    "again automatically, and bills it.\n\n"
)


def tell_of_holds(*, run: SyncRun) -> None:
    """At the end of a run: of every hold of its connection that nobody has been told of."""
    untold = Hold.objects.open().filter(crm_deal__connection=run.connection_id, told_at=None)
    if not untold.exists():
        return
    if is_first_import(run):
        tell_finance(run=run)
    elif untold.exclude(manager_email="").exists():
        tell_managers(run=run)


def is_first_import(run: SyncRun) -> bool:
    """Of deals that were won before. Where an earlier import found none, every deal is news."""
    if run.window_from is not None:
        return False
    earlier = SyncRun.objects.filter(connection=run.connection_id, state=RunState.DONE, pk__lt=run.pk)
    stored = CrmDeal.objects.filter(connection=run.connection_id, first_seen_at__lt=run.started_at)
    return stored.exists() or not earlier.exists()


def tell_managers(*, run: SyncRun) -> None:
    with transaction.atomic(durable=True):
        runs.fence(run=run)
        with database.cursor() as cursor:
            cursor.execute(TOLD, [run.connection_id])
            keys = [key for (key,) in cursor.fetchall()]
        earlier = Hold.objects.filter(crm_deal=OuterRef("crm_deal"), told_at__isnull=False)
        news = Hold.objects.filter(~Exists(earlier.exclude(pk=OuterRef("pk"))), pk__in=keys)
        Alert.objects.bulk_create(
            Alert(
                connection_id=run.connection_id,
                kind=AlertKind.HELD,
                recipient=address,
                subject=f"Fincelo: {subject_of(found)}",
                body=INTRODUCTION.format(deals=deals_in_words(found)) + listed(found),
            )
            for address, found in by_manager(news).items()
        )


def tell_finance(*, run: SyncRun) -> None:
    """Of a first import. It may take several runs: the last one tells."""
    with transaction.atomic(durable=True):
        runs.fence(run=run)
        with database.cursor() as cursor:
            cursor.execute(OLD_NEWS, [run.connection_id, NO_REMINDERS])
        connection = Connection.objects.get(pk=run.connection_id)
        if connection.cursor_modified_at is None:
            return
        subject, body = summary_of(connection)
        Alert.objects.create(connection=connection, kind=AlertKind.HELD, subject=subject, body=body)


def by_manager(found: Iterable[Hold]) -> dict[str, list[Hold]]:
    """Holds with their deals, the oldest first; addresses that differ in case alone are one."""
    grouped: dict[str, list[Hold]] = defaultdict(list)
    spelled: dict[str, str] = {}
    for hold in (
        Hold.objects.filter(pk__in=[one.pk for one in found]).select_related("crm_deal").order_by("id")
    ):
        if hold.manager_email:
            grouped[spelled.setdefault(hold.manager_email.casefold(), hold.manager_email)].append(hold)
    return grouped


def subject_of(found: Sequence[Hold]) -> str:
    if len(found) == 1:
        return f"{named(found[0])} cannot be billed yet"
    return f"{number_in_words(len(found))} cannot be billed yet"


def deals_in_words(found: Sequence[Hold]) -> str:
    return "This won deal of yours" if len(found) == 1 else "These won deals of yours"


def listed(found: Sequence[Hold]) -> str:
    """Each deal with what to fix and where. A mail stays readable, however many there are."""
    entries = "\n".join(entry(hold) for hold in found[:MOST_NAMED])
    more = len(found) - MOST_NAMED
    return f"{entries}\nAnd {number_in_words(more)} more.\n" if more > 0 else entries


def entry(hold: Hold) -> str:
    lines = [named(hold)]
    for problem in hold.problems:
        lines.append(f"- {one_line(problem['field'])}: {one_line(problem['sentence'], longest=500)}")
        lines.append(f"  {one_line(problem['cure'], longest=500)}")
    link = safe_link(one_line(hold.crm_deal.url, longest=400))
    lines += [f"  {link}"] if link else []
    return "\n".join(lines) + "\n"


def named(hold: Hold) -> str:
    return quoted(one_line(str(hold.crm_deal)))
