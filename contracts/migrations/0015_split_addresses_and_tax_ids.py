from django.db import migrations

from contracts.addresses import country_in, read_address
from contracts.tax_ids import tax_ids_of

PORTION = 2_000


def split(rows):
    """Fills the parts of rows that have a text alone. What cannot be told for certain stays as it was written."""
    for row in rows:
        ids = tax_ids_of(row.tax_id)
        row.vat_id, row.tax_number = ids.vat_id, ids.tax_number
        if parts := read_address(row.address):
            row.street, row.post_code, row.city = parts.street, parts.post_code, parts.city
            row.country, row.address = parts.country, ""
        else:
            row.country = country_in(row.address)
    return rows


FILLED = ["vat_id", "tax_number", "street", "post_code", "city", "country", "address"]


def split_customers(apps, schema_editor):
    customers = apps.get_model("contracts", "Customer").objects.exclude(address="", tax_id="").order_by("pk")
    last = 0
    while rows := list(customers.filter(pk__gt=last)[:PORTION]):
        last = rows[-1].pk
        customers.bulk_update(split(rows), FILLED)


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0014_customer_particulars"),
    ]

    operations = [migrations.RunPython(split_customers, migrations.RunPython.noop)]
