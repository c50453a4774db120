"""What is in the database, in forms that can be compared."""

from collections.abc import Collection
from typing import Any

from django.apps import apps
from django.db import connection

from tests.billing.builders import forget_numbers

Rows = list[tuple[Any, ...]]

BUSINESS = {
    "customers": "SELECT name, billing_email, address, street, city, country, vat_id, tax_number, custom_fields::text FROM contracts_customer",
    "accounts": """
        SELECT org.external_id, account.external_id, customer.name FROM crm_sync_crmaccount account
        JOIN crm_sync_crmorg org ON org.id = account.org_id
        JOIN contracts_customer customer ON customer.id = account.customer_id""",
    "contracts": """
        SELECT deal.external_id, customer.name, contract.name, contract.currency, value_minor, start_date,
            end_date, duration_months, billing_cycle, billing_timing, lead_days, contract.state,
            account_manager_email, po_number, contract.custom_fields::text
        FROM contracts_contract contract JOIN contracts_customer customer ON customer.id = customer_id
        LEFT JOIN crm_sync_crmdeal deal ON deal.contract_id = contract.id""",
    "schedules": """
        SELECT deal.external_id, schedule.state, has_short_period FROM billing_billingschedule schedule
        LEFT JOIN crm_sync_crmdeal deal ON deal.contract_id = schedule.contract_id""",
    "instalments": """
        SELECT deal.external_id, sequence, period_start, period_end, amount_minor, billing_date,
            instalment.state
        FROM billing_instalment instalment JOIN billing_billingschedule schedule ON schedule.id = schedule_id
        LEFT JOIN crm_sync_crmdeal deal ON deal.contract_id = schedule.contract_id""",
    "invoices": """
        SELECT deal.external_id, instalment.sequence, invoice.state, currency, total_minor
        FROM billing_invoice invoice JOIN billing_instalment instalment ON instalment.id = instalment_id
        LEFT JOIN crm_sync_crmdeal deal ON deal.contract_id = invoice.contract_id""",
    "numbers": "SELECT number FROM billing_invoice",
    "deals": """
        SELECT external_id, name, stage, url, modified_at, fingerprint, state, duplicate_accepted
        FROM crm_sync_crmdeal""",
    "holds": """
        SELECT deal.external_id, code, problems::text, resolution FROM crm_sync_hold hold
        JOIN crm_sync_crmdeal deal ON deal.id = hold.crm_deal_id""",
    "records": """
        SELECT deal.external_id, outcome, code, sentence, changes::text FROM crm_sync_syncrecord record
        JOIN crm_sync_crmdeal deal ON deal.id = record.crm_deal_id""",
    "cursors": "SELECT name, cursor_modified_at, cursor_external_id FROM crm_sync_connection",
}
NOTHING: dict[str, Rows] = {name: [] for name in BUSINESS if name != "cursors"}


def stored(*, but: Collection[str] = ()) -> dict[str, Rows]:
    """Everything that matters, without keys and without the moments at which we wrote it."""
    with connection.cursor() as cursor:
        found = {}
        for name, sql in BUSINESS.items():
            if name not in but:
                cursor.execute(sql)
                found[name] = sorted(cursor.fetchall(), key=repr)
    return found


def row_versions(*, but: Collection[str] = ()) -> dict[str, Rows]:
    """Every row of our apps with the transaction that wrote it: equal means that nothing was written."""
    tables = [
        model._meta.db_table
        for app in ("contracts", "billing", "crm_sync")
        for model in apps.get_app_config(app).get_models()
        if model.__name__ not in but
    ]
    with connection.cursor() as cursor:
        found = {}
        for table in tables:
            asked = (
                " WHERE object_type <> 'page'" if table == "contracts_auditentry" else ""
            )  # of the request
            cursor.execute(f"SELECT xmin::text, ctid::text, {table}::text FROM {table}{asked} ORDER BY ctid")
            found[table] = cursor.fetchall()
    return found


def forget_imports() -> None:
    """The database as before the first poll: connected, mapping confirmed, nothing read."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "TRUNCATE contracts_customer, contracts_contract, crm_sync_crmdeal, crm_sync_wondeal, crm_sync_syncrun,"
            " crm_sync_connectionlease, billing_invoice, billing_billingrun, billing_numberseries CASCADE"
        )
        cursor.execute(
            "UPDATE crm_sync_connection SET cursor_modified_at = NULL, cursor_external_id = '',"
            " cursor_window_end = NULL, cursor_reached_at = NULL, state = 'connected', state_reason = '', not_before = NULL"
        )
    forget_numbers()
