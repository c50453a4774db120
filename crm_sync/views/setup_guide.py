"""What the connect pages tell about setting up an app or a token in the CRM."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from crm_sync.connections.authorising import callback_url
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

    texts: tuple[str, ...]
    meaning: str
    cure: str


SALESFORCE_SHOWED = (
    Shown(
        texts=("redirect_uri_mismatch", "redirect_uri must match configuration"),
        meaning="The callback URL of the app is not the one of this page.",
        cure="Copy the callback URL from step 2 into the app, to the last character.",
    ),
    Shown(
        texts=("invalid_client_id", "client identifier invalid"),
        meaning="Salesforce does not know the consumer key where you signed in, or not yet.",
        cure="Compare the key, and Production with Sandbox. A new app takes about ten minutes.",
    ),
    Shown(
        texts=("invalid_request", "missing required code challenge"),
        meaning="The app demands PKCE and the request came without it. "
        "The browser may save the message as a file named authorize.",
        cure="Fincelo always sends it: start again with the Authorise button on this page.",
    ),
    Shown(
        texts=("We can't authorize you because of an OAuth error", "OAUTH_APPROVAL_ERROR_GENERIC"),
        meaning="The reason stands in the address of Salesforce's page, behind error=. Often it is "
        "invalid_scope; or the app is of another org and not installed in this one.",
        cure="Add the scopes of step 3 to the app, and make the app in the org you sign in to. "
        "Else ask for the permission Approve Uninstalled Connected Apps.",
    ),
    Shown(
        texts=("OAUTH_APP_ACCESS_DENIED",),
        meaning="Only users whom an administrator has approved may use the app, or only certain networks.",
        cure="Have your profile or permission set added under the app's policies, or its IP rules relaxed.",
    ),
    Shown(
        texts=("OAUTH_APP_BLOCKED",),
        meaning="An administrator has blocked the app.",
        cure="Have it unblocked under Connected Apps OAuth Usage.",
    ),
    Shown(
        texts=("OAUTH_AUTHORIZATION_BLOCKED",),
        meaning="The org allows no app to be authorised.",
        cure="Ask an administrator to lift the block for this app.",
    ),
    Shown(
        texts=("OAUTH_EC_APP_NOT_FOUND", "External client app is not installed in this org"),
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
