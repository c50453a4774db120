from django.db import migrations, models

import crm_sync.fields


class Migration(migrations.Migration):
    dependencies = [
        ("crm_sync", "0013_hold_policy_and_mails"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeyCanary",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", crm_sync.fields.SecretField(editable=False)),
            ],
            options={
                "abstract": False,
            },
        ),
    ]
