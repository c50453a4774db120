"""The Smart Billing Agent: bills everything that is due, however long it was away.

1. Contracts whose term has begun become active. Drafts of contracts that are no longer billed are withdrawn.
2. What exceeds the bounds is put aside, and a person is asked.
3. Due instalments are read in chunks, oldest first. A chunk is one transaction: lock its contracts, see what
   is still due, take numbers, issue or draft by the policy, count. A killed run has billed whole chunks; the
   next run does the rest.
4. What the database refuses is tried again in halves, down to the contract at fault. The others are billed.
5. Contracts that are over and wholly billed become completed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from django.contrib.auth.models import AbstractBaseUser
from django.db import Error, connection, transaction
from django.db.models.functions import Now

from billing.enums import BillingMode, BillingRunState, BillingTrigger, LimitKind
from billing.issuing.bounds import ask_about_contracts, last_billed, missed_since, park_excess
from billing.issuing.numbering import UnableToIssueInvoice, ensure_may_issue
from billing.issuing.policy import PeriodLocked, billing_policy, ensure_open, limits
from billing.issuing.writing import draft_invoices, issue_invoices
from billing.locks import lock_contracts
from billing.models import BillingRun, LegalEntity
from billing.schedules.drafting import withdraw_drafts_of_stopped
from billing.schedules.due import DueInstalment, Total, added_up, due_chunks, still_due
from billing.schedules.interruptions import close_interrupted, note_session
from billing.schedules.lifecycle import complete_contracts, start_contracts
from billing.schedules.printability import note_unprintable, recheck_unprintable
from contracts.bulk import as_json
from contracts.models import Contract
from contracts.transactions import ensure_connected, run_durably
from fincelo.database_errors import Fault, fault_of, rule_of, sqlstate, tell, words

NUMBER_RULES = ("invoice_number_is_unique", "invoice_sequence_is_unique")
OUR_TRIGGERS = ("23001", "23514")
"""SQLSTATEs with which our triggers refuse: restrict_violation and check_violation."""
REFUSALS_IN_A_ROW = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingFailure:
    contract_id: int
    contract: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingSummary:
    run_id: int
    as_of: date
    issued: int
    totals: Sequence[Total]
    failed: Sequence[BillingFailure]
    started: int
    completed: int
    drafted: Sequence[Total] = ()
    """Left for approval."""
    asked: int = 0
    """Contracts that ask because many invoices were due at once."""
    parked: Sequence[Total] = ()
    caught_up_since: date | None = None


@dataclass(slots=True)
class Sums:
    """What was issued or drafted so far, one total for each currency."""

    totals: list[Total] = field(default_factory=list)

    def add(self, totals: Iterable[Total]) -> None:
        self.totals = added_up([*self.totals, *totals])

    @property
    def invoices(self) -> int:
        return sum(total.invoices for total in self.totals)


@dataclass(slots=True)
class _Outcome:
    issued: Sums = field(default_factory=Sums)
    drafted: Sums = field(default_factory=Sums)
    failed: list[BillingFailure] = field(default_factory=list)

    def add(self, other: "_Outcome") -> None:
        self.issued.add(other.issued.totals)
        self.drafted.add(other.drafted.totals)
        self.failed += other.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class _PutAside:
    """What a run does not bill before somebody has decided, and what it is late for."""

    asked: int = 0
    parked: Sequence[Total] = ()
    missed_since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingRules:
    """Who sends the invoices of a run, and which wait for approval."""

    legal_entity: LegalEntity | None
    mode: BillingMode
    limits: Mapping[str, int]

    def needs_approval(self, *, minor: int, currency: str) -> bool:
        return self.mode == BillingMode.APPROVE or minor > self.limits.get(currency, minor)


def invoice_due(
    *, as_of: date, trigger: BillingTrigger, actor: AbstractBaseUser | None = None
) -> BillingSummary:
    """Issues an invoice dated `as_of` for every instalment due by then. Safe to call at any time, by many.

    Raises UnableToIssueInvoice where nothing may be dated so, as on a day after the database's.
    """
    close_interrupted()
    ensure_may_issue(day=as_of)
    run = BillingRun.objects.create(trigger=trigger, actor_id=actor.pk if actor else None, as_of=as_of)
    note_session(run)
    outcome, put_aside = _Outcome(), _PutAside()
    ended = BillingRunState.FAILED
    try:
        started = start_contracts(as_of=as_of)
        put_aside = run_durably(partial(_put_aside, run=run))
        rules = rules_in_force()
        for due in due_chunks(as_of=as_of):
            failed = {failure.contract_id for failure in outcome.failed}
            due = [instalment for instalment in due if instalment.contract_id not in failed]
            outcome.add(run_durably(partial(_bill_chunk, due=due, rules=rules, run=run)))
        completed = complete_contracts(as_of=as_of)
        ended = BillingRunState.PARKED if put_aside.parked else BillingRunState.DONE
    except UnableToIssueInvoice as refusal:
        _count(run, _Outcome(), problems=[{"sentence": str(refusal)}])
        raise
    except Error as error:
        tell(error, doing=f"Billing run {run.pk}")
        ensure_connected()
        _count(run, _Outcome(), problems=[{"sentence": " ".join(words(error))}])
        raise
    finally:
        ensure_connected()
        BillingRun.objects.filter(pk=run.pk).update(state=ended, finished_at=Now())
    return BillingSummary(
        run_id=run.pk,
        as_of=as_of,
        issued=outcome.issued.invoices,
        totals=outcome.issued.totals,
        failed=outcome.failed,
        started=started,
        completed=completed,
        drafted=outcome.drafted.totals,
        asked=put_aside.asked,
        parked=put_aside.parked,
        caught_up_since=put_aside.missed_since,
    )


def _put_aside(*, run: BillingRun) -> _PutAside:
    recheck_unprintable()
    withdraw_drafts_of_stopped()
    last = last_billed(run=run)
    since = missed_since(run=run, last=last)
    if since:
        BillingRun.objects.filter(pk=run.pk).update(caught_up_since=since)
    asked = ask_about_contracts(run=run, last=last)
    return _PutAside(asked=asked, parked=park_excess(run=run, last=last), missed_since=since)


def rules_in_force() -> BillingRules:
    return BillingRules(
        legal_entity=LegalEntity.objects.order_by("pk").first(),
        mode=BillingMode(billing_policy().mode),
        limits=limits(kind=LimitKind.INVOICE),
    )


def sender_refusal(legal_entity: LegalEntity | None) -> str:
    """Why it can send no invoice; empty if it can."""
    missing = legal_entity.missing if legal_entity else "name and address"
    if not missing:
        return ""
    return (
        f"The {missing} of the legal entity is missing, so no invoice is legal. "
        "Enter it under Settings, Legal entity."
    )


def _bill_chunk(*, due: Sequence[DueInstalment], rules: BillingRules, run: BillingRun) -> _Outcome:
    entity = ensure_billable(rules=rules, day=run.as_of)
    note_session(run)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a refusal shows in its savepoint, not at the commit
    contract_ids = {instalment.contract_id for instalment in due}
    lock_contracts(contract_ids=contract_ids)
    note_unprintable(contract_ids=contract_ids)
    # Asked again: chunks are read ahead, so that a contract may have been billed, parked or stopped since.
    still = still_due(as_of=run.as_of, ids=[instalment.id for instalment in due])
    ready: list[DueInstalment] = []
    waiting: list[DueInstalment] = []
    for instalment in due:
        if instalment.id in still:
            needs_approval = rules.needs_approval(minor=instalment.minor, currency=instalment.currency)
            (waiting if needs_approval else ready).append(instalment)
    issue = partial(issue_invoices, legal_entity=entity, run=run, issue_date=run.as_of)
    outcome = _Outcome()
    outcome.failed += write_in_halves(ready, issue, outcome.issued)
    draft = partial(draft_invoices, legal_entity=entity, run=run)
    outcome.failed += write_in_halves(waiting, draft, outcome.drafted)
    _count(
        run,
        outcome,
        problems=[{"contract": failure.contract, "sentence": failure.sentence} for failure in outcome.failed],
    )
    return outcome


def ensure_billable(*, rules: BillingRules, day: date) -> LegalEntity:
    """Who sends the invoices of that day. UnableToIssueInvoice where no invoice may be dated so."""
    if rules.legal_entity is None or rules.legal_entity.missing:
        raise UnableToIssueInvoice(sender_refusal(rules.legal_entity))
    try:
        ensure_open(day=day)
    except PeriodLocked as closed:
        raise UnableToIssueInvoice(str(closed)) from closed
    return rules.legal_entity


def write_in_halves(
    due: Sequence[DueInstalment], write: Callable[..., list[Total]], sums: Sums
) -> list[BillingFailure]:
    """Issues or drafts and adds it to the sums, in halves where the database refuses; what it refused."""
    if not due:
        return []
    try:
        with transaction.atomic():  # savepoint: what is refused leaves the others alone
            totals = write(instalment_ids=[instalment.id for instalment in due])
        sums.add(totals)
        return []
    except Error as error:
        if fault_of(error) is not Fault.RECORD:
            raise  # it is in no contract, so halves would meet it as well
        rule = refusal_of(error)
        if rule in NUMBER_RULES:
            raise UnableToIssueInvoice(
                "The next invoice number is issued already: the number series lags behind the invoices."
            ) from error
        contracts = list(dict.fromkeys(instalment.contract_id for instalment in due))
        if len(contracts) == 1:
            tell(error, doing=f"Billing contract {contracts[0]}")
            return [_failure(contracts[0], rule)]

    first = set(contracts[: len(contracts) // 2])
    before = sums.invoices
    failed = write_in_halves(
        [instalment for instalment in due if instalment.contract_id in first], write, sums
    )
    if len(failed) >= REFUSALS_IN_A_ROW and sums.invoices == before:
        raise UnableToIssueInvoice(f"The fault is in no single contract. {failed[-1].sentence}")
    rest = [instalment for instalment in due if instalment.contract_id not in first]
    return failed + write_in_halves(rest, write, sums)


def refusal_of(error: Error) -> str:
    """The constraint that refused, or what a trigger of ours says, which is written for people."""
    diagnosis = getattr(error.__cause__, "diag", None)
    if diagnosis is not None and not diagnosis.constraint_name and sqlstate(error) in OUR_TRIGGERS:
        return str(diagnosis.message_primary).rstrip(".")
    return rule_of(error)


def _failure(contract_id: int, rule: str) -> BillingFailure:
    return BillingFailure(
        contract_id=contract_id,
        contract=Contract.objects.values_list("name", flat=True).get(pk=contract_id),
        sentence=f"The database refused the invoice: {rule}.",
    )


def _count(run: BillingRun, outcome: _Outcome, *, problems: Sequence[dict[str, str]] = ()) -> None:
    """Adds to the run what one transaction has done."""
    billed = added_up([*outcome.issued.totals, *outcome.drafted.totals])
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE billing_billingrun
            SET issued = issued + %(issued)s, drafted = drafted + %(drafted)s, failed = failed + %(failed)s,
                problems = problems || %(problems)s::jsonb,
                totals = totals || (
                    SELECT coalesce(
                        jsonb_object_agg(code, minor::bigint + coalesce((totals ->> code)::bigint, 0)), '{}'
                    )
                    FROM jsonb_each_text(%(totals)s::jsonb) AS billed (code, minor)
                )
            WHERE id = %(run)s
            """,
            {
                "issued": outcome.issued.invoices,
                "drafted": outcome.drafted.invoices,
                "failed": len(outcome.failed),
                "problems": as_json(list(problems)),
                "totals": as_json({total.currency: total.minor for total in billed if total.minor}),
                "run": run.pk,
            },
        )
