"""Salesforce's facts: names, words, scopes, addresses, the spellings of its fields and ids."""

import re
from collections.abc import Sequence
from urllib.parse import SplitResult

from django.conf import settings

from crm_sync.clients.facts import NamedDeal, Opening, ProposedField, ProviderFacts
from crm_sync.clients.grants import GrantFacts, OpenedAs, ShownError, SignInPlace
from crm_sync.clients.protocol import CrmClient
from crm_sync.clients.questions import Questions
from crm_sync.clients.reading import beyond_what_is_needed
from crm_sync.clients.salesforce import oauth
from crm_sync.clients.salesforce.api import API_VERSION
from crm_sync.clients.salesforce.client import SalesforceClient
from crm_sync.clients.salesforce.errors import token_rule
from crm_sync.clients.salesforce.questions import SalesforceQuestions
from crm_sync.clients.salesforce.rules import START_AGAIN
from crm_sync.clients.salesforce.values import to_18
from crm_sync.deals import Check
from crm_sync.enums import SourceObject, Target
from crm_sync.errors import ConfigError, ErrorKind

AN_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
IN_LINK = re.compile(r"(?<![A-Za-z0-9])(006[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?)(?![A-Za-z0-9])")
OPPORTUNITY = "006"
OTHER_OBJECTS = ("001", "003", "005", "00D")
WIDE = ("full", "web", "visualforce", "chatter_api", "wave_api", "eclair_api", "pardot_api")
TWO_ARE_ENOUGH = (
    "Fincelo only reads: api and refresh_token are enough. Set SALESFORCE_SCOPES to "
    "'api refresh_token', give the app these two, and authorise again."
)
SCOPE_NAMES = {
    "full": "Full access (full)",
    "api": "Manage user data via APIs (api)",
    "refresh_token": "Perform requests at any time (refresh_token, offline_access)",
    "offline_access": "Perform requests at any time (refresh_token, offline_access)",
    "id": "Access the identity URL service (id, profile, email, address, phone)",
    "openid": "Access unique user identifiers (openid)",
}
SHOWED = (
    ShownError(
        texts=("redirect_uri_mismatch", "redirect_uri must match configuration"),
        meaning="The callback URL of the app is not the one of this page.",
        cure="Copy the callback URL from step 2 into the app, to the last character.",
    ),
    ShownError(
        texts=("invalid_client_id", "client identifier invalid"),
        meaning="Salesforce does not know the consumer key where you signed in, or not yet.",
        cure="Compare the key, and Production with Sandbox. A new app takes about ten minutes.",
    ),
    ShownError(
        texts=("invalid_request", "missing required code challenge"),
        meaning="The app demands PKCE and the request came without it. "
        "The browser may save the message as a file named authorize.",
        cure="Fincelo always sends it: start again with the Authorise button on this page.",
    ),
    ShownError(
        texts=("We can't authorize you because of an OAuth error", "OAUTH_APPROVAL_ERROR_GENERIC"),
        meaning="The reason stands in the address of Salesforce's page, behind error=. Often it is "
        "invalid_scope; or the app is of another org and not installed in this one.",
        cure="Add the scopes of step 3 to the app, and make the app in the org you sign in to. "
        "Else ask for the permission Approve Uninstalled Connected Apps.",
    ),
    ShownError(
        texts=("OAUTH_APP_ACCESS_DENIED",),
        meaning="Only users whom an administrator has approved may use the app, or only certain networks.",
        cure="Have your profile or permission set added under the app's policies, or its IP rules relaxed.",
    ),
    ShownError(
        texts=("OAUTH_APP_BLOCKED",),
        meaning="An administrator has blocked the app.",
        cure="Have it unblocked under Connected Apps OAuth Usage.",
    ),
    ShownError(
        texts=("OAUTH_AUTHORIZATION_BLOCKED",),
        meaning="The org allows no app to be authorised.",
        cure="Ask an administrator to lift the block for this app.",
    ),
    ShownError(
        texts=("OAUTH_EC_APP_NOT_FOUND", "External client app is not installed in this org"),
        meaning="The consumer key belongs to an app of another org.",
        cure="Create the app in the org you sign in to, or sign in to the org that has it.",
    ),
)


def open_client(opening: Opening) -> CrmClient:
    return SalesforceClient(
        transport=opening.transport,
        instance_url=opening.instance_url,
        access_token=opening.access_token,
        org_id=opening.org_id,
        renew=opening.renew,
        has_currency_field=opening.has_currency_field,
        api_version=opening.api_version or API_VERSION,
    )


def questions(client: CrmClient) -> Questions:
    assert isinstance(client, SalesforceClient)  # opened by `open_client`
    return SalesforceQuestions(client)


