"""What a page of mapped deals becomes, where deals of one page meet."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.models import Contract, Customer
from crm_sync.enums import SourceObject, Target
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.store import current_rules, save_mapping
from crm_sync.models import Connection, CrmDeal, Hold
from demo.http_server import Request, Response, Server
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.importing.statements import noted
from tests.crm_sync.sales import sell


@pytest.fixture
def with_tax_id(salesforce: Connection) -> None:
    """Tax ids are read from the deal, so that deals of one account can differ."""
    tax_id = FieldRule(target=Target.TAX_ID, source_object=SourceObject.DEAL, source_field="PO_Number__c")
    rules = [rule for rule in current_rules(connection=salesforce).rules if rule.target is not Target.TAX_ID]
    save_mapping(connection=salesforce, rules=[*rules, tax_id], translations={}, actor=None)


@pytest.mark.usefixtures("with_tax_id")
def test_customer_is_described_by_the_latest_of_its_deals(salesforce: Connection, org: Org, run: Run) -> None:
    account = org.add_account("Acme")
    now = org.now()
    for minutes, tax_id in ((3, "IE-3"), (1, "IE-1"), (2, "IE-2")):
        sell(
            org,
            account=account,
            Amount=minutes,
            PO_Number__c=tax_id,
            modified_at=now - timedelta(minutes=minutes),
        )

    run(salesforce)

    assert list(Customer.objects.values_list("name", "tax_number")) == [("Acme", "IE-1")]


@pytest.mark.usefixtures("with_tax_id")
def test_empty_text_of_a_later_deal_replaces_nothing(salesforce: Connection, org: Org, run: Run) -> None:
    account = org.add_account("Acme")
    sell(org, account=account, PO_Number__c="IE-1")
    run(salesforce)
    sell(org, account=account, Amount=5)

    run(salesforce)

    assert list(Customer.objects.values_list("tax_number", flat=True)) == ["IE-1"]


def test_deal_that_comes_twice_in_one_page_counts_once(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)

    done = run(salesforce, external_ids=[deal, deal[:15], deal])

    assert (done.seen, done.created, Contract.objects.count(), CrmDeal.objects.count()) == (1, 1, 1, 1)


def test_page_locks_before_it_looks_at_invoices(salesforce: Connection, org: Org, run: Run) -> None:
    """Otherwise billing could issue between the look and the change."""
    deal = sell(org)
    run(salesforce)
    org.edit(deal, Amount=2400)

    with noted() as statements:
        run(salesforce)

    locked = next(n for n, sql in enumerate(statements) if "FOR NO KEY UPDATE OF contract" in sql)
    looked = [n for n, sql in enumerate(statements) if 'FROM "billing_invoice"' in sql]
    changed = next(n for n, sql in enumerate(statements) if sql.startswith('UPDATE "contracts_contract"'))
    assert any(locked < look < changed for look in looked)


def test_text_that_postgresql_cannot_store_is_a_hold_and_not_the_end(
    salesforce: Connection, org: Org, run: Run, salesforce_server: Server
) -> None:
    for name in ("nul\u0000byte", "lone surrogate", "a" * 501):
        sell(org, Name=name)
    sell(org)
    app = salesforce_server.app

    def with_surrogate(request: Request) -> Response:
        answer = app(request)
        return replace(answer, body=answer.body.replace(b"lone surrogate", b"lone \\ud800 surrogate"))

    salesforce_server.app = with_surrogate
    done = run(salesforce)

    assert (done.state, done.created, done.held) == ("done", 1, 3)
    assert set(Hold.objects.values_list("code", flat=True)) == {"TEXT_INVALID"}
    assert sorted(CrmDeal.objects.filter(state="held").values_list("name", flat=True)) == [
        "a" * 499 + "\u2026",
        "lone \ufffd surrogate",
        "nul\ufffdbyte",
    ]
