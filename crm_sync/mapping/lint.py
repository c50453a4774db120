"""What is wrong with a field mapping before any deal is read with it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from contracts.enums import CustomFieldType
from crm_sync.deals import CrmField
from crm_sync.enums import NumberFormat, Target, TermUnit, Transform
from crm_sync.findings.catalogue import LINT, UNADDRESSED
from crm_sync.findings.codes import FindingCode, LintCode, Remedy
from crm_sync.findings.values import Finding, finding
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
from fincelo.catalogue import Facts

PLACES = frozenset({Target.STREET, Target.CITY, Target.ADDRESS})
OF_UNITS = frozenset({LintCode.UNIT_NAMED, LintCode.UNIT_BOTH, LintCode.UNIT_SHOWN, LintCode.UNIT_LABEL})
Verdict = tuple[Remedy, bool]
"""What to do, and whether no deal could be read."""
AMOUNT_KINDS: Mapping[Kind, Verdict] = {
    Kind.TEXT: (Remedy.NUMBERS_AS_TEXT, False),
    Kind.CHOICE: (Remedy.NUMBERS_AS_TEXT, False),
    Kind.PERCENT: (Remedy.CHOOSE_NUMBER, False),
    Kind.DATE: (Remedy.CHOOSE_NUMBER, True),
    Kind.YES_NO: (Remedy.CHOOSE_NUMBER, True),
    Kind.REFERENCE: (Remedy.CHOOSE_NUMBER, True),
}
DATE_KINDS: Mapping[Kind, Verdict] = {
    Kind.TEXT: (Remedy.DAYS_AS_TEXT, False),
    Kind.CHOICE: (Remedy.DAYS_AS_TEXT, False),
    Kind.NUMBER: (Remedy.CHOOSE_DATE, True),
    Kind.PERCENT: (Remedy.CHOOSE_DATE, True),
    Kind.YES_NO: (Remedy.CHOOSE_DATE, True),
    Kind.REFERENCE: (Remedy.CHOOSE_DATE, True),
}
TERM_KINDS: Mapping[Kind, Verdict] = {
    Kind.PERCENT: (Remedy.CHOOSE_NUMBER, False),
    Kind.DATE: (Remedy.CHOOSE_NUMBER, True),
    Kind.YES_NO: (Remedy.CHOOSE_NUMBER, True),
    Kind.REFERENCE: (Remedy.CHOOSE_NUMBER, True),
}
WORD_KINDS: Mapping[Kind, Verdict] = {
    Kind.NUMBER: (Remedy.NEEDS_TABLE, False),
    Kind.PERCENT: (Remedy.NEEDS_TABLE, False),
    Kind.DATE: (Remedy.CHOOSE_TEXT, True),
    Kind.YES_NO: (Remedy.NEEDS_TABLE, False),
    Kind.REFERENCE: (Remedy.CHOOSE_TEXT, True),
}
YES_NO_KINDS: Mapping[Kind, Verdict] = {
    Kind.TEXT: (Remedy.YES_NO_AS_TEXT, False),
    Kind.CHOICE: (Remedy.YES_NO_AS_TEXT, False),
    Kind.NUMBER: (Remedy.CHOOSE_YES_NO, True),
    Kind.PERCENT: (Remedy.CHOOSE_YES_NO, True),
    Kind.DATE: (Remedy.CHOOSE_YES_NO, True),
    Kind.REFERENCE: (Remedy.CHOOSE_YES_NO, True),
}
TEXT_KINDS: Mapping[Kind, Verdict] = {Kind.REFERENCE: (Remedy.IDS_ONLY, False)}
CHOSEN = frozenset({Target.DURATION, Target.BILLING_CYCLE, Target.BILLING_TIMING})
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


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingProblem:
    """Something about one row of a field mapping. A blocking one keeps the mapping from being confirmed.

    `facts`: what its sentence in the catalogue fills in; `fact`: which of its kind it is, to tell new ones
    from those that were there when the mapping was saved; `key`: that of the row.
    """

    label: str
    blocking: bool
    code: LintCode
    facts: Facts = field(default_factory=dict)
    key: str = field(default="", compare=False)
    fact: str = field(default="", compare=False)

    @property
    def sentence(self) -> str:
        if self.code in UNADDRESSED.templates:
            return UNADDRESSED.sentence(self.code, self.facts)
        return f"{self.label} {LINT.sentence(self.code, self.facts)}."


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
            found.append(problem(rule, LintCode.TWICE, blocking=True))
        seen.add(name)
        table = rules.translations.get(rule.key, {})
        source = known.get((rule.source_object, rule.source_field.lower()))
        if rule.source_object in objects and source is None and can_be_looked_up(rule):
            told, fact = {"field": rule.source_field}, f"gone:{rule.source_field}"
            found.append(problem(rule, LintCode.GONE, blocking=False, fact=fact, **told))
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
            yield problem(rule, LintCode.UNFED, blocking=True)


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
    remedy, blocking = kinds[kind]
    if remedy is Remedy.NUMBERS_AS_TEXT and rule.number_format is not NumberFormat.PLAIN:
        return
    yield problem(
        rule,
        LintCode.TYPE,
        blocking=blocking,
        fact=f"type:{source.name}:{kind.name}",
        source=source.label,
        kind=kind.value,
        remedy=remedy.value,
    )


def doubtful_unit(
    rule: FieldRule, *, source: CrmField, settings: MappingSettings
) -> Iterator[MappingProblem]:
    """A unit of plain numbers that the field's name or values speak against, or that nobody has chosen."""
    if rule.applied is not Transform.MONTHS:
        return
    evidence, unit = evidence_of(source), rule.term_unit or settings.term_unit
    is_chosen = rule.term_unit is not None or settings.term_unit is not TermUnit.MONTHS
    told = {"source": source.label, "unit": unit.value, "example": evidence.example}
    fact = f"unit:{source.name}"
    if evidence.proof is Proof.OTHER_NAME:
        fact = f"{fact}:{evidence.example}"
        yield problem(rule, LintCode.UNIT_NAMED, blocking=not is_chosen, fact=fact, **told)
    elif evidence.proof is Proof.DOUBT and not is_chosen:
        yield problem(rule, LintCode.UNIT_BOTH, blocking=True, fact=f"{fact}:both", **told)
    elif evidence.proof is Proof.NOTHING and not is_chosen:
        yield problem(rule, LintCode.UNIT_UNKNOWN, blocking=False, fact=f"{fact}:unknown", **told)
    elif evidence.unit is not None and evidence.unit is not unit:
        told |= {"proof": evidence.proof.value, "shown": evidence.unit.value}
        fact = f"{fact}:{evidence.unit}"
        yield problem(rule, LintCode.UNIT_SHOWN, blocking=False, fact=fact, **told)