def opened_as(client: CrmClient) -> OpenedAs:
    assert isinstance(client, SalesforceClient)  # opened by `open_client`
    return OpenedAs(api_version=client.choose_version(), connected_as=client.user_name_or_nothing())


def wanted_scopes() -> str:
    return str(settings.SALESFORCE_SCOPES)


def scope_checks(client: CrmClient, known: Sequence[Check]) -> list[Check]:
    return wider_scopes()


def wider_scopes() -> list[Check]:
    """What the app's scopes allow beyond what Fincelo needs."""
    return beyond_what_is_needed(
        [scope for scope in wanted_scopes().split() if scope in WIDE], cure=TWO_ARE_ENOUGH
    )


def refusal_of(code: str) -> ConfigError:
    """What an error in the address of the way back means."""
    rule = token_rule(code=code, description="")
    next_step = START_AGAIN if rule.kind is ErrorKind.TRANSIENT else rule.next_step
    return ConfigError(rule.sentence, next_step=next_step, code=code[:60])


def is_deal_id(text: str) -> bool:
    return bool(AN_ID.fullmatch(text)) and text.startswith(OPPORTUNITY)


def wrong_id(text: str) -> str:
    if AN_ID.fullmatch(text) and text.startswith(OTHER_OBJECTS):
        return "This is a Salesforce id of something else: the id of an opportunity begins with 006."
    return ""


def deal_in_link(link: SplitResult) -> NamedDeal | None:
    found = IN_LINK.search(f"{link.path}?{link.query}#{link.fragment}")
    return NamedDeal(external_id=found[1]) if found else None


def is_page_of(host: str, instance_url: str) -> bool:
    """acme.lightning.force.com and acme.my.salesforce.com are the same org."""
    own = instance_url.partition("://")[2].partition(":")[0].lower()
    return host.partition(".")[0] == own.partition(".")[0]


SALESFORCE = ProviderFacts(
    key="salesforce",
    name="Salesforce",
    org_word="org",
    open=open_client,
    questions=questions,
    is_official_origin=oauth.is_salesforce_origin,
    origin_of_pages=lambda instance_url, ui_domain: instance_url,
    scope_checks=scope_checks,
    object_words={
        SourceObject.DEAL: "Opportunity",
        SourceObject.ACCOUNT: "Account",
        SourceObject.OWNER: "Owner",
    },
    proposed=(
        ProposedField(target=Target.CUSTOMER_NAME, source_object=SourceObject.ACCOUNT, source_field="Name"),
        ProposedField(target=Target.CONTRACT_VALUE, source_field="Amount"),
        ProposedField(target=Target.START_DATE, source_field="CloseDate"),
        ProposedField(target=Target.ACCOUNT_MANAGER, source_object=SourceObject.OWNER, source_field="Email"),
    ),
    address_fields={
        Target.STREET: ("BillingStreet",),
        Target.POST_CODE: ("BillingPostalCode",),
        Target.CITY: ("BillingCity",),
        Target.REGION: ("BillingStateCode", "BillingState"),
        Target.COUNTRY: ("BillingCountryCode", "BillingCountry"),
    },
    currency_field="CurrencyIsoCode",
    fields_at_once=100,  # queries go in the address, which has an end
    restorable_days=15,
    tells_currency=False,
    tells_of_company=True,
    external_id=to_18,
    is_deal_id=is_deal_id,
    deal_in_link=deal_in_link,
    is_page_of=is_page_of,
    wrong_id=wrong_id,
    id_length=18,
    setup_sentence=(
        "Seven steps, about fifteen minutes. Somebody with administrator rights in Salesforce does the "
        "first six."
    ),
    steps_template="crm_sync/clients/salesforce/steps.html",
    grants=GrantFacts(
        authorise_url=oauth.authorise_url,
        exchange_code=oauth.exchange_code,
        renew=oauth.renew,
        revoke=oauth.revoke,
        opened_as=opened_as,
        refusal_of=refusal_of,
        scopes=wanted_scopes,
        shown_scopes=lambda: [SCOPE_NAMES.get(scope, scope) for scope in wanted_scopes().split()],
        places=(
            SignInPlace(
                key="production", label="Production (login.salesforce.com)", address=oauth.PRODUCTION
            ),
            SignInPlace(key="sandbox", label="Sandbox (test.salesforce.com)", address=oauth.SANDBOX),
            SignInPlace(key="my_domain", label="My Domain (your org's own address; works for every org)"),
        ),
        own_address="My Domain",
        example="https://acme.my.salesforce.com",
        revoke_steps=(
            "In Salesforce, open Setup, Connected Apps OAuth Usage and the app, and revoke what its user got "
            "then."
        ),
        shown_errors=SHOWED,
    ),
)
