"""New contracts that are unusual in number or value: their billing waits for one answer on the connection.

A sync that brings more new won deals than the connection's setting, or more than three times the value that
one usually brings, looks like a mistaken mass update. The contracts are made, and while one of them waits the
later ones join it. The question is what is stored as waiting, so that nothing forgets it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, Q, Sum

from billing.bounds import TIMES
from billing.enums import InstalmentState, WaitCode
from billing.locks import lock_contracts
from billing.models import BillingWait
from billing.waiting import stop_waiting, wait_for
from contracts.approving import stamp_of_all, totals_of
from contracts.models import Contract, ContractQuerySet
from contracts.money import Money
from contracts.suspending import suspend_contracts
from crm_sync import alerts
from crm_sync.enums import AlertKind, BackfillState, ConnectionMode, Outcome
from crm_sync.models import Backfill, BackfillDeal, Connection, SyncRun
from crm_sync.records import Verdict

CODES = (WaitCode.MANY_DEALS, WaitCode.LARGE_VALUE, WaitCode.NOT_SHOWN)
"""The reasons that one answer on the connection ends."""
TERMS = ("currency", "value_minor", "start_date", "end_date", "billing_cycle")
SHOWN = ("customer_name", *TERMS, "instalments", "elsewhere")
MADE = ("customer__name", *TERMS, "planned", "elsewhere")
"""The same facts of a deal in a preview and of the contract it became."""
HISTORY = 5
LOOK_BACK = 100
WHY = {
    WaitCode.MANY_DEALS: "more new won deals came at once than usual",
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
class NewContract:
    id: int
    value: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a connection asks, as a person sees it."""

    count: int
    totals: Sequence[tuple[int, Money]]
    largest: Sequence[Contract]
    stamp: str
    codes: frozenset[str]

    @property
    def sentence(self) -> str:
        why = [WHY[code] for code in CODES if code in self.codes]
        contracts = "1 contract waits" if self.count == 1 else f"{self.count:,} contracts wait"
        return f"{contracts}: {', '.join(why)}."


def note_new(
    *, connection: Connection, verdicts: Sequence[Verdict], before: Sequence[NewContract]
) -> list[NewContract]:
    """Makes what is unusual wait, in the page's transaction; the new contracts that count with the next page.

    `before`: what the earlier pages of the run have brought. In mode Review a person approves each contract.
    """
    created = {
        one.contract_id: one
        for one in verdicts
        if one.outcome is Outcome.CREATED and one.contract_id and one.mapped.contract
    }
    if not created or connection.mode != ConnectionMode.LIVE:
        return []
    shown, unlike = as_shown(connection=connection, created=created)
    new = [
        NewContract(id=key, value=one.mapped.contract.value)
        for key, one in created.items()
        if key not in shown | unlike and one.mapped.contract
    ]
    asked = asks(connection)
    put(code=WaitCode.NOT_SHOWN, contract_ids=unlike)
    for code in unusual(connection=connection, new=[*before, *new], already_asked=asked) if new else ():
        put(code=code, contract_ids={one.id for one in [*before, *new]})
    if not asked and asks(connection):
        alerts.write_alert(connection=connection, kind=AlertKind.ASKS)
    return new


def put(*, code: WaitCode, contract_ids: set[int]) -> None:
    """Locked first: what an earlier page has brought may be billed at this moment."""
    if contract_ids:
        lock_contracts(contract_ids=contract_ids)
        wait_for(code=code, contract_ids=contract_ids)


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


def unusual(*, connection: Connection, new: Sequence[NewContract], already_asked: bool) -> list[WaitCode]:
    """Why these contracts of one run wait. Those that come while the connection asks join the others."""
    codes = []
    if already_asked or len(new) > connection.most_new_deals:
        codes.append(WaitCode.MANY_DEALS)
    sums: Counter[str] = Counter()
    for one in new:
        sums[one.value.currency] += one.value.minor
    usual = usual_value(connection) if not codes else {}
    if any(minor > TIMES * usual.get(currency, minor) for currency, minor in sums.items()):
        codes.append(WaitCode.LARGE_VALUE)
    return codes


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
        return stop_waiting(codes=CODES, contracts=contracts, actor=actor)


def suspend_new(*, connection: Connection, seen: str, actor: AbstractBaseUser) -> int:
    """The other answer: they were won by mistake. The wait ends, because resuming one is a decision."""
    with transaction.atomic():
        contracts = locked_as_seen(connection=connection, seen=seen)
        suspended = suspend_contracts(reasons={one.pk: MISTAKE for one in contracts}, actor=actor)
        BillingWait.objects.filter(code__in=CODES, contract__in=contracts).delete()
        return len(suspended)


def locked_as_seen(*, connection: Connection, seen: str) -> list[Contract]:
    keys = list(waiting_of(connection).values_list("pk", flat=True))
    lock_contracts(contract_ids=keys)
    contracts = list(waiting_of(connection))
    if not contracts or stamp_of_all(contracts) != seen:
        raise UnableToStart(CHANGED)
    return contracts
