from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0004_default_currency"),
    ]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="language",
            field=models.CharField(
                choices=[("en", "English"), ("de", "Deutsch")], db_default="en", default="en", max_length=2
            ),
        ),
    ]
