"""Grants name the CRM that gave them, and what a provider is called needs no migration any more."""

from django.db import migrations, models

import crm_sync.clients.registry


class Migration(migrations.Migration):
    dependencies = [("crm_sync", "0123_records_say_what_held_the_deal")]

    operations = [
        migrations.AddField(
            model_name="loosegrant",
            name="provider",
            field=models.CharField(default="salesforce", max_length=40),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="loosegrant",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("waits", "Waits for its connect to end"),
                    ("ends", "To be revoked"),
                    ("left", "Could not be revoked: a person does it in the CRM"),
                ],
                db_default="waits",
                default="waits",
                max_length=5,
            ),
        ),
        migrations.AlterField(
            model_name="connection",
            name="client_id",
            field=models.CharField(
                blank=True, help_text="Consumer key of the app in the customer's org.", max_length=300
            ),
        ),
        *(
            migrations.AlterField(
                model_name=name,
                name="provider",
                field=models.CharField(choices=crm_sync.clients.registry.provider_choices, max_length=40),
            )
            for name in ("connection", "crmorg")
        ),
    ]
