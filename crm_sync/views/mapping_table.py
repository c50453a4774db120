"""The Field Mapping table: what stands in each row, and what is offered for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crm_sync import readers
from crm_sync.deals import CrmField
from crm_sync.enums import Provider, SourceObject, Target
from crm_sync.forms.field_mapping import RuleForm
from crm_sync.mapping_lint import MappingProblem
from crm_sync.mapping_rules import NEEDED, MappingRules
from crm_sync.models import Connection, SyncRecord, SyncRun, Translation
from crm_sync.proposals import CURRENCY_FIELDS
from crm_sync.readers import Unreadable
from crm_sync.synonyms import CYCLE_WORDS, same_words

OBJECT_WORDS = {
    Provider.SALESFORCE: {
        SourceObject.DEAL: "Opportunity",
        SourceObject.ACCOUNT: "Account",
        SourceObject.OWNER: "Owner",
    },
    Provider.HUBSPOT: {
        SourceObject.DEAL: "Deal",
        SourceObject.ACCOUNT: "Company",
        SourceObject.OWNER: "Owner",
    },
}
READ_AS = {
    Target.CONTRACT_VALUE: "A plain number above zero",
    Target.DURATION: "Whole months, such as 12, \u201c1 year\u201d or P12M",
    Target.BILLING_CYCLE: "By the translations below, then the built-in words",
    Target.ADDRESS: "Text of several lines",
}
Options = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    form: RuleForm
    anchor: str
    is_custom: bool
    is_needed: bool
    is_proposed: bool
    read_as: str
    sample: Mapping[str, str] | None
    unlisted: str
    """A chosen field that the CRM's schema does not have."""
    problems: Sequence[MappingProblem] = field(default_factory=list)


def source_groups(*, connection: Connection, fields: Iterable[CrmField]) -> list[tuple[str, Options]]:
    """The CRM's fields by object, label first and API name second."""
    words = OBJECT_WORDS[Provider(connection.provider)]
    groups: dict[SourceObject, list[tuple[str, str]]] = {place: [] for place in SourceObject}
    for one in sorted(fields, key=lambda one: one.label.casefold()):
        value = f"{one.source_object.value}:{one.name}"
        groups[one.source_object].append((value, f"{one.label} ({one.name})"))
    return [(words[place], options) for place, options in groups.items() if options]


def rows(
    *,
    connection: Connection,
    forms: Iterable[RuleForm],
    groups: Sequence[tuple[str, Options]],
    problems: Sequence[MappingProblem],
) -> list[Row]:
    offered = {value for _, options in groups for value, _ in options}
    samples = latest_samples(connection)
    found = []
    for form in forms:
        target, source = form.shown_target, form["source"].value() or ""
        found.append(
            Row(
                form=form,
                anchor=target.value.replace("_", "-"),
                is_custom=target is Target.CUSTOM,
                is_needed=target in NEEDED,
                is_proposed=connection.mapping_version_id is None and bool(source),
                read_as=read_as(target, connection=connection),
                sample=samples.get(form.row_label),
                unlisted=source.partition(":")[2] if source and source not in offered else "",
                problems=[one for one in problems if one.target_label == form.row_label],
            )
        )
    return found


def read_as(target: Target, *, connection: Connection) -> str:
    if target is Target.START_DATE:
        return f"A day, in the time zone {connection.time_zone}"
    if target is Target.CURRENCY:
        usual = CURRENCY_FIELDS[Provider(connection.provider)]
        return f"ISO code. Not mapped: {usual} of the deal, else {connection.default_currency or 'a hold'}"
    return READ_AS.get(target, "Text, as it is")


def latest_samples(connection: Connection) -> dict[str, Mapping[str, str]]:
    """How each field was read from the deal that was imported last."""
    run = SyncRun.objects.filter(connection=connection, created__gt=0).order_by("-started_at").first()
    record = SyncRecord.objects.filter(run=run).exclude(trace=[]).order_by("-id").first() if run else None
    return {step["field"]: step for step in record.trace} if record else {}


def initial_translations(
    *, connection: Connection, rules: MappingRules, fields: Iterable[CrmField], asked_for: str
) -> list[dict[str, str]]:
    """What is stored, then the value a hold asks for, then the CRM's choices that mean nothing yet."""
    stored = list(
        Translation.objects.filter(connection=connection, target=Target.BILLING_CYCLE).order_by("raw_value")
    )
    wanted = [*([asked_for] if asked_for else []), *untranslated_choices(rules=rules, fields=fields)]
    known = {one.raw_value for one in stored}
    return [
        *({"raw_value": one.raw_value, "billing_cycle": one.value} for one in stored),
        *({"raw_value": raw, "billing_cycle": ""} for raw in dict.fromkeys(wanted) if raw not in known),
    ]


def untranslated_choices(*, rules: MappingRules, fields: Iterable[CrmField]) -> list[str]:
    rule = rules.rule(Target.BILLING_CYCLE)
    wanted = (rule.source_object, rule.source_field)
    return [
        value
        for one in fields
        if (one.source_object, one.name) == wanted
        for value, _ in one.options
        if not is_understood(value, table=rules.translations.get(rule.key, {}))
    ]


def is_understood(value: str, *, table: Mapping[str, str]) -> bool:
    if same_words(value) in table:
        return True
    try:
        readers.read_cycle(value)
    except Unreadable:
        return False
    return True


def synonyms() -> list[tuple[str, str]]:
    """The words that need no translation, per billing cycle."""
    return [(str(cycle.label), ", ".join(words)) for cycle, words in CYCLE_WORDS.items()]
