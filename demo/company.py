"""`python -m demo.company`: who sends the invoices of the demo, unless somebody has entered another."""

import os

import django

COMPANY = {
    "name": "Northwind Software Ltd",
    "street": "12 Harbour Street",
    "city": "Bristol",
    "post_code": "BS1 5TR",
    "country": "GB",
    "vat_currency": "GBP",
    "vat_id": "GB123456782",
    "default_tax_rate": 20_000,
}


def ensure_company() -> None:
    from django.apps import apps  # after django.setup()

    entities = apps.get_model("billing", "LegalEntity").objects.order_by("pk")
    first = entities.first()
    if first is None:
        entities.create(**COMPANY)
    elif not first.has_address:
        entities.filter(pk=first.pk).update(**COMPANY)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fincelo.settings")
    django.setup()
    ensure_company()
