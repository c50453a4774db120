import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm_sync", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="live_since",
            field=models.DateTimeField(
                help_text="When it was last connected, confirmed or resumed.", null=True
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="trouble",
            field=models.CharField(
                blank=True,
                choices=[("", "None"), ("broken", "Broken"), ("silent", "Silent")],
                db_default="",
                default="",
                help_text="What people were told by mail and have not been told the end of.",
                max_length=6,
            ),
        ),
        migrations.AddField(
            model_name="crmschema",
            name="stage_counts",
            field=models.JSONField(
                db_default={},
                default=dict,
                help_text="Deals by the name of a stage that is not imported and might be meant.",
            ),
        ),
        migrations.AddField(
            model_name="crmschema",
            name="stages_checked_at",
            field=models.DateTimeField(help_text="When stages were read and deals counted.", null=True),
        ),
        migrations.AddField(
            model_name="crmschema",
            name="unlisted_stages",
            field=models.JSONField(
                db_default=[], default=list, help_text="Values of deals that are in no list of stages."
            ),
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("broken", "Broken"), ("silent", "Silent"), ("recovered", "Recovered")],
                        max_length=10,
                    ),
                ),
                ("subject", models.CharField(max_length=200)),
                ("body", models.TextField()),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("next_try_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("sent_at", models.DateTimeField(null=True)),
                ("error", models.TextField(blank=True, default="")),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="crm_sync.connection",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("sent_at", None)), fields=["next_try_at"], name="alert_to_send"
                    )
                ],
            },
        ),
    ]
