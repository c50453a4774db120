from django.db import migrations, models
from django.db.models import Value
from django.db.models.functions import Replace, Upper


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0015_split_addresses_and_tax_ids"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="customer",
            name="tax_id",
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(Upper(Replace("vat_id", Value(" "), Value(""))), name="customer_by_vat_id"),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                Upper(Replace("tax_number", Value(" "), Value(""))), name="customer_by_tax_number"
            ),
        ),
    ]
