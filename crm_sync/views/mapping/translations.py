"""The translation tables of the Field Mapping page: what is stored, and what is still to be translated."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from crm_sync.deals import CrmField
from crm_sync.enums import Target, Transform
from crm_sync.forms.mapping.source import Studio
from crm_sync.forms.mapping.translations import TranslationForm, bare_rule
from crm_sync.mapping.problems import Cure, cures_of
from crm_sync.mapping.readers import Unreadable
from crm_sync.mapping.rules import FieldRule, MappingRules, parse_key
from crm_sync.mapping.synonyms import AMBIGUOUS_WORDS, CYCLE_WORDS
from crm_sync.mapping.transforms import Reader, has_table, reader_of, stored_form, unreadable_code
from crm_sync.mapping.wording import anchor_of
from crm_sync.mapping.words import same_words
from crm_sync.models import Connection

MOST_SUGGESTED = 20
USUAL_KEY = Target.BILLING_CYCLE.value
ALWAYS_SHOWN = (Target.BILLING_CYCLE, Target.DURATION, Target.CURRENCY)
UNDERSTOOD = {
    Target.BILLING_TIMING: "\u201cIn advance\u201d, \u201carrears\u201d, \u201cprepaid\u201d are understood.",
    Target.DURATION: "12, \u201c12 months\u201d, \u201c1.5 years\u201d and P12M are understood.",
    Target.CURRENCY: "Current ISO 4217 codes such as USD are understood.",
}
Entry = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A value that a hold wants translated; an empty one where nobody asked."""

    key: str = USUAL_KEY
    raw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The table of one field."""

    key: str
    label: str
    anchor: str
    forms: Sequence[TranslationForm]
    is_open: bool
    is_cycle: bool
    understood: str


def asked_for(*, raw: str, key: str) -> Asked:
    """`?translate=RAW` speaks of the billing cycle unless `&field=KEY` says otherwise."""
    try:
        rule = bare_rule(key)
    except ValueError:
        return Asked(raw=raw)
    return Asked(key=key, raw=raw) if has_table(rule) else Asked(raw=raw)


def initial_translations(
    *, connection: Connection, rules: MappingRules, studio: Studio, asked: Asked
) -> list[Entry]:
    """Per field: what is stored, the value asked for, values that mean nothing yet, and an empty row."""
    stored: dict[str, list[Entry]] = {}
    for row in connection.translations.order_by("raw_value", "id"):
        key = f"{row.target}:{row.custom_label}" if row.custom_label else row.target
        meant = as_offered(key, row.value, rules=rules, studio=studio)
        stored.setdefault(key, []).append({"key": key, "raw_value": row.raw_value, "value": meant})
    found: list[Entry] = []
    for rule in tabled_rules(rules, stored=stored, asked=asked):
        known = {same_words(entry["raw_value"]) for entry in stored.get(rule.key, ())}
        wanted = [asked.raw] if asked.raw and asked.key == rule.key else []
        wanted += unread_values(rule, rules=rules, studio=studio)
        new = [raw for raw in unlike(wanted) if same_words(raw) not in known]
        found += stored.get(rule.key, [])
        found += [{"key": rule.key, "raw_value": raw, "value": ""} for raw in (*new, "")]
    return found


def unlike(values: Iterable[str]) -> list[str]:
    return list({same_words(value): value for value in reversed(list(values))}.values())[::-1]


def as_offered(key: str, value: str, *, rules: MappingRules, studio: Studio) -> str:
    """As the page offers it; one that cannot be read stays as it stands, to be mended."""
    rule = next((one for one in rules.rules if one.key == key), bare_rule(key))
    try:
        return stored_form(rule, text=value, settings=studio.settings)
    except Unreadable:
        return value


def tabled_rules(rules: MappingRules, *, stored: Iterable[str], asked: Asked) -> list[FieldRule]:
    """Fields whose tables are shown, in the order of the rows; those of fields that are gone come last."""
    fed = {rule.key: rule for rule in rules.rules if rule.source_field and has_table(rule)}
    usual = {target.value: fed.get(target.value, FieldRule(target=target)) for target in ALWAYS_SHOWN}
    others = {key: bare_rule(key) for key in (*stored, *([asked.key] if asked.raw else []))}
    return list({**usual, **fed, **{key: rule for key, rule in others.items() if key not in fed}}.values())


def unread_values(rule: FieldRule, *, rules: MappingRules, studio: Studio) -> list[str]:
    """Choices and recent values of the CRM's field that would be held."""
    field = studio.field((rule.source_object, rule.source_field)) if rule.source_field else None
    if field is None or rule.applied is Transform.CONSTANT:
        return []
    reader = reader_of(rule, settings=studio.settings, table=rules.translations.get(rule.key, {}))
    wanted = [raw for raw in unread(values_of(field), reader=reader) if may_be_told(rule, raw=raw)]
    return wanted[:MOST_SUGGESTED]


def may_be_told(rule: FieldRule, *, raw: str) -> bool:
    """Not of a rhythm that Fincelo does not bill: none of the cycles offered would be true."""
    problem = {"code": unreadable_code(rule.target).value, "key": rule.key, "raw": raw}
    return Cure.TRANSLATE in cures_of(problem)


def unread(values: Iterable[str], *, reader: Reader) -> Iterator[str]:
    for value in values:
        try:
            reader(value)
        except Unreadable:
            yield value


def values_of(field: CrmField) -> list[str]:
    return [*(value for value, _ in field.options), *field.samples]


def sections(*, forms: Sequence[TranslationForm], asked: Asked) -> list[Section]:
    """The forms by their field, in the order in which they come."""
    by_key: dict[str, list[TranslationForm]] = {}
    for form in forms:
        by_key.setdefault(str(form["key"].value() or ""), []).append(form)
    return [
        section(key, forms=listed, asked=asked)
        for key, listed in by_key.items()
        if listed[0].target is not None
    ]


def section(key: str, *, forms: Sequence[TranslationForm], asked: Asked) -> Section:
    target, custom_label = parse_key(key)
    has_rows = any(str(form["raw_value"].value() or "") for form in forms)
    return Section(
        key=key,
        label=custom_label or str(target.label),
        anchor=f"translations-{anchor_of(key)}",
        forms=forms,
        is_open=has_rows or target is Target.BILLING_CYCLE or (bool(asked.raw) and asked.key == key),
        is_cycle=target is Target.BILLING_CYCLE,
        understood=UNDERSTOOD.get(target, ""),
    )


def synonyms() -> list[tuple[str, str]]:
    """The words that need no translation, per billing cycle."""
    return [(str(cycle.label), ", ".join(words)) for cycle, words in CYCLE_WORDS.items()]


def ambiguous() -> list[tuple[str, str]]:
    """Words that are never guessed: they mean nothing until they are translated."""
    return [(", ".join(words), f"{meaning}?") for meaning, words in AMBIGUOUS_WORDS.items()]
