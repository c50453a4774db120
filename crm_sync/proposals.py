"""Which CRM fields are likely to hold what we need. Pure: a person confirms."""

from collections.abc import Sequence

from crm_sync.deals import CrmField
from crm_sync.enums import Provider, SourceObject, Target
from crm_sync.mapping_rules import FieldRule
from crm_sync.synonyms import same_words

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
        "term months",
        "term",
        "duration",
    ),
    Target.BILLING_CYCLE: (
        "billing frequency",
        "billing cycle",
        "payment frequency",
        "invoicing frequency",
        "invoice frequency",
        "billing period",
        "frequency",
    ),
}
USABLE_TYPES = {
    Target.DURATION: frozenset({"int", "double", "number", "picklist", "enumeration", "string"}),
    Target.BILLING_CYCLE: frozenset({"picklist", "enumeration", "string"}),
}


def propose(*, provider: Provider, fields: Sequence[CrmField]) -> list[FieldRule]:
    """The usual fields, plus the best candidates by label for term and billing cycle."""
    rules = list(DEFAULTS[provider])
    for target in WANTED_WORDS:
        candidates = candidates_for(target=target, fields=fields)
        rules.append(FieldRule(target=target, source_field=candidates[0].name if candidates else ""))
    return rules


def candidates_for(*, target: Target, fields: Sequence[CrmField]) -> list[CrmField]:
    """Deal fields whose label or name speaks of the target, the most telling first."""
    scored = []
    for field in fields:
        if field.source_object is SourceObject.DEAL and field.type in USABLE_TYPES[target]:
            score = telling(field=field, words=WANTED_WORDS[target])
            if score:
                scored.append((score, field.label, field))
    return [field for _, _, field in sorted(scored, key=lambda entry: (-entry[0], entry[1]))]


def telling(*, field: CrmField, words: Sequence[str]) -> int:
    """How well a field's label or name speaks: the phrase's place in the list, doubled when it is all."""
    texts = [same_words(field.label), same_words(field.name.removesuffix("__c"))]
    best = 0
    for place, phrase in enumerate(words):
        worth = len(words) - place
        for text in texts:
            if text == phrase:
                best = max(best, 2 * worth + 1)
            elif f" {phrase} " in f" {text} ":
                best = max(best, worth)
    return best
