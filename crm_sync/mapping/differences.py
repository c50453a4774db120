"""What differs between two versions of a field mapping, in sentences. Pure."""

from collections.abc import Iterator, Mapping

from crm_sync.enums import Transform
from crm_sync.mapping.rules import FieldRule, MappingRules, parse_key
from crm_sync.mapping.wording import NUMBERS, entered_words, source_words

ORDER_ONLY = "Only the order of the rows changed."


def differences(before: MappingRules, after: MappingRules, *, provider: str) -> list[str]:
    """Empty where both say the same."""
    old, new = ({rule.key: rule for rule in rules.rules} for rules in (before, after))
    found: list[str] = []
    for key in [*new, *(key for key in old if key not in new)]:
        if key not in old:
            found.append(added(new[key], provider=provider))
        elif key not in new:
            found.append(f"{old[key].label} is no longer filled{was(old[key], provider=provider)}.")
        else:
            found += changed(old[key], new[key], provider=provider)
    found += translated(before, after)
    return found or ([ORDER_ONLY] if list(before.rules) != list(after.rules) else [])


def added(rule: FieldRule, *, provider: str) -> str:
    return f"{rule.label} is filled: {feed(rule, provider=provider)}."


def was(rule: FieldRule, *, provider: str) -> str:
    said = feed(rule, provider=provider)
    return f" (before: {said})" if said else ""


def feed(rule: FieldRule, *, provider: str) -> str:
    default = entered_words(rule, rule.default_value)
    if rule.applied is Transform.CONSTANT:
        return f"always {default}"
    parts = [source_words(rule, provider=provider), f"default {default}" if default else ""]
    return ", ".join(part for part in parts if part)


def changed(old: FieldRule, new: FieldRule, *, provider: str) -> Iterator[str]:
    label = new.label
    source, before = source_words(new, provider=provider), source_words(old, provider=provider)
    if source != before:
        yield f"{label} reads {source or 'no CRM field'} (before: {before or 'none'})."
    if new.applied is not old.applied:
        yield f"{label} is read by: {new.applied.label} (before: {old.applied.label})."
    if new.number_format is not old.number_format:
        yield f"{label} is read as {NUMBERS[new.number_format]} (before: {NUMBERS[old.number_format]})."
    if new.term_unit is not old.term_unit:
        yield f"Plain numbers in {label} are {unit_words(new)} (before: {unit_words(old)})."
    if new.default_value != old.default_value:
        yield default_change(old, new)
    if new.is_required is not old.is_required:
        told = "is required: a deal without it is held" if new.is_required else "is no longer required"
        yield f"{label} {told}."
    if new.custom_type is not old.custom_type:
        yield f"{label} is of type {new.custom_type.label} (before: {old.custom_type.label})."
    if new.custom_home is not old.custom_home:
        home, earlier = new.custom_home.label.lower(), old.custom_home.label.lower()
        yield f"{label} is kept with the {home} (before: {earlier})."


def unit_words(rule: FieldRule) -> str:
    return str(rule.term_unit.label).lower() if rule.term_unit else "as the connection says"


def default_change(old: FieldRule, new: FieldRule) -> str:
    value, before = entered_words(new, new.default_value), entered_words(old, old.default_value)
    word = "constant" if new.applied is Transform.CONSTANT else "default"
    if not value:
        return f"{new.label} has no {word} any more (before: {before})."
    return f"{new.label} has the {word} {value} (before: {before or 'none'})."


def translated(before: MappingRules, after: MappingRules) -> Iterator[str]:
    for key in dict.fromkeys([*after.translations, *before.translations]):
        target, custom_label = parse_key(key)
        rule = FieldRule(target=target, custom_label=custom_label)
        yield from table_changes(
            rule, old=before.translations.get(key, {}), new=after.translations.get(key, {})
        )


def table_changes(rule: FieldRule, *, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for raw in [*new, *(raw for raw in old if raw not in new)]:
        value, earlier = new.get(raw), old.get(raw)
        if value == earlier:
            continue
        if value is None:
            said = f"is no longer translated (before: {entered_words(rule, earlier or '')})"
        elif earlier is None:
            said = f"means {entered_words(rule, value)}"
        else:
            said = f"means {entered_words(rule, value)} (before: {entered_words(rule, earlier)})"
        yield f"{rule.label}: \u201c{raw}\u201d {said}."
