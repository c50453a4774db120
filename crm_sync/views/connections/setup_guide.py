"""What the connect pages tell about setting up an app or a token in the CRM."""

from typing import Any

from crm_sync.clients.registry import facts_of
from crm_sync.connections.authorising import callback_url


def context(provider: str) -> dict[str, Any]:
    """For the templates of the steps: `by_token`, `scopes`, and of an app its callback and known errors."""
    crm = facts_of(provider)
    shared = {
        "by_token": crm.token is not None,
        "crm": crm.name,
        "setup_sentence": crm.setup_sentence,
        "steps_template": crm.steps_template,
    }
    if crm.grants is None:
        return {**shared, "scopes": crm.token.scopes if crm.token else ()}
    return {
        **shared,
        "callback_url": callback_url(provider),
        "scopes": crm.grants.shown_scopes(),
        "asks_for_full": "full" in crm.grants.scopes().split(),
        "shown_errors": crm.grants.shown_errors,
    }
