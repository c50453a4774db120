from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0010_sent_unless_it_bounced"),
    ]

    operations = [
        migrations.AddField(
            model_name="invoice",
            name="custom_fields",
            field=models.JSONField(
                db_default=[],
                default=list,
                help_text="Frozen copy of those that are printed: label, type, value.",
            ),
        ),
    ]
