"""The Smart Billing Agent: bills everything that is due, however long it was away.

1. Contracts whose term has begun become active.
2. Due instalments are read in chunks, oldest first. A chunk is one transaction: lock its contracts, see what
   is still due, take numbers, issue, count. A killed run has billed whole chunks; the next run does the rest.
3. What the database refuses is tried again in halves, down to the contract at fault. The others are billed.
4. Contracts that are over and wholly billed become completed.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from django.contrib.auth.models import AbstractBaseUser
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models.functions import Now

from billing.due import DueInstalment, Total, due_chunks, still_due
from billing.enums import BillingRunState, BillingTrigger
from billing.issuing import issue_invoices
from billing.lifecycle import complete_contracts, start_contracts
from billing.locks import lock_contracts
from billing.models import BillingRun, LegalEntity
from billing.numbering import UnableToIssueInvoice
from contracts.bulk import as_json
from contracts.models import Contract
from contracts.transactions import ensure_connected, run_durably

NUMBER_RULES = ("invoice_number_is_unique", "invoice_sequence_is_unique")
REFUSALS_IN_A_ROW = 50
INTERRUPTED = "The run was interrupted. What it had issued stands, and later runs billed the rest."

logger = logging.getLogger(__name__)


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


@dataclass(slots=True)
class _Outcome:
    invoices: Counter[str] = field(default_factory=Counter)
    minor: Counter[str] = field(default_factory=Counter)
    failed: list[BillingFailure] = field(default_factory=list)

    def add(self, other: "_Outcome") -> None:
        self.invoices += other.invoices
        self.minor += other.minor
        self.failed += other.failed

    @classmethod
    def of(cls, totals: Iterable[Total]) -> "_Outcome":
        totals = list(totals)
        return cls(
            invoices=Counter({total.currency: total.invoices for total in totals}),
            minor=Counter({total.currency: total.minor for total in totals}),
        )

    @property
    def totals(self) -> list[Total]:
        return [
            Total(currency=currency, invoices=count, minor=self.minor[currency])
            for currency, count in sorted(self.invoices.items())
        ]


def invoice_due(
    *, as_of: date, trigger: BillingTrigger, actor: AbstractBaseUser | None = None
) -> BillingSummary:
    """Issues an invoice dated `as_of` for every instalment due by then. Safe to call at any time, by many."""
    _close_interrupted()
    run = BillingRun.objects.create(trigger=trigger, actor_id=actor.pk if actor else None, as_of=as_of)
    outcome = _Outcome()
    ended = BillingRunState.FAILED
    try:
        started = start_contracts(as_of=as_of)
        legal_entity = LegalEntity.objects.order_by("pk").first()
        for due in due_chunks(as_of=as_of):
            if legal_entity is None:
                raise UnableToIssueInvoice("Enter the legal entity that sends the invoices first.")
            failed = {failure.contract_id for failure in outcome.failed}
            due = [instalment for instalment in due if instalment.contract_id not in failed]
            outcome.add(run_durably(partial(_bill_chunk, due=due, legal_entity=legal_entity, run=run)))
        completed = complete_contracts(as_of=as_of)
        ended = BillingRunState.DONE
    except UnableToIssueInvoice as refusal:
        _count(run, problems=[{"sentence": str(refusal)}])
        raise
    finally:
        ensure_connected()
        BillingRun.objects.filter(pk=run.pk).update(state=ended, finished_at=Now())
    return BillingSummary(
        run_id=run.pk,
        as_of=as_of,
        issued=outcome.invoices.total(),
        totals=outcome.totals,
        failed=outcome.failed,
        started=started,
        completed=completed,
    )


def _close_interrupted() -> None:
    """A run that was killed could not say so itself."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE billing_billingrun
            SET state = 'failed', finished_at = now(), problems = problems || %s::jsonb
            WHERE state = 'running' AND started_at < now() - interval '1 hour'
            """,
            [as_json([{"sentence": INTERRUPTED}])],
        )


def _bill_chunk(*, due: Sequence[DueInstalment], legal_entity: LegalEntity, run: BillingRun) -> _Outcome:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a refusal shows in its savepoint, not at the commit
    lock_contracts(contract_ids={instalment.contract_id for instalment in due})
    still = still_due(as_of=run.as_of, ids=[instalment.id for instalment in due])
    outcome = _issue([instalment for instalment in due if instalment.id in still], legal_entity, run)
    _count(
        run,
        issued=outcome.invoices.total(),
        failed=len(outcome.failed),
        problems=[{"contract": failure.contract, "sentence": failure.sentence} for failure in outcome.failed],
    )
    return outcome


def _issue(due: Sequence[DueInstalment], legal_entity: LegalEntity, run: BillingRun) -> _Outcome:
    if not due:
        return _Outcome()
    try:
        with transaction.atomic():  # savepoint: what is refused leaves the others alone
            return _Outcome.of(
                issue_invoices(
                    instalment_ids=[instalment.id for instalment in due],
                    legal_entity=legal_entity,
                    run=run,
                    issue_date=run.as_of,
                )
            )
    except OperationalError:
        raise
    except DatabaseError as error:
        rule = _rule(error)
        if rule in NUMBER_RULES:
            raise UnableToIssueInvoice(
                "The next invoice number is issued already: the number series lags behind the invoices."
            ) from error
        contracts = list(dict.fromkeys(instalment.contract_id for instalment in due))
        if len(contracts) == 1:
            logger.exception("The database refused an invoice of contract %s", contracts[0])
            return _Outcome(failed=[_failure(contracts[0], rule)])

    first = set(contracts[: len(contracts) // 2])
    outcome = _issue([instalment for instalment in due if instalment.contract_id in first], legal_entity, run)
    if len(outcome.failed) >= REFUSALS_IN_A_ROW and not outcome.invoices:
        raise UnableToIssueInvoice(f"The fault is in no single contract. {outcome.failed[-1].sentence}")
    outcome.add(
        _issue([instalment for instalment in due if instalment.contract_id not in first], legal_entity, run)
    )
    return outcome


def _rule(error: DatabaseError) -> str:
    """The constraint that refused, or what the database said."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return str((diagnosis.constraint_name or diagnosis.message_primary) if diagnosis else error)


def _failure(contract_id: int, rule: str) -> BillingFailure:
    return BillingFailure(
        contract_id=contract_id,
        contract=Contract.objects.values_list("name", flat=True).get(pk=contract_id),
        sentence=f"The database refused the invoice: {rule}.",
    )


def _count(
    run: BillingRun, *, issued: int = 0, failed: int = 0, problems: Sequence[dict[str, str]] = ()
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE billing_billingrun
            SET issued = issued + %s, failed = failed + %s, problems = problems || %s::jsonb
            WHERE id = %s
            """,
            [issued, failed, as_json(list(problems)), run.pk],
        )
