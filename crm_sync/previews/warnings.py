"""What a person should know of a deal before it is imported. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from billing.enums import AskReason
from billing.issuing.foretelling import ForetoldBilling
from contracts.enums import BillingCycle
from crm_sync.enums import AmountMeans, Target
from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import Finding, finding
from crm_sync.mapping.compiled import FieldReaders
from crm_sync.mapping.mapper import map_deal
from crm_sync.mapping.readers import read_number
from crm_sync.mapping.result import MappedDeal, Origin
from crm_sync.mapping.rules import Decisions, MappingSettings

ONE_DAY = timedelta(days=1)
YEAR = 12
OTHER = {AmountMeans.TOTAL: AmountMeans.ANNUAL}
"""What else an amount might mean; the others might mean the whole."""
ASKS = {AskReason.MISSED: FindingCode.MISSED_PERIODS, AskReason.MANY: FindingCode.MANY_INVOICES}


def both_readings(
    one: MappedDeal, *, fields: FieldReaders, settings: MappingSettings, decisions: Decisions
) -> list[Finding]:
    """A deal of several years, read as it is set and as it might be meant."""
    contract = one.contract
    if contract is None or contract.duration_months <= YEAR:
        return []
    means = OTHER.get(settings.amount_means, AmountMeans.TOTAL)
    other = map_deal(
        one.deal,
        fields=fields,
        settings=replace(settings, amount_means=means),
        digest=one.fingerprint,
        decisions=decisions,
    )
    if other.value is None or other.value == contract.value:
        return []
    return [
        finding(
            FindingCode.BOTH_READINGS,
            months=contract.duration_months,
            means=settings.amount_means.value,
            value=str(contract.value),
            other=means.value,
            other_value=str(other.value),
        )
    ]


def of_mapping(one: MappedDeal) -> list[Finding]:
    """A currency that the deal does not name."""
    return [
        finding(FindingCode.DEFAULT_CURRENCY, currency=step.value)
        for step in one.trace
        if step.key == Target.CURRENCY and step.origin is Origin.DEFAULT
    ]


def of_unit(one: MappedDeal, *, doubts: Sequence[Finding]) -> list[Finding]:
    """What speaks against the unit of a duration that the deal states as a plain number."""
    is_plain = any(
        step.key == Target.DURATION
        and step.origin is not Origin.DEFAULT
        and read_number(step.raw) is not None
        for step in one.trace
    )
    return list(doubts) if is_plain else []


def of_billing(
    billing: ForetoldBilling, *, cycle: BillingCycle, months: int, billed_until: date | None
) -> list[Finding]:
    found = []
    if billing.has_short_period:
        found.append(short_period(cycle=cycle, months=months))
    if billed_until is not None:
        found += straddling(billing, billed_until=billed_until)
    if billing.asks is not None:
        found.append(finding(ASKS[billing.asks]))
    if any(invoice.needs_approval for invoice in billing.invoices):
        found.append(finding(FindingCode.WAITS_FOR_APPROVAL))
    return found


def short_period(*, cycle: BillingCycle, months: int) -> Finding:
    step = cycle.months or months
    if months < step:
        return finding(FindingCode.TERM_BELOW_CYCLE, months=months)
    return finding(FindingCode.SHORT_LAST_PERIOD, months=months, left=months % step)


def straddling(billing: ForetoldBilling, *, billed_until: date) -> Sequence[Finding]:
    for instalment in billing.instalments:
        span = instalment.span
        if span.start <= billed_until and not instalment.is_elsewhere:
            days = {"start": span.start, "last": span.end - ONE_DAY, "billed_until": billed_until}
            told = {name: day.isoformat() for name, day in days.items()}
            return [finding(FindingCode.PERIOD_STRADDLES, **told)]
    return []
