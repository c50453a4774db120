import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("crm_sync", "0034_names_are_one_line"),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name="crmdeal",
            trigger=pgtrigger.compiler.Trigger(
                name="deals_are_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'Imported deals are kept for ever: this table cannot be emptied.' USING ERRCODE = 'restrict_violation';",
                    hash="3a11332b23968ac6d8cd2aa5826939f4e7b84f15",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_deals_are_kept_9c8de",
                    table="crm_sync_crmdeal",
                    when="BEFORE",
                ),
            ),
        ),
    ]
