"""What a person should know of a deal before it is imported: sentences. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from billing.enums import AskReason
from billing.issuing.foretelling import ForetoldBilling
from contracts.enums import BillingCycle
from crm_sync.enums import AmountMeans, Target
from crm_sync.mapping.mapper import map_deal
from crm_sync.mapping.readers import read_number
from crm_sync.mapping.result import MappedDeal, Origin
from crm_sync.mapping.rules import Decisions, MappingRules, MappingSettings

ONE_DAY = timedelta(days=1)
YEAR = 12
OTHER = {AmountMeans.TOTAL: AmountMeans.ANNUAL}
"""What else an amount might mean; the others might mean the whole."""
ASKS = {
    AskReason.MISSED: (
        "The oldest period to bill was missed more than 31 days ago: the contract asks before it bills. "
        "Say up to which day it was billed elsewhere, or decide on the contract."
    ),
    AskReason.MANY: "More than three invoices would be due at once: the contract asks before it bills.",
}


def both_readings(
    one: MappedDeal, *, rules: MappingRules, settings: MappingSettings, decisions: Decisions
) -> list[str]:
    """A deal of several years, read as it is set and as it might be meant."""
    contract = one.contract
    if contract is None or contract.duration_months <= YEAR:
        return []
    means = OTHER.get(settings.amount_means, AmountMeans.TOTAL)
    other = map_deal(
        one.deal,
        rules=rules,
        settings=replace(settings, amount_means=means),
        digest=one.fingerprint,
        decisions=decisions,
    )
    if other.value is None or other.value == contract.value:
        return []
    return [
        f"The term is {contract.duration_months} months. With the amount as {words(settings.amount_means)} "
        f"the contract is over {contract.value}; as {words(means)} it would be over {other.value}."
    ]


def words(means: AmountMeans) -> str:
    label = str(means.label).lower()
    return f"an {label}" if label.startswith("a") else f"a {label}"


def of_mapping(one: MappedDeal) -> list[str]:
    """A currency that the deal does not name."""
    return [
        f"The deal names no currency: {step.value}, the default, is taken."
        for step in one.trace
        if step.key == Target.CURRENCY and step.origin is Origin.DEFAULT
    ]


def of_unit(one: MappedDeal, *, doubts: Sequence[str]) -> list[str]:
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
) -> list[str]:
    found = []
    if billing.has_short_period:
        found.append(short_period(cycle=cycle, months=months))
    if billed_until is not None:
        found += straddling(billing, billed_until=billed_until)
    if billing.asks is not None:
        found.append(ASKS[billing.asks])
    if any(invoice.needs_approval for invoice in billing.invoices):
        found.append("The invoices of today wait for approval.")
    return found


def short_period(*, cycle: BillingCycle, months: int) -> str:
    step = cycle.months or months
    if months < step:
        return (
            f"The term of {months} {noun(months)} is shorter than the billing cycle: "
            "one instalment is for all of it."
        )
    left = months % step
    return (
        f"The term of {months} months is no multiple of the billing cycle: the last instalment covers "
        f"{left} {noun(left)}."
    )


def straddling(billing: ForetoldBilling, *, billed_until: date) -> Sequence[str]:
    for instalment in billing.instalments:
        span = instalment.span
        if span.start <= billed_until and not instalment.is_elsewhere:
            return [
                f"The period {span.start} to {span.end - ONE_DAY} goes beyond {billed_until}, up to which "
                "the deal was billed elsewhere: the whole period is billed here."
            ]
    return []


def noun(months: int) -> str:
    return "month" if months == 1 else "months"
