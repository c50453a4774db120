"""The CRMs that there are: one row for each."""

from crm_sync.clients.facts import ProviderFacts
from crm_sync.clients.hubspot.facts import HUBSPOT
from crm_sync.clients.protocol import CrmClient
from crm_sync.clients.questions import Questions
from crm_sync.clients.salesforce.facts import SALESFORCE

PROVIDERS: dict[str, ProviderFacts] = {facts.key: facts for facts in (SALESFORCE, HUBSPOT)}


def facts_of(provider: str) -> ProviderFacts:
    """KeyError for a provider that this release does not know."""
    return PROVIDERS[provider]


def questions_for(client: CrmClient, *, provider: str) -> Questions:
    return facts_of(provider).questions(client)


def provider_choices() -> list[tuple[str, str]]:
    """For columns: called whenever it is needed, so that another provider is no migration."""
    return [(facts.key, facts.name) for facts in PROVIDERS.values()]


def provider_names() -> str:
    """The names of all, for a sentence: "this CRM or that"."""
    return " or ".join(facts.name for facts in PROVIDERS.values())
