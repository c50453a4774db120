"""Which CRM fields are likely to hold what we need. Pure: a person confirms.

A field is proposed when its label is understood as a whole. "Setup Fee Term" is a term of something else.
"""

from collections.abc import Sequence

from crm_sync.deals import CrmField
from crm_sync.enums import Provider, SourceObject, Target
from crm_sync.mapping_rules import FieldRule
from crm_sync.synonyms import MONTH_WORDS, YEAR_WORDS, listed
from crm_sync.term_units import api_words, evidence_of
from crm_sync.words import words_in

DEFAULTS = {
    Provider.SALESFORCE: (
        FieldRule(target=Target.CUSTOMER_NAME, source_object=SourceObject.ACCOUNT, source_field="Name"),
        FieldRule(target=Target.CONTRACT_VALUE, source_field="Amount"),
        FieldRule(target=Target.START_DATE, source_field="CloseDate"),
        FieldRule(target=Target.ACCOUNT_MANAGER, source_object=SourceObject.OWNER, source_field="Email"),
    ),
    Provider.HUBSPOT: (
        FieldRule(target=Target.CUSTOMER_NAME, source_object=SourceObject.ACCOUNT, source_field="name"),
        FieldRule(target=Target.CONTRACT_VALUE, source_field="amount"),
        FieldRule(target=Target.START_DATE, source_field="closedate"),
        FieldRule(target=Target.ACCOUNT_MANAGER, source_object=SourceObject.OWNER, source_field="email"),
    ),
}
CURRENCY_FIELDS = {Provider.SALESFORCE: "CurrencyIsoCode", Provider.HUBSPOT: "deal_currency_code"}
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


def propose(*, provider: Provider, fields: Sequence[CrmField]) -> list[FieldRule]:
    """The usual fields, plus the best candidates by label for term and billing cycle."""
    rules = list(DEFAULTS[provider])
    for target in WANTED_WORDS:
        candidates = candidates_for(target=target, fields=fields)
        rules.append(fed_by(candidates[0], target=target) if candidates else FieldRule(target=target))
    return rules


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
