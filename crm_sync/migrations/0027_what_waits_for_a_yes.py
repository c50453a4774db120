from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm_sync", "0026_deals_are_kept"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="connection",
            options={
                "permissions": [
                    ("change_billing_meaning", "Can change what the deals of a connection come to")
                ]
            },
        ),
        migrations.AddField(
            model_name="crmdeal",
            name="needs_yes",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Somebody who does not decide what is billed has decided about it: its contract waits for approval.",
            ),
        ),
        migrations.AddField(
            model_name="mappingversion",
            name="is_agreed",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="Somebody who decides what is billed made it or agreed to it. Until then contracts that come out differently by it wait for approval.",
            ),
        ),
    ]
