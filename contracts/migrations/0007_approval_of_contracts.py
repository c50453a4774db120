from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0006_custom_fields_and_free_contracts"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="contract",
            options={"permissions": [("approve_contract", "Can approve and reject contracts")]},
        ),
        migrations.AddField(
            model_name="contract",
            name="needs_approval",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Nobody has approved it yet, so nothing of it is billed.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("needs_approval", True), ("state", "awaiting_approval")),
                    ("state", "suspended"),
                    models.Q(
                        models.Q(("state__in", ["awaiting_approval", "suspended"]), _negated=True),
                        ("needs_approval", False),
                    ),
                    _connector="OR",
                ),
                name="contract_is_billed_once_approved",
            ),
        ),
    ]
