"""One contract's billing, as its page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing.enums import InstalmentState, ScheduleState
from billing.issuing.invoicing import ensure_billable, rules_in_force
from billing.issuing.numbering import UnableToIssueInvoice
from billing.issuing.restoring import restore_sign
from billing.models import BillingSchedule, Instalment, Invoice, LegalEntity
from billing.overview.queries import (
    PAUSED,
    ScheduleTotals,
    planned_schedule,
    schedule_totals,
    shown_instalment_state,
)
from billing.schedules.waiting import Reason, reasons_of
from contracts.models import Contract
from contracts.money import Money
from contracts.writing import write_day, write_money
from fincelo.states import MARKS, Tone

TO_BILL = (InstalmentState.PLANNED, InstalmentState.DRAFTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A share of a bar, in hundredths of its length."""

    word: str
    tone: Tone
    offset: float
    share: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    instalment: Instalment
    state: str
    invoice: Invoice | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingOverview:
    rows: Sequence[Row]
    value_parts: Sequence[Part]
    periods: Sequence[Part]
    missed: Sequence[Instalment]
    """The instalments whose billing date has come; filled only while the schedule asks about them."""
    missed_total: Money
    asks_because: str
    has_short_period: bool
    waits_for: Sequence[Reason]
    sentence: str


def billing_overview(*, contract: Contract, as_of: date) -> BillingOverview:
    instalments = planned_schedule(contract=contract, as_of=as_of)
    rows = [
        Row(
            instalment=instalment,
            state=shown_instalment_state(instalment=instalment, contract=contract),
            invoice=next(iter(instalment.live_invoices), None),  # type: ignore[attr-defined]
        )
        for instalment in instalments
    ]
    schedule: BillingSchedule | None = getattr(contract, "billing_schedule", None)
    asks = schedule is not None and schedule.state == ScheduleState.ASKS
    missed = [instalment for instalment in instalments if asks and _is_missed(instalment, as_of)]
    waits_for = reasons_of(contract_ids=[contract.pk]).get(contract.pk, [])
    totals = schedule_totals(contract=contract, instalments=instalments)
    return BillingOverview(
        rows=rows,
        value_parts=_value_parts(contract=contract, totals=totals),
        periods=_periods(contract=contract, rows=rows),
        missed=missed,
        missed_total=Money(
            minor=sum(instalment.amount_minor for instalment in missed), currency=contract.currency
        ),
        asks_because=schedule.asks_because if schedule else "",
        has_short_period=schedule is not None and schedule.has_short_period,
        waits_for=waits_for,
        sentence=_sentence(
            contract=contract,
            rows=rows,
            asks=asks,
            waits=bool(waits_for),
            credited=Money(minor=totals.credited, currency=contract.currency),
            as_of=as_of,
        ),
    )


def _sentence(
    *, contract: Contract, rows: Sequence[Row], asks: bool, waits: bool, credited: Money, as_of: date
) -> str:
    if contract.value_minor == 0:
        return "A free contract: nothing is billed."
    if asks:
        return "Nothing is billed until somebody decides what to do with the periods that are due."
    if any(row.state == PAUSED for row in rows):
        return f"Nothing is billed while the contract is {contract.get_state_display().lower()}."
    if waits and any(row.state in TO_BILL for row in rows):
        return "Nothing is billed while its billing waits."
    if any(row.state == InstalmentState.DRAFTED for row in rows):
        return "A draft of the next invoice waits for approval."
    following = next((row.instalment for row in rows if row.state == InstalmentState.PLANNED), None)
    if following is None:
        return _when_all_is_billed(rows, credited=credited)
    told = write_money(Money(minor=following.amount_minor, currency=contract.currency))
    amount = f"{told}{_taxed(contract)}"
    if following.billing_date <= as_of:
        return _when_due(f"The next invoice, {amount}, is due", following, contract=contract, as_of=as_of)
    return f"The next invoice, {amount}, is issued on {write_day(following.billing_date)}."


def _when_all_is_billed(rows: Sequence[Row], *, credited: Money) -> str:
    if not rows:
        return "It has no billing schedule, so nothing is billed."
    if not credited.minor:
        return "Everything is billed."
    return f"Everything was billed, and {write_money(credited)} of it is credited."


def _when_due(begin: str, following: Instalment, *, contract: Contract, as_of: date) -> str:
    """What the next billing run makes of a due instalment, as things stand."""
    rules = rules_in_force()
    if sign := restore_sign():
        return f"{begin} and waits. {sign.label}"
    try:
        ensure_billable(rules=rules, day=as_of)
    except UnableToIssueInvoice as refusal:
        return f"{begin} and waits. {refusal}"
    if rules.needs_approval(minor=following.amount_minor, currency=contract.currency):
        return f"{begin}. The next billing run drafts it for approval."
    return f"{begin}. The next billing run issues it."


def _taxed(contract: Contract) -> str:
    """Whether the amounts of a schedule are with or without tax; empty where no tax comes to them."""
    entity = LegalEntity.objects.order_by("pk").first()
    rate = contract.customer.tax_rate
    if entity is None or not (entity.default_tax_rate if rate is None else rate):
        return ""
    return " with tax" if entity.prices_include_tax else " without tax"


def _is_missed(instalment: Instalment, as_of: date) -> bool:
    return instalment.state == InstalmentState.PLANNED and instalment.billing_date <= as_of


def _value_parts(*, contract: Contract, totals: ScheduleTotals) -> list[Part]:
    parts, offset = [], 0.0
    for word, tone, minor in (
        ("Billed, less credits" if totals.credited else "Billed", Tone.OK, totals.billed - totals.credited),
        ("Credited", Tone.BAD, totals.credited),
        ("Billed elsewhere", Tone.OFF, totals.elsewhere),
        ("Planned", Tone.INFO, totals.planned),
        ("Paused", Tone.WAIT, totals.paused),
    ):
        if not minor:
            continue
        share = round(100 * minor / contract.value_minor, 3)
        text = write_money(Money(minor=minor, currency=contract.currency))
        parts.append(Part(word=word, tone=tone, offset=round(offset, 3), share=share, text=text))
        offset += share
    return parts


def _periods(*, contract: Contract, rows: Sequence[Row]) -> list[Part]:
    """Each period as wide as its days."""
    days = (contract.end_date - contract.start_date).days
    return [
        Part(
            word=MARKS[row.state].word,
            tone=MARKS[row.state].tone,
            offset=round(100 * (row.instalment.period_start - contract.start_date).days / days, 3),
            share=round(100 * (row.instalment.period_end - row.instalment.period_start).days / days, 3),
            text=f"{write_day(row.instalment.period_start)}: "
            f"{write_money(Money(minor=row.instalment.amount_minor, currency=contract.currency))}",
        )
        for row in rows
    ]
