from importlib import import_module

from django.db import migrations

from contracts.countries import currency_of

_split = import_module("contracts.migrations.0015_split_addresses_and_tax_ids")


def split_entities(apps, schema_editor):
    entities = apps.get_model("billing", "LegalEntity").objects.order_by("pk")
    rows = _split.split(list(entities))
    for row in rows:
        row.vat_currency = currency_of(row.country)
        if not row.street and not row.address:
            row.default_tax_rate = None  # nobody has set it up yet, so nobody has chosen 0 %
    entities.bulk_update(rows, [*_split.FILLED, "vat_currency", "default_tax_rate"])


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0022_legal_entity_particulars"),
        ("contracts", "0015_split_addresses_and_tax_ids"),
    ]

    operations = [migrations.RunPython(split_entities, migrations.RunPython.noop)]
