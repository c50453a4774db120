"""Billing Timing can be mapped; what was read by fewer words is read again.

Held deals may name what is understood now. Contracts without an invoice may have lost the timing that their
translated words name, so their deals are read again too; later ones keep what was issued, and the CRM's other
value shows as a difference.
"""

from django.db import migrations, models

TARGETS = [
    ("customer_name", "Customer Name"),
    ("contract_value", "Contract Value"),
    ("start_date", "Contract Start Date"),
    ("duration", "Contract Duration"),
    ("billing_cycle", "Billing Cycle"),
    ("billing_timing", "Billing Timing"),
    ("account_manager", "Account Manager"),
    ("currency", "Currency"),
    ("billing_email", "Billing E-mail"),
    ("address", "Billing Address"),
    ("tax_id", "Tax ID"),
    ("po_number", "PO Number"),
    ("custom", "Custom field"),
]
TIMED = (
    "(advance|arrear|upfront|up front|pre-?paid|post-?paid|voraus|nachtr|avance|adelant|anticip|forud|bagud)"
)
READ_AGAIN = f"""
UPDATE crm_sync_crmdeal deal SET fingerprint = ''
WHERE deal.state = 'held'
   OR (deal.state = 'imported' AND jsonb_exists(deal.overrides, 'billing_cycle'))
   OR (deal.state = 'imported' AND EXISTS (
        SELECT 1 FROM crm_sync_translation translation
        WHERE translation.connection_id = deal.connection_id AND translation.target = 'billing_cycle'
          AND translation.raw_value ~* '{TIMED}'))
"""  # noqa: S608  constants
HIDDEN = """
UPDATE crm_sync_hold hold SET problems = (
    SELECT jsonb_agg(
        CASE WHEN problem ->> 'cure' LIKE 'Have the field made readable for Fincelo in %'
             THEN problem || '{"fact": "hidden"}' ELSE problem END ORDER BY place)
    FROM jsonb_array_elements(hold.problems) WITH ORDINALITY AS listed(problem, place))
WHERE hold.problems @? '$[*] ? (@.cure starts with "Have the field made readable for Fincelo in ")'
"""


class Migration(migrations.Migration):
    dependencies = [("crm_sync", "0014_refused_deals_are_tried_again")]

    operations = [
        migrations.AlterField(
            model_name="fieldmapping",
            name="target",
            field=models.CharField(choices=TARGETS, max_length=20, verbose_name="Fincelo field"),
        ),
        migrations.AlterField(
            model_name="translation",
            name="target",
            field=models.CharField(
                choices=TARGETS,
                db_default="billing_cycle",
                default="billing_cycle",
                max_length=20,
                verbose_name="Fincelo field",
            ),
        ),
        migrations.RunSQL(HIDDEN, migrations.RunSQL.noop),
        migrations.RunSQL(READ_AGAIN, migrations.RunSQL.noop),
    ]
