from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0012_audit_is_sealed"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="contract",
            options={
                "permissions": [
                    ("approve_contract", "Can approve and reject contracts"),
                    ("export_records", "Can export tables"),
                ]
            },
        ),
    ]
