"""What the connect pages tell about setting up an app or a token in the CRM."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from crm_sync.connecting import callback_url
from crm_sync.enums import Provider

SALESFORCE_SCOPES = {
    "full": "Full access (full)",
    "api": "Manage user data via APIs (api)",
    "refresh_token": "Perform requests at any time (refresh_token, offline_access)",
    "offline_access": "Perform requests at any time (refresh_token, offline_access)",
    "id": "Access the identity URL service (id, profile, email, address, phone)",
    "openid": "Access unique user identifiers (openid)",
}
HUBSPOT_SCOPES = (
    ("crm.objects.deals.read", "For the won deals"),
    ("crm.objects.companies.read", "For the customers behind them"),
    ("crm.objects.contacts.read", "For the people of a deal"),
    ("crm.objects.owners.read", "Recommended: without it Account Manager stays blank"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An error that Salesforce shows on its own pages, so that Fincelo never hears of it."""

    text: str
    meaning: str
    cure: str


SALESFORCE_SHOWED = (
    Shown(
        text="redirect_uri_mismatch",
        meaning="The callback URL of the app is not the one of this page.",
        cure="Copy the callback URL from step 2 into the app, to the last character.",
    ),
    Shown(
        text="invalid_client_id",
        meaning="Salesforce does not know the consumer key where you signed in, or not yet.",
        cure="Compare the key, and Production with Sandbox. A new app takes about ten minutes.",
    ),
    Shown(
        text="missing required code challenge",
        meaning="The app demands PKCE and the request came without it.",
        cure="Fincelo always sends it: start again with the Authorise button on this page.",
    ),
    Shown(
        text="OAUTH_APPROVAL_ERROR_GENERIC",
        meaning="The reason stands in the address of Salesforce's page. Often it is invalid_scope.",
        cure="Add the scopes of step 3 to the app. If it has them, ask an administrator what blocks it.",
    ),
    Shown(
        text="OAUTH_APP_ACCESS_DENIED",
        meaning="Only users whom an administrator has approved may use the app.",
        cure="Have your profile or permission set added under the app's policies, or its IP rules relaxed.",
    ),
    Shown(
        text="OAUTH_APP_BLOCKED",
        meaning="An administrator has blocked the app.",
        cure="Have it unblocked under Connected Apps OAuth Usage.",
    ),
    Shown(
        text="OAUTH_AUTHORIZATION_BLOCKED",
        meaning="The org allows no app to be authorised.",
        cure="Ask an administrator to lift the block for this app.",
    ),
    Shown(
        text="OAUTH_EC_APP_NOT_FOUND",
        meaning="The consumer key belongs to an app of another org.",
        cure="Create the app in the org you sign in to, or sign in to the org that has it.",
    ),
)


def context(provider: str) -> dict[str, Any]:
    if provider == Provider.HUBSPOT:
        return {"scopes": HUBSPOT_SCOPES}
    wanted = settings.SALESFORCE_SCOPES.split()
    return {
        "callback_url": callback_url(),
        "scopes": [SALESFORCE_SCOPES.get(scope, scope) for scope in wanted],
        "asks_for_full": "full" in wanted,
        "salesforce_showed": SALESFORCE_SHOWED,
    }
