"""What a hold means and what cures it. The sentence on what happened comes from the mapping."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from crm_sync.enums import HoldCode, Target
from crm_sync.mapping import HIDDEN_CURE
from crm_sync.models import Connection

WHY = {
    HoldCode.AMOUNT_MISSING: "Without an amount there is nothing to bill.",
    HoldCode.AMOUNT_NOT_POSITIVE: "An invoice needs an amount above zero. Credit notes are made by people.",
    HoldCode.AMOUNT_UNREADABLE: "A misread amount would be a wrong invoice.",
    HoldCode.AMOUNT_PRECISION: "Rounding would change what the customer has agreed to.",
    HoldCode.TERM_MISSING: "Without a duration Fincelo cannot tell how many periods to bill.",
    HoldCode.TERM_UNREADABLE: "A misread duration would bill the wrong number of periods.",
    HoldCode.FREQUENCY_MISSING: "Without a billing cycle Fincelo cannot tell when to bill.",
    HoldCode.FREQUENCY_UNKNOWN: "A guessed billing cycle would bill at the wrong times.",
    HoldCode.NO_ACCOUNT: "The account says who the customer is; without it there is nobody to bill.",
    HoldCode.CUSTOMER_NAME_MISSING: "An invoice has to name who it is for.",
    HoldCode.CURRENCY_UNKNOWN: "An amount without a currency cannot be billed.",
    HoldCode.DATE_MISSING: "The start date decides every billing date.",
    HoldCode.DATE_OUT_OF_RANGE: "A wrong start date would bill at the wrong times.",
    HoldCode.STAGE_CONFLICT: "The stage's name says won and its settings say not. One of them is wrong.",
    HoldCode.DUPLICATE_SUSPECT: "Billing the same sale twice is worse than billing it a day late.",
    HoldCode.SCHEDULE_IMPOSSIBLE: "The value is too small to be cut into that many instalments.",
    HoldCode.OVER_LIMIT: "An amount this large is more likely a slip than a sale.",
    HoldCode.TEXT_INVALID: "The text would not print on an invoice as it stands.",
    HoldCode.MERGED_DEALS: "Which of the contracts is billed for the merged deal, only a person knows.",
    HoldCode.WRITE_FAILED: "Nothing of this deal has been stored, and no other deal was affected.",
}
FIELDS = {
    "AMOUNT": Target.CONTRACT_VALUE,
    "TERM": Target.DURATION,
    "FREQUENCY": Target.BILLING_CYCLE,
    "CUSTOMER": Target.CUSTOMER_NAME,
    "CURRENCY": Target.CURRENCY,
    "DATE": Target.START_DATE,
}
HAS_DEFAULT = frozenset(
    {
        HoldCode.TERM_MISSING,
        HoldCode.FREQUENCY_MISSING,
        HoldCode.CURRENCY_UNKNOWN,
        HoldCode.AMOUNT_MISSING,
        HoldCode.DATE_MISSING,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cure:
    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownProblem:
    """A problem in three lines: what happened, why it matters, what cures it."""

    code: str
    field: str
    raw: str
    what: str
    why: str
    advice: str
    cures: Sequence[Cure]


def shown_problem(problem: Mapping[str, str], *, connection: Connection) -> ShownProblem:
    code = problem["code"]
    return ShownProblem(
        code=code,
        field=problem["field"],
        raw=problem["raw"],
        what=problem["sentence"],
        why=WHY[HoldCode(code)] if code in HoldCode.values else "",
        advice=problem["cure"],
        cures=cures_of(problem, connection=connection),
    )


def cures_of(problem: Mapping[str, str], *, connection: Connection) -> list[Cure]:
    """Pages of Fincelo where this problem can be cured."""
    code = problem["code"]
    mapping = reverse("field-mapping", args=[connection.pk])
    if code == HoldCode.STAGE_CONFLICT:
        return [Cure(label="Choose stages", url=f"{connection.get_absolute_url()}#settings")]
    if code == HoldCode.FREQUENCY_UNKNOWN and problem["raw"]:
        wanted = urlencode({"translate": problem["raw"]})
        return [Cure(label="Add a translation", url=f"{mapping}?{wanted}#translations")]
    target = FIELDS.get(code.partition("_")[0])
    if target is None:
        return []
    if problem["cure"] == HIDDEN_CURE.format(crm=connection.get_provider_display()):
        label = "Choose another field"
    elif code in HAS_DEFAULT:
        label = "Set a default value"
    else:
        label = "Change the field mapping"
    return [Cure(label=label, url=f"{mapping}#{target.value.replace('_', '-')}")]
