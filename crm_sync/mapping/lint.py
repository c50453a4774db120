"""What is wrong with a field mapping before any deal is read with it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from contracts.enums import CustomFieldType
from crm_sync.deals import CrmField
from crm_sync.enums import NumberFormat, Target, TermUnit, Transform
from crm_sync.mapping.choice_labels import contradictions
from crm_sync.mapping.crm_types import Kind, kind_of
from crm_sync.mapping.readers import Unreadable
from crm_sync.mapping.rules import (
    NEEDED,
    FieldRule,
    MappingRules,
    MappingSettings,
    parse_key,
    transforms_of,
)
from crm_sync.mapping.term_units import Proof, evidence_of
from crm_sync.mapping.transforms import has_table, stored_form
from crm_sync.mapping.words import same_words

NUMBERS_AS_TEXT = "choose a number field, or say how its numbers are written"
CHOOSE_NUMBER, CHOOSE_DATE = "choose a number field", "choose a date field"
CHOOSE_TEXT, CHOOSE_YES_NO = "choose a text field", "choose a yes-or-no field"
DAYS_AS_TEXT = "only days such as 2026-11-20 are read from it"
IDS_ONLY = "it holds the CRM's ids, which nobody reads; choose a field of that record"
NEEDS_TABLE = "each of its values needs a translation"
PLACES = frozenset({Target.STREET, Target.CITY, Target.ADDRESS})
UNADDRESSED = (
    "No address is mapped, so invoices wait for the address of each new customer. Map the CRM's address "
    "fields, or enter each address on the page of the customer."
)
COUNTRY_UNMAPPED = (
    "The country of the address is not mapped, so invoices wait for the country of each new customer. Map "
    "Billing Country, give it a default, or enter it on the page of the customer."
)
WRITTEN = frozenset({Kind.TEXT, Kind.CHOICE})
"""Kinds whose numbers are read as somebody has said they are written."""
Verdict = tuple[str, bool]
"""What to do, and whether no deal could be read."""
AMOUNT_KINDS: Mapping[Kind, Verdict] = {
    Kind.TEXT: (NUMBERS_AS_TEXT, False),
    Kind.CHOICE: (NUMBERS_AS_TEXT, False),
    Kind.PERCENT: (CHOOSE_NUMBER, False),
    Kind.DATE: (CHOOSE_NUMBER, True),
    Kind.YES_NO: (CHOOSE_NUMBER, True),
    Kind.REFERENCE: (CHOOSE_NUMBER, True),
}
DATE_KINDS: Mapping[Kind, Verdict] = {
    Kind.TEXT: (DAYS_AS_TEXT, False),
    Kind.CHOICE: (DAYS_AS_TEXT, False),
    Kind.NUMBER: (CHOOSE_DATE, True),
    Kind.PERCENT: (CHOOSE_DATE, True),
    Kind.YES_NO: (CHOOSE_DATE, True),
    Kind.REFERENCE: (CHOOSE_DATE, True),
}
TERM_KINDS: Mapping[Kind, Verdict] = {
    Kind.PERCENT: (CHOOSE_NUMBER, False),
    Kind.DATE: (CHOOSE_NUMBER, True),
    Kind.YES_NO: (CHOOSE_NUMBER, True),
    Kind.REFERENCE: (CHOOSE_NUMBER, True),
}
WORD_KINDS: Mapping[Kind, Verdict] = {
    Kind.NUMBER: (NEEDS_TABLE, False),
    Kind.PERCENT: (NEEDS_TABLE, False),
    Kind.DATE: (CHOOSE_TEXT, True),
    Kind.YES_NO: (NEEDS_TABLE, False),
    Kind.REFERENCE: (CHOOSE_TEXT, True),
}
YES_NO_KINDS: Mapping[Kind, Verdict] = {
    Kind.TEXT: ("only yes, no, true and false are read from it", False),
    Kind.CHOICE: ("only yes, no, true and false are read from it", False),
    Kind.NUMBER: (CHOOSE_YES_NO, True),
    Kind.PERCENT: (CHOOSE_YES_NO, True),
    Kind.DATE: (CHOOSE_YES_NO, True),
    Kind.REFERENCE: (CHOOSE_YES_NO, True),
}
TEXT_KINDS: Mapping[Kind, Verdict] = {Kind.REFERENCE: (IDS_ONLY, False)}
CHOSEN = frozenset({Target.DURATION, Target.BILLING_CYCLE, Target.BILLING_TIMING})
SHOWS = {
    Proof.NAME: "which is named for {unit}",
    Proof.CHOICES: "whose choices show {unit}",
    Proof.VALUES: "whose values such as {example} look like {unit}",
}
"""What tells the unit of a duration."""
UNFIT = {
    Target.CONTRACT_VALUE: AMOUNT_KINDS,
    Target.START_DATE: DATE_KINDS,
    Target.DURATION: TERM_KINDS,
    Target.BILLING_CYCLE: WORD_KINDS,
    Target.BILLING_TIMING: WORD_KINDS,
    Target.CURRENCY: WORD_KINDS,
}
UNFIT_CUSTOM = {
    CustomFieldType.TEXT: TEXT_KINDS,
    CustomFieldType.NUMBER: AMOUNT_KINDS,
    CustomFieldType.DATE: DATE_KINDS,
    CustomFieldType.YES_NO: YES_NO_KINDS,
}


class LintCode(StrEnum):
    """What is the matter with a row of a field mapping."""

    TWICE = "twice"
    GONE = "gone"
    UNFED = "unfed"
    TYPE = "type"
    UNIT = "unit"
    UNIT_UNKNOWN = "unit_unknown"
    TRANSFORM = "transform"
    CONSTANT = "constant"
    DEFAULT = "default"
    TRANSLATION = "translation"
    EMPTY_TABLE = "empty_table"
    IDLE_TABLE = "idle_table"
    NO_TABLE = "no_table"
    OTHER_TYPE = "other_type"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingProblem:
    """Something about one row of a field mapping. A blocking one keeps the mapping from being confirmed.

    `fact`: what is the case, in a form that a new wording leaves alone, to tell new problems from known ones;
    `key`: that of the row.
    """

    target_label: str
    sentence: str
    blocking: bool
    code: LintCode = field(compare=False)
    key: str = field(default="", compare=False)
    fact: str = field(default="", compare=False)


def lint(
    *,
    rules: MappingRules,
    fields: Sequence[CrmField],
    settings: MappingSettings,
) -> list[MappingProblem]:
    """Problems in the order of the rows. Where no field is known, none is accused."""
    known = {(one.source_object, one.name.lower()): one for one in fields}
    objects = {one.source_object for one in fields}
    found = list(unfed(rules.rules))
    seen: set[tuple[Target, str]] = set()
    for rule in rules.rules:
        name = (rule.target, same_words(rule.custom_label))
        if name in seen:
            found.append(
                problem(
                    rule,
                    "is filled from two CRM fields; keep one",
                    blocking=True,
                    code=LintCode.TWICE,
                )
            )
        seen.add(name)
        table = rules.translations.get(rule.key, {})
        source = known.get((rule.source_object, rule.source_field.lower()))
        if rule.source_object in objects and source is None and can_be_looked_up(rule):
            what = f"uses {rule.source_field}, which the CRM does not offer"
            found.append(problem(rule, what, blocking=False, code=LintCode.GONE, detail=rule.source_field))
        if source is not None and not table:
            found += unfit(rule, source=source)
        if source is not None and rule.target is Target.DURATION:
            found += doubtful_unit(rule, source=source, settings=settings)
        if source is not None and rule.target in CHOSEN:
            found += other_labels(rule, source=source, table=table, settings=settings)
        found += unreadable(rule, table=table, settings=settings)
    return [*found, *idle_tables(rules, settings=settings)]


def can_be_looked_up(rule: FieldRule) -> bool:
    """Of a path through several objects the schema tells nothing."""
    return bool(rule.source_field) and "." not in rule.source_field


def unfed(rules: Sequence[FieldRule]) -> Iterator[MappingProblem]:
    for target in NEEDED:
        rule = next((one for one in rules if one.target is target), FieldRule(target=target))
        is_constant = rule.applied is Transform.CONSTANT
        if not is_constant and not rule.source_field and not rule.default_value:
            yield problem(rule, "needs a CRM field or a default value", blocking=True, code=LintCode.UNFED)


def unfit(rule: FieldRule, *, source: CrmField) -> Iterator[MappingProblem]:
    """A field of a type that the rule's reader cannot read, or not always."""
    if rule.applied in (Transform.CONSTANT, Transform.TABLE_ONLY):
        return
    kind = kind_of(source.type)
    kinds = (
        UNFIT_CUSTOM[rule.custom_type] if rule.target is Target.CUSTOM else UNFIT.get(rule.target, TEXT_KINDS)
    )
    if kind not in kinds:
        return
    what, blocking = kinds[kind]
    if kind in WRITTEN and kinds is AMOUNT_KINDS and rule.number_format is not NumberFormat.PLAIN:
        return
    sentence = f"is fed by {source.label}, {kind.value}; {what}"
    yield problem(rule, sentence, blocking=blocking, code=LintCode.TYPE, detail=f"{source.name}:{kind.name}")


