from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm_sync", "0018_hold_code_for_unreadable_records")]

    operations = [
        migrations.AddField(
            model_name="backfilldeal",
            name="waits",
            field=models.JSONField(
                db_default=[],
                default=list,
                help_text="Codes of why its billing would wait, whatever is due.",
            ),
        ),
        migrations.AddField(
            model_name="backfilldeal",
            name="first_billing_date",
            field=models.DateField(help_text="Of what is billed here.", null=True),
        ),
    ]
