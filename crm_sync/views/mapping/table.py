"""The Field Mapping table: what stands in each row, and what is offered for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crm_sync.deals import CrmField
from crm_sync.enums import SourceObject, Target
from crm_sync.forms.mapping.rows import RuleForm
from crm_sync.forms.mapping.source import NoSuchField, Source, Studio
from crm_sync.mapping.lint import MappingProblem
from crm_sync.mapping.rules import NEEDED, FieldRule, MappingRules, rule_key
from crm_sync.mapping.wording import TYPE_WORDS, anchor_of, chain_of, object_words
from crm_sync.models import Connection, SyncRecord, SyncRun

MOST_CHOICES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFacts:
    """What is known of the CRM's field in a row."""

    type: str
    choices: str
    samples: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    form: RuleForm
    key: str
    anchor: str
    is_custom: bool
    is_needed: bool
    is_proposed: bool
    chain: str
    facts: FieldFacts | None
    sample: Mapping[str, str] | None
    unlisted: bool
    """A chosen field that the CRM's schema does not have."""
    problems: Sequence[MappingProblem] = field(default_factory=list)


def rows(
    *,
    connection: Connection,
    forms: Iterable[RuleForm],
    rules: MappingRules,
    studio: Studio,
    problems: Sequence[MappingProblem],
) -> list[Row]:
    """`rules`: as they stand in the forms, as far as those can be read."""
    samples = latest_samples(connection)
    by_key = {rule.key: rule for rule in rules.rules}
    found = []
    for form in forms:
        target, label = form.shown_target, str(form["custom_label"].value() or "").strip()
        key = rule_key(target=target, custom_label=label)
        rule = by_key.get(key, FieldRule(target=target))
        text = str(form["source"].value() or "")
        source = source_of(text, studio=studio)
        chosen = studio.field(source) if source else None
        found.append(
            Row(
                form=form,
                key=key,
                anchor=anchor_of(key),
                is_custom=target is Target.CUSTOM,
                is_needed=target in NEEDED,
                is_proposed=connection.mapping_version_id is None and bool(text),
                chain=chain_words(rule, rules=rules, studio=studio, is_there=key in by_key),
                facts=facts_of(chosen) if chosen else None,
                sample=samples.get(key),
                unlisted=bool(source and studio.fields and chosen is None),
                problems=[one for one in problems if one.key == key],
            )
        )
    return found


def chain_words(rule: FieldRule, *, rules: MappingRules, studio: Studio, is_there: bool) -> str:
    """Of an empty row only the currency tells something: it has a field of its own."""
    if not is_there and rule.target is not Target.CURRENCY:
        return ""
    table = rules.translations.get(rule.key, {})
    return chain_of(rule, provider=studio.provider, table=table, settings=studio.settings)


def source_of(text: str, *, studio: Studio) -> Source | None:
    """What stands in a row, as far as it can be read."""
    try:
        return studio.named(text)
    except NoSuchField:
        return None


def facts_of(one: CrmField) -> FieldFacts:
    values = [value for value, _ in one.options]
    more = f" and {len(values) - MOST_CHOICES} more" if len(values) > MOST_CHOICES else ""
    return FieldFacts(
        type=TYPE_WORDS.get(one.type, one.type),
        choices=", ".join(values[:MOST_CHOICES]) + more,
        samples=", ".join(one.samples),
    )


def offered(studio: Studio) -> list[str]:
    """Every field as it is chosen: label first and API name second, those of deals first."""
    order = list(SourceObject)
    fields = sorted(studio.fields, key=lambda one: (order.index(one.source_object), one.label.casefold()))
    return [studio.shown_field(one) for one in fields]


def unlisted_objects(studio: Studio) -> list[str]:
    """Objects of which no field is known: their fields' names are typed."""
    known = {one.source_object for one in studio.fields}
    return [word for place, word in object_words(studio.provider).items() if place not in known]


def latest_samples(connection: Connection) -> dict[str, Mapping[str, str]]:
    """How each field was read from the deal that was imported last."""
    run = SyncRun.objects.filter(connection=connection, created__gt=0).order_by("-started_at").first()
    record = SyncRecord.objects.filter(run=run).exclude(trace=[]).order_by("-id").first() if run else None
    return {step["key"]: step for step in record.trace if "key" in step} if record else {}
