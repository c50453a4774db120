"""Sync records keep the causes of a hold by code, so that nothing compares their sentences.

Of a record that was held before only the first code is known; its sentence tells it from others.
"""

from django.db import migrations, models

CAUSES = """
UPDATE crm_sync_syncrecord
SET problems = jsonb_build_array(jsonb_build_object('code', code, 'sentence', sentence))
WHERE outcome = 'held' AND problems = '[]'
"""


class Migration(migrations.Migration):
    dependencies = [("crm_sync", "0122_warnings_of_previews_by_code")]

    operations = [
        migrations.AddField(
            model_name="syncrecord",
            name="problems",
            field=models.JSONField(
                db_default=[],
                default=list,
                help_text="What held the deal: code, field and value of each problem.",
            ),
        ),
        migrations.RunSQL(CAUSES, migrations.RunSQL.noop),
    ]
