"""Which CRM fields are likely to hold what we need. Pure: a person confirms.

A field is proposed when its label is understood as a whole. "Setup Fee Term" is a term of something else.
"""

from collections.abc import Mapping, Sequence

from crm_sync.clients.registry import facts_of
from crm_sync.deals import CrmField
from crm_sync.enums import SourceObject, Target
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.synonyms import MONTH_WORDS, YEAR_WORDS, listed
from crm_sync.mapping.term_units import api_words, evidence_of
from crm_sync.mapping.words import same_words, words_in

PARTICULAR_WORDS: Mapping[Target, tuple[str, ...]] = {
    Target.BILLING_EMAIL: (
        "billing email",
        "billing e mail",
        "invoice email",
        "invoice e mail",
        "invoicing email",
        "accounts payable email",
        "ap email",
        "finance email",
    ),
    Target.TAX_ID: (
        "vat id",
        "vat number",
        "vat registration number",
        "vat no",
        "ust idnr",
        "ust id",
        "tax id",
        "tax number",
        "numéro de tva",
        "partita iva",
        "vat",
        "tva",
    ),
    Target.PO_NUMBER: ("po number", "purchase order number", "purchase order", "customer po", "po no"),
}
"""Of the account or the deal: proposed where a label says it, left out where none does."""
PARTICULAR_TYPES = frozenset({"string", "email", "text", "textarea"})
WANTED_WORDS = {
    Target.DURATION: (
        "contract term",
        "contract duration",
        "contract length",
        "subscription term",
        "agreement term",
        "term length",
        "number of months",
        "number of years",
        "term",
        "duration",
        "laufzeit",
        "vertragslaufzeit",
    ),
    Target.BILLING_CYCLE: (
        "billing frequency",
        "billing cycle",
        "payment frequency",
        "invoicing frequency",
        "invoice frequency",
        "billing period",
        "billing interval",
        "frequency",
    ),
}
UNITS = MONTH_WORDS | YEAR_WORDS
NEUTRAL = listed("contract subscription agreement deal opportunity of the new ( ) [ ] # , :")
BESIDE = {
    Target.DURATION: UNITS | NEUTRAL | listed("service initial total in"),
    Target.BILLING_CYCLE: NEUTRAL,
}
"""Words that leave a field what it is."""
OTHERS = listed(
    "id ids fee setup net day days week weeks hour hours notice trial grace warranty loan lease credit "
    "discount percent renewal old previous parent notes note type name date start end status reason url "
    "code report reporting meeting call email mail visit backup delivery support review price rate"
)
"""With one of these in its API name or label a field is another thing, whatever its other name says."""
USABLE_TYPES = {
    Target.DURATION: frozenset({"int", "double", "number", "picklist", "enumeration", "string"}),
    Target.BILLING_CYCLE: frozenset({"picklist", "enumeration", "string"}),
}


def propose(*, provider: str, fields: Sequence[CrmField]) -> list[FieldRule]:
    """The usual fields, the address, and the best candidates by label for the others."""
    rules = [
        FieldRule(target=one.target, source_object=one.source_object, source_field=one.source_field)
        for one in facts_of(provider).proposed
    ]
    for target in WANTED_WORDS:
        candidates = candidates_for(target=target, fields=fields)
        rules.append(fed_by(candidates[0], target=target) if candidates else FieldRule(target=target))
    return [*rules, *address_rules(provider=provider, fields=fields), *particular_rules(fields)]


def address_rules(*, provider: str, fields: Sequence[CrmField]) -> list[FieldRule]:
    """The parts of the account's billing address, all together; none where the CRM has no address for it."""
    known = {field.name for field in fields if field.source_object is SourceObject.ACCOUNT}
    found = {
        target: next((name for name in names if name in known), "")
        for target, names in facts_of(provider).address_fields.items()
    }
    if not found.get(Target.STREET) and not found.get(Target.CITY):
        return []
    return [
        FieldRule(target=target, source_object=SourceObject.ACCOUNT, source_field=name)
        for target, name in found.items()
        if name
    ]


def particular_rules(fields: Sequence[CrmField]) -> list[FieldRule]:
    """E-mail, tax id and PO number, each from the field whose label speaks of it most clearly, if any."""
    rules = []
    for target, phrases in PARTICULAR_WORDS.items():
        scored = [
            (_clearness(field, phrases), field.source_object is SourceObject.ACCOUNT, field)
            for field in fields
            if field.source_object is not SourceObject.OWNER and field.type in PARTICULAR_TYPES
        ]
        best = max(scored, key=lambda entry: entry[:2], default=None)
        if best and best[0]:
            field = best[2]
            rules.append(FieldRule(target=target, source_object=field.source_object, source_field=field.name))
    return rules


def _clearness(field: CrmField, phrases: Sequence[str]) -> int:
    """How well a label or name speaks: the phrase's place in the list, doubled when it is all."""
    texts = {same_words(field.label), same_words(field.name.removesuffix("__c"))}
    worths = [0]
    for place, phrase in enumerate(phrases):
        worth_of = len(phrases) - place
        worths += [2 * worth_of + 1 for text in texts if text == phrase]
        worths += [worth_of for text in texts if f" {phrase} " in f" {text} "]
    return max(worths)


def fed_by(field: CrmField, *, target: Target) -> FieldRule:
    """With the unit of a duration, where the field tells another than the usual one or names it."""
    unit = evidence_of(field).unit if target is Target.DURATION else None
    return FieldRule(target=target, source_field=field.name, term_unit=unit)


def candidates_for(*, target: Target, fields: Sequence[CrmField]) -> list[CrmField]:
    """Deal fields whose label or name speaks of the target, the most telling first."""
    scored = []
    for field in fields:
        if field.source_object is SourceObject.DEAL and field.type in USABLE_TYPES[target]:
            score = telling(field=field, target=target)
            if score:
                scored.append((score, field.label, field))
    return [field for _, _, field in sorted(scored, key=lambda entry: (-entry[0], entry[1]))]


def telling(*, field: CrmField, target: Target) -> int:
    """How well a field's label or name speaks: the phrase's place in the list, doubled when it is all.

    A label that speaks of the target and of something else is a term of that: 0, whatever its API name is.
    """
    label, name = words_in(field.label), words_in(api_words(field.name))
    if OTHERS.intersection([*label, *name]):
        return 0
    of_label = worth(label, target=target)
    speaks = any(spoken(label, phrase=phrase.split()) for phrase in WANTED_WORDS[target])
    if speaks and not of_label:
        return 0
    return max(of_label, worth(name, target=target))


def worth(words: Sequence[str], *, target: Target) -> int:
    """0 for words that are not understood as a whole."""
    listed_phrases = WANTED_WORDS[target]
    for place, text in enumerate(listed_phrases):
        phrase = text.split()
        rest = without(words, phrase=phrase)
        if rest is not None and BESIDE[target].issuperset(rest):
            return (len(listed_phrases) - place) * (1 if rest else 2) + (0 if rest else 1)
    return 0


def without(words: Sequence[str], *, phrase: Sequence[str]) -> list[str] | None:
    """The other words; None where the phrase is not among them."""
    for at in range(len(words) - len(phrase) + 1):
        if list(words[at : at + len(phrase)]) == list(phrase):
            return [*words[:at], *words[at + len(phrase) :]]
    return None


def spoken(words: Sequence[str], *, phrase: Sequence[str]) -> bool:
    return without(words, phrase=phrase) is not None
