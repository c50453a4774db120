from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contracts", "0008_custom_values_fit")]

    operations = [
        migrations.AddField(
            "auditentry",
            "address",
            models.GenericIPAddressField(
                null=True, help_text="Where the request came from. Empty for commands and tasks."
            ),
        ),
    ]