def doubtful_unit(
    rule: FieldRule, *, source: CrmField, settings: MappingSettings
) -> Iterator[MappingProblem]:
    """A unit of plain numbers that the field's name or values speak against, or that nobody has chosen."""
    if rule.applied is not Transform.MONTHS:
        return
    evidence, unit = evidence_of(source), rule.term_unit or settings.term_unit
    is_chosen = rule.term_unit is not None or settings.term_unit is not TermUnit.MONTHS
    read_as = f"its plain numbers are read as {unit.label.lower()}"
    if evidence.proof is Proof.OTHER_NAME:
        what = (
            f"is fed by {source.label}, which is named for {evidence.example}; {read_as}. Choose another "
            "field, or have it read by its translation table only"
        )
        yield problem(
            rule,
            what,
            blocking=not is_chosen,
            code=LintCode.UNIT,
            detail=f"{source.name}:{evidence.example}",
        )
    elif evidence.proof is Proof.DOUBT and not is_chosen:
        what = (
            f"is fed by {source.label}, whose values go up to {evidence.example}: months and years are both "
            "possible. Choose what its plain numbers are."
        )
        yield problem(rule, what, blocking=True, code=LintCode.UNIT, detail=f"{source.name}:both")
    elif evidence.proof is Proof.NOTHING and not is_chosen:
        what = f"is fed by {source.label}, and {read_as}: nothing shows yet whether they are"
        yield problem(rule, what, blocking=False, code=LintCode.UNIT_UNKNOWN, detail=source.name)
    elif evidence.unit is not None and evidence.unit is not unit:
        shows = SHOWS[evidence.proof].format(unit=evidence.unit.label.lower(), example=evidence.example)
        what = f"is fed by {source.label}, {shows}; {read_as}"
        yield problem(rule, what, blocking=False, code=LintCode.UNIT, detail=f"{source.name}:{evidence.unit}")


