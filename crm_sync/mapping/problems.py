"""A hold's stored problems: which field each is about, and what a person may do against it here. Pure."""

from collections.abc import Mapping
from enum import StrEnum

from crm_sync.enums import HoldCode, Target
from crm_sync.mapping.readers import sign_of
from crm_sync.mapping.rhythm_words import Misread, NoRhythm, rhythm_of

StoredProblem = Mapping[str, str]
REPLACED = "\ufffd"
"""Stands in a shown value for what could not be stored."""
LONGEST_TRANSLATED = 200
HIDDEN = "hidden"
"""The fact of a problem whose field the CRM does not show: the value is unknown rather than empty."""
CONTRADICTS = "contradicts"
"""The fact of a problem between two fields, each of which can be read."""

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
        Target.COUNTRY: (HoldCode.COUNTRY_UNKNOWN,),
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


TABLED = frozenset({HoldCode.FREQUENCY_UNKNOWN, HoldCode.TERM_UNREADABLE, HoldCode.COUNTRY_UNKNOWN})
EMPTY = frozenset({HoldCode.TERM_MISSING, HoldCode.FREQUENCY_MISSING, HoldCode.DATE_MISSING})
"""What may have a default. No amount has: it would be billed to whoever is left without one."""
NO_CYCLE_MEANT = frozenset({Misread.NOT_BILLED, Misread.NO_CYCLE})
"""Why a text names no cycle that a translation could tell."""
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
    if problem.get("fact"):
        return [Cure.ENTER, Cure.MAPPING]
    may_be_text = code in (HoldCode.CURRENCY_UNKNOWN, HoldCode.TEXT_INVALID)
    cures = []
    if raw and (code in TABLED or may_be_text) and is_translatable(raw) and not is_unbilled(problem):
        cures.append(Cure.TRANSLATE)
    if code in EMPTY or (may_be_text and not raw):
        cures.append(Cure.DEFAULT)
    if code is HoldCode.AMOUNT_NOT_POSITIVE:
        cures += {0: [Cure.FREE], -1: [Cure.DOWNGRADE]}.get(sign_of(raw), [])
    return [*cures, Cure.ENTER, Cure.MAPPING]


def is_translatable(raw: str) -> bool:
    """Whether what is shown is the whole value."""
    return len(raw) < LONGEST_TRANSLATED and REPLACED not in raw


def is_unbilled(problem: StoredProblem) -> bool:
    """A rhythm that is clear and that Fincelo does not bill: no translation of it would be true."""
    if problem["code"] != HoldCode.FREQUENCY_UNKNOWN or key_of(problem) != Target.BILLING_CYCLE:
        return False
    found = rhythm_of(problem["raw"])
    return isinstance(found, NoRhythm) and found.why in NO_CYCLE_MEANT


def is_hidden(problem: StoredProblem) -> bool:
    return problem.get("fact") == HIDDEN


IN_THE_CRM: Mapping[HoldCode, str] = {
    HoldCode.AMOUNT_MISSING: "fill it in in {crm}",
    HoldCode.TERM_MISSING: "fill it in in {crm}",
    HoldCode.FREQUENCY_MISSING: "fill it in in {crm}",
    HoldCode.DATE_MISSING: "fill it in in {crm}",
    HoldCode.CUSTOMER_NAME_MISSING: "fill it in in {crm}",
    HoldCode.SCHEDULE_IMPOSSIBLE: "choose a longer billing cycle in {crm}",
    HoldCode.NO_ACCOUNT: "give the deal an account in {crm}",
    HoldCode.STAGE_CONFLICT: "correct the stage's settings in {crm}",
}
USUAL_STEP = "correct it in {crm}"
HIDDEN_STEP = "have the field made readable for Fincelo in {crm}"
UNBILLED_STEP = "change it in {crm} to a cycle that is billed"
HERE: Mapping[Cure, str] = {
    Cure.TRANSLATE: "add a translation",
    Cure.DEFAULT: "set a default value",
    Cure.ENTER: "enter the value in Fincelo",
    Cure.FREE: "accept it as a free contract",
    Cure.DOWNGRADE: "mark it as a downgrade",
    Cure.ANYWAY: "import it anyway",
    Cure.STAGES: "choose other stages",
    Cure.MAPPING: "choose another field in Field Mapping",
}


def advice(problem: StoredProblem, *, crm: str) -> str:
    """All that cures a problem, in one sentence: what page, mail and record say."""
    steps = [crm_step(problem).format(crm=crm), *(HERE[cure] for cure in cures_of(problem))]
    told = ", ".join([*steps, "or dismiss the deal"]) + "."
    return told[0].upper() + told[1:]


def crm_step(problem: StoredProblem) -> str:
    if is_hidden(problem):
        return HIDDEN_STEP
    if is_unbilled(problem):
        return UNBILLED_STEP
    return IN_THE_CRM.get(HoldCode(problem["code"]), USUAL_STEP)
