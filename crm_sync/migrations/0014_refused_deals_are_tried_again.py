from django.db import migrations, models

READ_AGAIN = """
UPDATE crm_sync_crmdeal AS deal SET fingerprint = ''
WHERE deal.state = 'held' AND EXISTS (
        SELECT 1 FROM crm_sync_hold AS hold
        WHERE hold.crm_deal_id = deal.id AND hold.resolved_at IS NULL AND hold.code = 'WRITE_FAILED'
    )
    OR deal.state = 'imported' AND deal.id IN (
        SELECT crm_deal_id FROM crm_sync_syncrecord WHERE outcome = 'failed' AND code = 'WRITE_FAILED'
    )
"""
"""Deals that were held, or not changed, for what was a fault of the installation: the next run reads them."""


class Migration(migrations.Migration):
    dependencies = [
        ("crm_sync", "0020_canary_of_the_encryption_keys"),
    ]

    operations = [
        migrations.AlterField(
            model_name="alert",
            name="kind",
            field=models.CharField(
                choices=[
                    ("broken", "Broken"),
                    ("silent", "Silent"),
                    ("recovered", "Recovered"),
                    ("tie_out", "Does not tie out"),
                    ("ties_again", "Ties out again"),
                    ("held", "Deals held"),
                    ("held_still", "Deals still held"),
                    ("database", "Stopped by the database"),
                    ("refused", "Most deals refused"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="connection",
            name="trouble",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "None"),
                    ("broken", "Broken"),
                    ("silent", "Silent"),
                    ("data", "Stopped by the database"),
                ],
                db_default="",
                default="",
                help_text="What people were told by mail and have not been told the end of.",
                max_length=6,
            ),
        ),
        migrations.AddIndex(
            model_name="crmdeal",
            index=models.Index(
                condition=models.Q(("fingerprint", "not stored")),
                fields=["connection"],
                name="deal_not_stored",
            ),
        ),
        migrations.RunSQL(READ_AGAIN, migrations.RunSQL.noop),
    ]
