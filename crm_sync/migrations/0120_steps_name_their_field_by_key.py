"""The steps of a trace name their field by its key, as overrides do: a label may belong to two fields.

A label that named both a field of contracts and a custom field at the time stays without a key.
"""

from django.db import migrations

LABELS = {
    "customer_name": "Customer Name",
    "contract_value": "Contract Value",
    "start_date": "Contract Start Date",
    "duration": "Contract Duration",
    "billing_cycle": "Billing Cycle",
    "billing_timing": "Billing Timing",
    "account_manager": "Account Manager",
    "currency": "Currency",
    "billing_email": "Billing E-mail",
    "street": "Billing Street",
    "street_2": "Billing Street, second line",
    "post_code": "Billing Post Code",
    "city": "Billing City",
    "region": "Billing State or Region",
    "country": "Billing Country",
    "address": "Billing Address as one text",
    "tax_id": "VAT ID or tax number",
    "tax_rate": "Tax rate (%)",
    "po_number": "PO Number",
}
USUAL = ", ".join(f"('{key}', '{label}')" for key, label in LABELS.items())
NAME_BY_KEY = f"""
WITH labels AS (
    SELECT version.id AS version_id, usual.key, usual.label
    FROM crm_sync_mappingversion version CROSS JOIN (VALUES {USUAL}) AS usual(key, label)
    UNION ALL
    SELECT version.id, 'custom:' || (rule ->> 'custom_label'), rule ->> 'custom_label'
    FROM crm_sync_mappingversion version CROSS JOIN LATERAL jsonb_array_elements(version.snapshot -> 'rules') rule
    WHERE rule ->> 'custom_label' <> ''
),
known AS (
    SELECT version_id, label, min(key) AS key FROM labels GROUP BY version_id, label HAVING count(*) = 1
)
UPDATE crm_sync_syncrecord record SET trace = (
    SELECT jsonb_agg(
        CASE WHEN known.key IS NULL THEN step.step ELSE step.step || jsonb_build_object('key', known.key) END
        ORDER BY step.place
    )
    FROM jsonb_array_elements(record.trace) WITH ORDINALITY AS step(step, place)
    LEFT JOIN known ON known.version_id = run.mapping_version_id AND known.label = step.step ->> 'field'
)
FROM crm_sync_syncrun run
WHERE run.id = record.run_id AND record.trace <> '[]' AND NOT record.trace -> 0 ? 'key'
"""  # noqa: S608  constants


class Migration(migrations.Migration):
    dependencies = [("crm_sync", "0111_new_deals_count_by_the_hour")]

    operations = [migrations.RunSQL(NAME_BY_KEY, migrations.RunSQL.noop)]