def other_labels(
    rule: FieldRule, *, source: CrmField, table: Mapping[str, str], settings: MappingSettings
) -> Iterator[MappingProblem]:
    """Choices that people see as something else than deals that hold them are read as."""
    for value, label in contradictions(rule, source=source, table=table, settings=settings):
        what = (
            f"is fed by {source.label}, where \u201c{label}\u201d is kept as \u201c{value}\u201d, which is "
            f"read as something else; add a translation for \u201c{value}\u201d"
        )
        yield problem(rule, what, blocking=True, code=LintCode.UNIT, detail=f"{source.name}:label:{value}")


def unreadable(
    rule: FieldRule, *, table: Mapping[str, str], settings: MappingSettings
) -> Iterator[MappingProblem]:
    """What people entered and nothing can be made of."""
    offered = transforms_of(target=rule.target, custom_type=rule.custom_type)
    if rule.applied not in offered:
        what = f"cannot be read by \u201c{rule.applied.label}\u201d; choose another way"
        yield problem(rule, what, blocking=True, code=LintCode.TRANSFORM)
    if rule.applied is Transform.CONSTANT and not rule.default_value.strip():
        yield problem(
            rule,
            "is a constant without a value; enter it",
            blocking=True,
            code=LintCode.CONSTANT,
        )
    if rule.applied is Transform.TABLE_ONLY and not table:
        what = "is read by its translation table only, which is empty; add translations"
        yield problem(rule, what, blocking=True, code=LintCode.EMPTY_TABLE)
    if refusal := refused(rule, text=rule.default_value, settings=settings):
        word = "constant" if rule.applied is Transform.CONSTANT else "default value"
        yield problem(
            rule,
            f"has a {word} that cannot be read: {refusal}",
            blocking=True,
            code=LintCode.DEFAULT,
        )
    for raw, value in table.items():
        if refusal := refused(rule, text=value, settings=settings):
            what = f"has a translation of \u201c{raw}\u201d that cannot be read: {refusal}"
            yield problem(rule, what, blocking=True, code=LintCode.TRANSLATION, detail=raw)


