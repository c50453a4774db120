from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contracts", "0019_indexes_of_the_search")]

    operations = [
        migrations.AddField(
            model_name="workspace",
            name="page_format",
            field=models.CharField(
                choices=[("en-gb", "30 Nov 2026 and 1,234.56"), ("de", "30.11.2026 and 1.234,56")],
                db_default="en-gb",
                default="en-gb",
                help_text=(
                    "As all pages write them. Files stay as machines read them, documents as customers do."
                ),
                max_length=5,
                verbose_name="days and numbers",
            ),
        ),
    ]
