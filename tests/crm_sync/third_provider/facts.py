"""The facts of the CRM that keeps its deals in memory."""

import re
from urllib.parse import SplitResult

from crm_sync.clients.facts import CheckedToken, NamedDeal, ProposedField, ProviderFacts, TokenFacts
from crm_sync.clients.protocol import CrmClient
from crm_sync.enums import SourceObject, Target
from crm_sync.errors import ConfigError
from tests.crm_sync.third_provider.client import PAGES, Ledger, LedgerClient

AN_ID = re.compile(r"LL-[0-9]+")


def own(client: CrmClient) -> LedgerClient:
    assert isinstance(client, LedgerClient)
    return client


def check_token(client: CrmClient) -> CheckedToken:
    ledger = own(client).ledger
    if own(client).token != ledger.token:
        raise ConfigError("Ledgerline does not accept the token.", code="TOKEN", breaks=True)
    return CheckedToken(org_id=ledger.org_id, api_version="1")


def external_id(text: str) -> str:
    if not AN_ID.fullmatch(text):
        raise ValueError(f"{text!r} is no Ledgerline id")
    return text


def deal_in_link(link: SplitResult) -> NamedDeal | None:
    found = AN_ID.search(link.path) if f"{link.scheme}://{link.netloc}" == PAGES else None
    return NamedDeal(external_id=found[0]) if found else None


def facts_of_ledger(ledger: Ledger) -> ProviderFacts:
    return ProviderFacts(
        key="ledgerline",
        name="Ledgerline",
        org_word="ledger",
        open=lambda opening: LedgerClient(ledger=ledger, token=opening.access_token),
        questions=own,
        is_official_origin=lambda origin: origin == PAGES,
        origin_of_pages=lambda instance_url, ui_domain: PAGES,
        scope_checks=lambda client, known: [],
        object_words={
            SourceObject.DEAL: "Sale",
            SourceObject.ACCOUNT: "Party",
            SourceObject.OWNER: "Seller",
        },
        proposed=(
            ProposedField(
                target=Target.CUSTOMER_NAME, source_object=SourceObject.ACCOUNT, source_field="title"
            ),
            ProposedField(target=Target.CONTRACT_VALUE, source_field="worth"),
            ProposedField(target=Target.START_DATE, source_field="signed_on"),
        ),
        address_fields={},
        currency_field="currency",
        fields_at_once=50,
        restorable_days=0,
        tells_currency=True,
        tells_of_company=True,
        external_id=external_id,
        is_deal_id=lambda text: bool(AN_ID.fullmatch(text)),
        deal_in_link=deal_in_link,
        is_page_of=lambda host, instance_url: True,
        setup_sentence="Two steps.",
        token=TokenFacts(
            clean=str.strip,
            check=check_token,
            example="ll-…",
            nothing_pasted="Paste the token of your ledger.",
            scopes=(("read", "For the sales"),),
        ),
    )