def refused(rule: FieldRule, *, text: str, settings: MappingSettings) -> str:
    try:
        stored_form(rule, text=text, settings=settings)
    except Unreadable as reason:
        return f"\u201c{text}\u201d {reason.sentence}"
    return ""


def idle_tables(rules: MappingRules, *, settings: MappingSettings) -> Iterator[MappingProblem]:
    """Translations that no deal will ever meet. The currency has a field of its own where none is chosen."""
    fed = {rule.key for rule in rules.rules if rule.source_field} | {Target.CURRENCY.value}
    for key, table in rules.translations.items():
        target, custom_label = parse_key(key)
        rule = FieldRule(target=target, custom_label=custom_label)
        if table and key not in fed:
            yield problem(
                rule,
                "has translations, but no CRM field",
                blocking=False,
                code=LintCode.IDLE_TABLE,
            )
        if table and not has_table(rule):
            what = "is read, not translated; remove its translations"
            yield problem(rule, what, blocking=True, code=LintCode.NO_TABLE)
        if key == Target.CURRENCY and not any(one.key == key for one in rules.rules):
            yield from unreadable(rule, table=table, settings=settings)


def unaddressed(rules: Sequence[FieldRule]) -> Iterator[MappingProblem]:
    """A mapping that brings no whole address, where invoices have to name the buyer's."""
    fed = {rule.target for rule in rules if rule.source_field or rule.default_value}
    if fed & PLACES and Target.COUNTRY in fed:
        return
    yield MappingProblem(
        target_label=Target.COUNTRY.label,
        sentence=UNADDRESSED if not fed & PLACES else COUNTRY_UNMAPPED,
        blocking=False,
        key=Target.COUNTRY.value,
        code=LintCode.ADDRESS,
        fact=LintCode.ADDRESS,
    )


def problem(
    rule: FieldRule, what: str, *, blocking: bool, code: LintCode, detail: str = ""
) -> MappingProblem:
    return MappingProblem(
        target_label=rule.label,
        sentence=f"{rule.label.strip()} {what.removesuffix('.')}.",
        blocking=blocking,
        key=rule.key,
        code=code,
        fact=f"{rule.key}|{code}:{detail}" if detail else f"{rule.key}|{code}",
    )


def type_problems(problems: Sequence[MappingProblem]) -> list[MappingProblem]:
    """Those that a change in the CRM brings about, without those of fields that are gone."""
    return [one for one in problems if one.code is LintCode.TYPE]


def unit_problems(problems: Sequence[MappingProblem]) -> list[MappingProblem]:
    """Durations that may be read in the wrong unit. That nothing tells the unit yet is none."""
    return [one for one in problems if one.code is LintCode.UNIT]
