from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm_sync", "0130_grants_name_their_crm"),
    ]

    operations = [
        migrations.AlterField(
            model_name="syncrun",
            name="trigger",
            field=models.CharField(
                choices=[
                    ("schedule", "Every five minutes"),
                    ("person", "Sync now"),
                    ("command", "Command"),
                    ("replay", "Replay"),
                    ("reapply", "Mapping applied again"),
                    ("sweep", "Daily sweep"),
                    ("check", "Check before billing"),
                ],
                max_length=10,
            ),
        ),
    ]
