"""Differences that were refused once and forgotten become open changes.

Those of terms are found by the next run, which reads the deals again. Lost deals are not read again, so their
changes are made here.
"""

from django.db import migrations

READ_AGAIN = """
UPDATE crm_sync_crmdeal deal SET fingerprint = ''
WHERE deal.state = 'imported' AND deal.left_reason = ''
  AND EXISTS (
    SELECT 1 FROM crm_sync_syncrecord record
    WHERE record.crm_deal_id = deal.id AND record.outcome = 'refused'
  )
  AND EXISTS (
    SELECT 1 FROM billing_invoice invoice
    WHERE invoice.contract_id = deal.contract_id AND invoice.state <> 'draft'
  )
"""
OPEN_LOST = """
INSERT INTO billing_contractchange (contract_id, kind, state, revision, before, after, reason)
SELECT deal.contract_id, 'deal_left', 'open', 1, '{"deal": "Won"}',
    jsonb_build_object('deal', CASE deal.left_reason
        WHEN 'lost' THEN 'Lost' WHEN 'deleted' THEN 'Deleted in the CRM' WHEN 'archived' THEN 'Archived in the CRM'
        WHEN 'merged' THEN 'Merged into another deal' ELSE 'Moved to another stage' END),
    ''
FROM crm_sync_crmdeal deal JOIN contracts_contract contract ON contract.id = deal.contract_id
WHERE deal.state = 'imported' AND deal.left_reason <> '' AND deal.left_decision = 'suspended'
  AND contract.state = 'suspended'
  AND EXISTS (
    SELECT 1 FROM billing_invoice invoice WHERE invoice.contract_id = contract.id AND invoice.state <> 'draft'
  )
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm_sync", "0023_start_billing_by_a_person"),
        ("billing", "0015_changes_of_contracts"),
    ]

    operations = [
        migrations.RunSQL(READ_AGAIN, migrations.RunSQL.noop),
        migrations.RunSQL(OPEN_LOST, migrations.RunSQL.noop),
    ]
