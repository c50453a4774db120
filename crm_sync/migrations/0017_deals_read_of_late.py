import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm_sync", "0028_particulars_of_customers")]

    operations = [
        migrations.CreateModel(
            name="RecentDeal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("external_id", models.CharField(max_length=40)),
                ("modified_at", models.DateTimeField()),
                (
                    "connection",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, to="crm_sync.connection"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("connection", "external_id"), name="one_memory_per_recent_deal"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="connection",
            name="read_mark",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="For which cursor, mapping and settings the deals that were read of late are remembered.",
                max_length=64,
            ),
        ),
    ]
