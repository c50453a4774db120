"""A hold's stored problems: which field each is about, and what a person may do against it here. Pure."""

from collections.abc import Mapping
from enum import StrEnum

from crm_sync.enums import HoldCode, Target
from crm_sync.mapping import HIDDEN_CURE
from crm_sync.readers import sign_of

StoredProblem = Mapping[str, str]
REPLACED = "\ufffd"
"""Stands in a shown value for what could not be stored."""
LONGEST_TRANSLATED = 200

KEYS: Mapping[HoldCode, str] = {
    code: target.value
    for target, codes in {
        Target.CONTRACT_VALUE: (
            HoldCode.AMOUNT_MISSING,
            HoldCode.AMOUNT_NOT_POSITIVE,
            HoldCode.AMOUNT_UNREADABLE,
            HoldCode.AMOUNT_PRECISION,
            HoldCode.OVER_LIMIT,
        ),
        Target.DURATION: (HoldCode.TERM_MISSING, HoldCode.TERM_UNREADABLE),
        Target.BILLING_CYCLE: (
            HoldCode.FREQUENCY_MISSING,
            HoldCode.FREQUENCY_UNKNOWN,
            HoldCode.SCHEDULE_IMPOSSIBLE,
        ),
        Target.CUSTOMER_NAME: (HoldCode.NO_ACCOUNT, HoldCode.CUSTOMER_NAME_MISSING),
        Target.CURRENCY: (HoldCode.CURRENCY_UNKNOWN,),
        Target.START_DATE: (HoldCode.DATE_MISSING, HoldCode.DATE_OUT_OF_RANGE),
    }.items()
    for code in codes
}
"""For problems that were stored before they named their field."""


class Cure(StrEnum):
    """What cures a problem without leaving Fincelo."""

    TRANSLATE = "translate"
    DEFAULT = "default"
    ENTER = "enter"
    FREE = "free"
    DOWNGRADE = "downgrade"
    ANYWAY = "anyway"
    STAGES = "stages"
    MAPPING = "mapping"


TABLED = frozenset({HoldCode.FREQUENCY_UNKNOWN, HoldCode.TERM_UNREADABLE})
EMPTY = frozenset(
    {
        HoldCode.AMOUNT_MISSING,
        HoldCode.TERM_MISSING,
        HoldCode.FREQUENCY_MISSING,
        HoldCode.DATE_MISSING,
    }
)
NOT_OF_A_FIELD = frozenset({HoldCode.NO_ACCOUNT, HoldCode.DUPLICATE_SUSPECT, HoldCode.STAGE_CONFLICT})
"""What no value entered here can cure."""


def key_of(problem: StoredProblem) -> str:
    """The field mapping that it is about; empty for none."""
    code = problem["code"]
    fallback = KEYS.get(HoldCode(code), "") if code in HoldCode.values else ""
    return problem.get("key") or fallback


def cures_of(problem: StoredProblem) -> list[Cure]:
    """In the order in which they are offered. What is cured in the CRM alone has none."""
    if problem["code"] not in HoldCode.values:
        return []
    code, key, raw = HoldCode(problem["code"]), key_of(problem), problem["raw"]
    if code is HoldCode.DUPLICATE_SUSPECT:
        return [Cure.ANYWAY]
    if code is HoldCode.STAGE_CONFLICT:
        return [Cure.STAGES]
    if not key or code in NOT_OF_A_FIELD:
        return []
    if is_hidden(problem):
        return [Cure.ENTER, Cure.MAPPING]
    may_be_text = code in (HoldCode.CURRENCY_UNKNOWN, HoldCode.TEXT_INVALID)
    cures = []
    if raw and (code in TABLED or may_be_text) and is_translatable(raw):
        cures.append(Cure.TRANSLATE)
    if code in EMPTY or (may_be_text and not raw):
        cures.append(Cure.DEFAULT)
    if code is HoldCode.AMOUNT_NOT_POSITIVE:
        cures += {0: [Cure.FREE], -1: [Cure.DOWNGRADE]}.get(sign_of(raw), [])
    return [*cures, Cure.ENTER, Cure.MAPPING]


def is_translatable(raw: str) -> bool:
    """Whether what is shown is the whole value."""
    return len(raw) < LONGEST_TRANSLATED and REPLACED not in raw


def is_hidden(problem: StoredProblem) -> bool:
    """Of a field that the CRM does not show: the value is unknown rather than empty."""
    before, after = HIDDEN_CURE.split("{crm}")
    return problem["cure"].startswith(before) and problem["cure"].endswith(after)
