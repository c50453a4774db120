"""New contracts that are unusual in number or value: their billing waits for one answer on the connection.

More new won deals within an hour than the connection's setting, or a sync that brings more than three times
the value that one usually brings, look like a mistaken mass update. The contracts are made, and while one of
them waits the later ones join it. The question is what is stored as waiting, so that nothing forgets it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, Q, Sum

from billing.enums import InstalmentState, WaitCode
from billing.issuing.bounds import TIMES
from billing.locks import lock_contracts
from billing.models import BillingWait, Invoice
from billing.schedules.waiting import stop_waiting, wait_for
from contracts.approving import stamp_of_all, totals_of
from contracts.models import Contract, ContractQuerySet
from contracts.money import Money
from contracts.suspending import suspend_contracts
from crm_sync.connections import alerts
from crm_sync.connections.new_deals import counted, counted_before_asking, invoiced_of, newest_record
from crm_sync.enums import AlertKind, BackfillState, ConnectionMode, Outcome
from crm_sync.importing.records import Verdict
from crm_sync.models import Backfill, BackfillDeal, Connection, SyncRecord, SyncRun

CODES = (WaitCode.MANY_DEALS, WaitCode.LARGE_VALUE, WaitCode.NOT_SHOWN)
"""The reasons that one answer on the connection ends."""
TERMS = ("currency", "value_minor", "start_date", "end_date", "billing_cycle")
SHOWN = ("customer_name", *TERMS, "instalments", "elsewhere")
MADE = ("customer__name", *TERMS, "planned", "elsewhere")
"""The same facts of a deal in a preview and of the contract it became."""
HISTORY = 5
LOOK_BACK = 100
WHY = {
    WaitCode.MANY_DEALS: "more new won deals came within an hour than usual",
    WaitCode.LARGE_VALUE: "far more value came at once than usual",
    WaitCode.NOT_SHOWN: "it was not shown so when billing was started",
}
MISTAKE = "The deals were won by mistake, somebody has decided."
CHANGED = (
    "Nothing was decided: contracts have come, changed or been decided since you opened the page. Look at "
    "them again."
)


class UnableToStart(Exception):
    """The contracts that wait are not those that the person has seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a connection asks, as a person sees it."""

    count: int
    totals: Sequence[tuple[int, Money]]
    largest: Sequence[Contract]
    stamp: str
    codes: frozenset[str]
    invoiced: Sequence[Invoice]
    """Of contracts that came in the same hour and were billed before it was unusual."""

    @property
    def sentence(self) -> str:
        why = [WHY[code] for code in CODES if code in self.codes]
        contracts = "1 contract waits" if self.count == 1 else f"{self.count:,} contracts wait"
        said = f"{contracts}: {', '.join(why)}."
        if not self.invoiced:
            return said
        count = len({one.contract_id for one in self.invoiced})
        billed = "1 contract" if count == 1 else f"{count:,} contracts"
        return f"{said} {billed} of that hour {'has' if count == 1 else 'have'} been invoiced before."


def note_new(*, run: SyncRun, connection: Connection, verdicts: Sequence[Verdict]) -> None:
    """Makes what is unusual wait, in the page's transaction and once its records are stored.

    In mode Review a person approves each contract.
    """
    created = {
        one.contract_id: one
        for one in verdicts
        if one.outcome is Outcome.CREATED and one.contract_id and one.mapped.contract
    }
    if not created or connection.mode != ConnectionMode.LIVE:
        return
    shown, unlike = as_shown(connection=connection, created=created)
    asked = asks(connection)
    waits = put(code=WaitCode.NOT_SHOWN, contract_ids=unlike)
    if new := created.keys() - shown - unlike:
        waits |= note_unusual(run=run, connection=connection, new=new, asked=asked)
    if waits and not asked and asks(connection):
        alerts.write_alert(connection=connection, kind=AlertKind.ASKS)


def note_unusual(*, run: SyncRun, connection: Connection, new: set[int], asked: bool) -> bool:
    """Whether anything waits. `new`: of this page. While the connection asks they join the others."""
    of_hour = counted(connection=connection)
    records = SyncRecord.objects.filter(run=run, outcome=Outcome.CREATED)
    of_run = Q(pk__in=records.values("crm_deal__contract"))
    count, brought = count_and_value(of_hour, of_run=of_run)
    if too_many(connection=connection, count=count):
        not_yet = of_hour.suspendable().exclude(billing_waits__code=WaitCode.MANY_DEALS)
        return put(code=WaitCode.MANY_DEALS, contract_ids=set(not_yet.values_list("pk", flat=True)))
    if asked:
        return put(code=WaitCode.MANY_DEALS, contract_ids=new)
    if too_large(connection=connection, values=brought):
        ids = of_hour.filter(of_run).values_list("pk", flat=True)
        return put(code=WaitCode.LARGE_VALUE, contract_ids=set(ids))
    return False


def count_and_value(contracts: ContractQuerySet, *, of_run: Q) -> tuple[int, list[Money]]:
    """How many they are, and what those of a run are worth in each currency."""
    rows = contracts.order_by().values_list("currency")
    found = list(rows.annotate(count=Count("pk"), minor=Sum("value_minor", filter=of_run)))
    values = [Money(minor=int(minor), currency=currency) for currency, _, minor in found if minor is not None]
    return sum(count for _, count, _ in found), values


def put(*, code: WaitCode, contract_ids: set[int]) -> bool:
    """Whether any wait. Locked first: what an earlier page has brought may be billed at this moment."""
    if contract_ids:
        lock_contracts(contract_ids=contract_ids)
        wait_for(code=code, contract_ids=contract_ids)
    return bool(contract_ids)


def as_shown(*, connection: Connection, created: Mapping[int, Verdict]) -> tuple[set[int], set[int]]:
    """(contracts that were shown so when billing was started, contracts that were not and had to be)."""
    begun = Backfill.objects.filter(connection=connection, state=BackfillState.IMPORTING).first()
    if begun is None:
        return set(), set()
    ids = {one.mapped.deal.external_id: key for key, one in created.items()}
    rows = BackfillDeal.objects.filter(backfill=begun, outcome=Outcome.CREATED, external_id__in=ids)
    seen = {ids[row[0]]: row[1:] for row in rows.values_list("external_id", *SHOWN)}
    made = made_of(contract_ids=created)
    shown = {key for key in created if seen.get(key) == made[key]}
    unlike = {key for key, one in created.items() if key not in shown and waited(one, begun=begun)}
    return shown, unlike


def made_of(*, contract_ids: Iterable[int]) -> dict[int, tuple[object, ...]]:
    """What `SHOWN` names, of contracts that a run has made."""
    instalments = Count("billing_schedule__instalments")
    elsewhere = Q(billing_schedule__instalments__state=InstalmentState.BILLED_ELSEWHERE)
    rows = Contract.objects.filter(pk__in=list(contract_ids)).annotate(
        planned=instalments, elsewhere=Count("billing_schedule__instalments", filter=elsewhere)
    )
    return {row[0]: row[1:] for row in rows.values_list("pk", *MADE)}


def waited(verdict: Verdict, *, begun: Backfill) -> bool:
    """Whether the deal is one of those that waited for the press."""
    day = verdict.mapped.deal.close_date
    return begun.automatic_from is not None and (day is None or day < begun.automatic_from)


def too_many(*, connection: Connection, count: int) -> bool:
    """`count`: new contracts of the last hour."""
    return count > connection.most_new_deals


def too_large(*, connection: Connection, values: Sequence[Money]) -> bool:
    """`values`: what one run has brought, a sum for each currency."""
    usual = usual_value(connection)
    return any(one.minor > TIMES * usual.get(one.currency, one.minor) for one in values)


def usual_value(connection: Connection) -> dict[str, int]:
    """By currency, the most that one ordinary sync has brought; empty before there is a history."""
    ordinary = SyncRun.objects.filter(
        connection=connection, created__gt=0, created__lte=connection.most_new_deals
    )
    runs = list(ordinary.order_by("-pk").values_list("pk", flat=True)[:LOOK_BACK])
    if len(runs) < HISTORY:
        return {}
    rows = Contract.objects.filter(
        crm_deal__records__run__in=runs, crm_deal__records__outcome=Outcome.CREATED
    ).exclude(pk__in=BillingWait.objects.filter(code__in=CODES).values("contract"))
    most: Counter[str] = Counter()
    for currency, minor in (
        rows.values_list("currency", "crm_deal__records__run")
        .annotate(minor=Sum("value_minor"))
        .values_list("currency", "minor")
    ):
        most[currency] = max(most[currency], int(minor))
    return dict(most)


def waiting_of(connection: Connection) -> ContractQuerySet:
    """The contracts that the connection asks about. Ended and suspended ones ask nothing."""
    waiting = BillingWait.objects.filter(code__in=CODES, contract__crm_deal__connection=connection)
    return Contract.objects.suspendable().filter(pk__in=waiting.values("contract"))


def asks(connection: Connection) -> bool:
    return waiting_of(connection).exists()


def question_of(connection: Connection, *, most: int) -> Question | None:
    """None while nothing waits; `most`: so many of the largest are named."""
    contracts = list(waiting_of(connection).select_related("customer"))
    if not contracts:
        return None
    codes = BillingWait.objects.filter(code__in=CODES, contract__in=contracts)
    return Question(
        count=len(contracts),
        totals=totals_of(waiting_of(connection)),
        largest=sorted(contracts, key=lambda one: (-one.value_minor, one.pk))[:most],
        stamp=stamp_of_all(contracts),
        codes=frozenset(codes.values_list("code", flat=True)),
        invoiced=invoiced_of(counted_before_asking(connection=connection)),
    )


def asking_connections() -> dict[Connection, int]:
    """Connections that ask, each with how many contracts wait."""
    counts = dict(
        Contract.objects.suspendable()
        .filter(pk__in=BillingWait.objects.filter(code__in=CODES).values("contract"))
        .order_by()
        .values_list("crm_deal__connection")
        .annotate(Count("pk"))
    )
    return {one: counts[one.pk] for one in Connection.objects.filter(pk__in=counts).order_by("name")}


def start_billing(*, connection: Connection, seen: str, actor: AbstractBaseUser) -> int:
    """Ends the waiting of exactly those contracts that the person has seen; how many they are."""
    with transaction.atomic():
        contracts = locked_as_seen(connection=connection, seen=seen)
        note_answer(connection=connection)
        return stop_waiting(codes=CODES, contracts=contracts, actor=actor)


def suspend_new(*, connection: Connection, seen: str, actor: AbstractBaseUser) -> int:
    """The other answer: they were won by mistake. The wait ends, because resuming one is a decision."""
    with transaction.atomic():
        contracts = locked_as_seen(connection=connection, seen=seen)
        note_answer(connection=connection)
        suspended = suspend_contracts(reasons={one.pk: MISTAKE for one in contracts}, actor=actor)
        BillingWait.objects.filter(code__in=CODES, contract__in=contracts).delete()
        return len(suspended)


def note_answer(*, connection: Connection) -> None:
    """What has come by now does not count any more."""
    locked = Connection.objects.select_for_update().get(pk=connection.pk)
    locked.answered_record = newest_record(connection=locked)
    locked.save(update_fields=["answered_record"])


def locked_as_seen(*, connection: Connection, seen: str) -> list[Contract]:
    keys = list(waiting_of(connection).values_list("pk", flat=True))
    lock_contracts(contract_ids=keys)
    # Asked again: what waits may have been changed or answered for while it was being locked.
    contracts = list(waiting_of(connection))
    if not contracts or stamp_of_all(contracts) != seen:
        raise UnableToStart(CHANGED)
    return contracts