def other_labels(
    rule: FieldRule, *, source: CrmField, table: Mapping[str, str], settings: MappingSettings
) -> Iterator[MappingProblem]:
    """Choices that people see as something else than deals that hold them are read as."""
    for value, label in contradictions(rule, source=source, table=table, settings=settings):
        fact = f"unit:{source.name}:label:{value}"
        told = {"source": source.label, "label_there": label, "value": value}
        yield problem(rule, LintCode.UNIT_LABEL, blocking=True, fact=fact, **told)


def unreadable(
    rule: FieldRule, *, table: Mapping[str, str], settings: MappingSettings
) -> Iterator[MappingProblem]:
    """What people entered and nothing can be made of."""
    offered = transforms_of(target=rule.target, custom_type=rule.custom_type)
    if rule.applied not in offered:
        yield problem(rule, LintCode.TRANSFORM, blocking=True, transform=str(rule.applied.label))
    if rule.applied is Transform.CONSTANT and not rule.default_value.strip():
        yield problem(rule, LintCode.CONSTANT, blocking=True)
    if rule.applied is Transform.TABLE_ONLY and not table:
        yield problem(rule, LintCode.EMPTY_TABLE, blocking=True)
    if refusal := refused(rule, text=rule.default_value, settings=settings):
        is_constant = rule.applied is Transform.CONSTANT
        code = LintCode.CONSTANT_UNREADABLE if is_constant else LintCode.DEFAULT_UNREADABLE
        yield problem(rule, code, blocking=True, refusal=refusal)
    for raw, value in table.items():
        if refusal := refused(rule, text=value, settings=settings):
            fact = f"translation:{raw}"
            yield problem(rule, LintCode.TRANSLATION, blocking=True, fact=fact, raw=raw, refusal=refusal)


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
            yield problem(rule, LintCode.IDLE_TABLE, blocking=False)
        if table and not has_table(rule):
            yield problem(rule, LintCode.NO_TABLE, blocking=True)
        if key == Target.CURRENCY and not any(one.key == key for one in rules.rules):
            yield from unreadable(rule, table=table, settings=settings)


def unaddressed(rules: Sequence[FieldRule]) -> Iterator[MappingProblem]:
    """A mapping that brings no whole address, where invoices have to name the buyer's."""
    fed = {rule.target for rule in rules if rule.source_field or rule.default_value}
    if fed & PLACES and Target.COUNTRY in fed:
        return
    yield MappingProblem(
        label=Target.COUNTRY.label,
        blocking=False,
        code=LintCode.COUNTRY_UNMAPPED if fed & PLACES else LintCode.ADDRESS_UNMAPPED,
        key=Target.COUNTRY.value,
        fact="address:unmapped",
    )


def problem(
    rule: FieldRule, code: LintCode, *, blocking: bool, fact: str = "", **facts: str
) -> MappingProblem:
    return MappingProblem(
        label=rule.label.strip(),
        blocking=blocking,
        code=code,
        facts=facts,
        key=rule.key,
        fact=f"{rule.key}|{fact or code}",
    )


def unfit_finding(one: MappingProblem) -> Finding:
    """A problem that the CRM's field brings about, for a connection or a deal to warn of."""
    return finding(FindingCode.FIELD_UNFIT, key=one.key, label=one.label, problem=one.code.value, **one.facts)


def type_problems(problems: Sequence[MappingProblem]) -> list[MappingProblem]:
    """Those that a change in the CRM brings about, without those of fields that are gone."""
    return [one for one in problems if one.code is LintCode.TYPE]


def unit_problems(problems: Sequence[MappingProblem]) -> list[MappingProblem]:
    """Durations that may be read in the wrong unit. That nothing tells the unit yet is none."""
    return [one for one in problems if one.code in OF_UNITS]
