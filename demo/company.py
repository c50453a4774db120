"""`python -m demo.company`: who sends the invoices of the demo, unless somebody has entered another."""

import os

import django

COMPANY = {
    "name": "Northwind Software Ltd",
    "address": "12 Harbour Street\nBristol BS1 5TR\nUnited Kingdom",
    "tax_id": "GB 123 4567 89",
    "default_tax_rate": 20_000,
}


def ensure_company() -> None:
    from django.apps import apps  # after django.setup()

    entities = apps.get_model("billing", "LegalEntity").objects.order_by("pk")
    first = entities.first()
    if first is None:
        entities.create(**COMPANY)
    elif not first.address.strip():
        entities.filter(pk=first.pk).update(**COMPANY)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fincelo.settings")
    django.setup()
    ensure_company()
