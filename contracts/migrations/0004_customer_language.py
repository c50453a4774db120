from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0003_customer_billing_terms"),
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
