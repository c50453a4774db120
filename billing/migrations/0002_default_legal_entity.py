from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def create_legal_entity(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Invoices need a sender from the first day; its name and address are edited in the admin."""
    LegalEntity = apps.get_model("billing", "LegalEntity")
    Workspace = apps.get_model("contracts", "Workspace")
    if not LegalEntity.objects.exists():
        workspace = Workspace.objects.first()
        LegalEntity.objects.create(name=workspace.name if workspace else "My company")


def remove_unused_legal_entity(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("billing", "LegalEntity").objects.filter(
        name="My company", numberseries=None, invoice=None
    ).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0001_initial"),
        ("contracts", "0001_initial"),
    ]

    operations = [migrations.RunPython(create_legal_entity, remove_unused_legal_entity)]
