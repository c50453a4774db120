"""Each rule of import records, cursors and leases, broken by SQL past what the database would refuse."""

from datetime import timedelta

import pytest

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from contracts.clock import business_day
from crm_sync.models import Connection, CrmDeal
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell, sell_in_hubspot
from tests.invariants import plant, violations

pytestmark = pytest.mark.django_db

COPIED = "org_id, connection_id, external_id, name, stage, url, modified_at, fingerprint"
PLANTED: list[tuple[list[str], dict[str, str]]] = [
    (
        [
            "ALTER TABLE crm_sync_crmdeal DROP CONSTRAINT one_import_record_per_deal",
            f"INSERT INTO crm_sync_crmdeal ({COPIED}, state) SELECT {COPIED}, 'dismissed'"
            " FROM crm_sync_crmdeal WHERE id = {imported}",
        ],
        {"one_record_for_a_deal": "Deal {deal} of salesforce org {org} has 2 import records."},
    ),
    (
        [
            "ALTER TABLE crm_sync_crmdeal DROP CONSTRAINT crm_sync_crmdeal_contract_id_key",
            "UPDATE crm_sync_hold SET resolved_at = now()",
            "UPDATE crm_sync_crmdeal SET state = 'imported', contract_id = {contract} WHERE id = {held}",
        ],
        {"one_deal_for_a_contract": "Contract {contract} is the contract of several deals: {deals}."},
    ),
    (
        [
            "ALTER TABLE crm_sync_crmaccount DROP CONSTRAINT one_customer_per_crm_account",
            "INSERT INTO crm_sync_crmaccount (org_id, external_id, customer_id)"
            " SELECT org_id, external_id, customer_id FROM crm_sync_crmaccount WHERE external_id = '{account}'",
        ],
        {"one_customer_for_an_account": "Account {account} of salesforce org {org} stands for 2 customers."},
    ),
    (
        ["UPDATE crm_sync_crmdeal SET external_id = left(external_id, 15) WHERE id = {imported}"],
        {"salesforce_ids_have_18_characters": "Deal {short} of Salesforce org {org} is not stored by its 18"},
    ),
    (
        [
            "ALTER TABLE crm_sync_crmdeal DROP CONSTRAINT imported_deal_has_its_contract",
            "UPDATE crm_sync_crmdeal SET state = 'dismissed' WHERE id = {imported}",
        ],
        {"imported_deal_has_its_contract": "Deal {deal}, Acme platform, is dismissed, which does not go"},
    ),
    (
        [
            "ALTER TABLE crm_sync_crmorg DROP CONSTRAINT one_row_per_crm_org",
            "INSERT INTO crm_sync_crmorg (provider, external_id, name, kind)"
            " SELECT provider, external_id, name, kind FROM crm_sync_crmorg WHERE provider = 'salesforce'",
        ],
        {"one_row_for_an_org": "salesforce org {org} is stored 2 times, so its deals may be imported"},
    ),
    (
        ["DELETE FROM crm_sync_crmdeal WHERE id = {imported}"],
        {
            "contract_has_its_import_record": "Contract {contract}, Acme platform, has no import record, so its"
        },
    ),
    (
        ["UPDATE crm_sync_connectionlease SET token = 1 WHERE connection_id = {connection}"],
        {
            "running_run_holds_the_lease": "A run of Salesforce is done with lease 2, and the connection's lease is 1"
        },
    ),
    (
        ["UPDATE crm_sync_connection SET cursor_modified_at = '2100-01-01 00:00+00' WHERE id = {connection}"],
        {"cursor_is_not_ahead": "The cursor of Salesforce stands at 2100-01-01 00:00:00+00:00, ahead of the"},
    ),
    (
        ["UPDATE crm_sync_hold SET resolved_at = now()"],
        {
            "held_deal_has_one_open_hold": "Deal {held_deal}, Acme platform, is held and has 0 open holds, so it"
        },
    ),
    (
        [
            "UPDATE crm_sync_connection SET created_at = now() - interval '3 days', live_since = NULL"
            " WHERE id = {connection}"
        ],
        {
            "connection_is_swept_daily": "Salesforce was not swept for two days, so nothing proves that no deal"
        },
    ),
]


@pytest.fixture
def workspace(
    salesforce: Connection, org: Org, hubspot: Connection, portal: Portal, run: Run
) -> dict[str, object]:
    """Both CRMs synced and billed, with a held deal, one that left won and one that changed. Ids by name."""
    ensure_legal_entity()
    today = business_day()
    imported = sell(org, CloseDate=today)
    held = sell(org, Amount=None, CloseDate=today)
    left = sell(org, Amount=2400, CloseDate=today)
    changed = sell(org, Amount=3600, CloseDate=today + timedelta(days=40))
    org.add_won_deals(20)
    portal.add_won_deals(20)
    sell_in_hubspot(portal)
    for connection in (salesforce, hubspot):
        run(connection, as_of=today)
    invoice_due(as_of=today, trigger=BillingTrigger.SYNC)
    org.edit(left, StageName="Closed Lost")
    org.edit(changed, Amount=4800)
    for connection in (salesforce, hubspot):
        run(connection, as_of=today)
    invoice_due(as_of=today, trigger=BillingTrigger.SYNC)
    record = CrmDeal.objects.select_related("org").get(external_id=imported)
    return {
        "connection": salesforce.pk,
        "imported": record.pk,
        "contract": record.contract_id,
        "deal": imported,
        "short": imported[:15],
        "deals": ", ".join(sorted([imported, held])),
        "held": CrmDeal.objects.get(external_id=held).pk,
        "held_deal": held,
        "org": record.org.external_id,
        "account": org.record(imported)["AccountId"],
    }


def test_two_crms_at_work_have_no_violation(workspace: dict[str, object]) -> None:
    assert violations() == {}


@pytest.mark.parametrize(("statements", "said"), PLANTED, ids=lambda value: next(iter(value))[:50])
def test_a_broken_rule_is_reported(
    workspace: dict[str, object], statements: list[str], said: dict[str, str]
) -> None:
    plant(*(statement.format(**workspace) for statement in statements))

    found = violations()

    beginnings = {name: beginning.format(**workspace) for name, beginning in said.items()}
    assert {
        name: [text[: len(beginnings.get(name, text))] for text in texts] for name, texts in found.items()
    } == {name: [beginning] for name, beginning in beginnings.items()}
