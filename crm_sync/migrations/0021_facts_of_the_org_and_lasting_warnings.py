from django.db import migrations, models


def forget_presumed_zones(apps, schema_editor):
    """UTC of a HubSpot portal is what it told, or was presumed when it told nothing. The next run asks it."""
    connections = apps.get_model("crm_sync", "Connection").objects
    connections.filter(provider="hubspot", time_zone="UTC").update(time_zone="")


class Migration(migrations.Migration):
    dependencies = [
        ("crm_sync", "0027_what_waits_for_a_yes"),
    ]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="facts_learnt_at",
            field=models.DateTimeField(
                help_text="When the CRM last told its name, zone and currency.", null=True
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="standing",
            field=models.JSONField(
                blank=True,
                db_default={},
                default=dict,
                help_text="Those warnings that stay until their own cause is gone, by its code.",
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="told_currency",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The currency that the CRM calls its own.",
                max_length=3,
            ),
        ),
        migrations.AlterField(
            model_name="connection",
            name="time_zone",
            field=models.CharField(
                blank=True,
                default="UTC",
                help_text="Empty while it is not known; then nothing is imported.",
                max_length=64,
            ),
        ),
        migrations.RunPython(forget_presumed_zones, migrations.RunPython.noop),
    ]
