from django.conf import settings
from django.db import migrations, models

import crm_sync.models.policies


class Migration(migrations.Migration):
    dependencies = [
        ("crm_sync", "0012_previews_of_imports"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HoldPolicy",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(
                        default=1, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "reminder_hours",
                    models.JSONField(
                        blank=True,
                        default=crm_sync.models.policies.reminder_hours,
                        help_text="Hours after a deal was held, such as 42, 66, 90. Empty: nobody is reminded.",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "hold policies",
            },
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(
                    ("resolved_at", None), ("told_at", None), models.Q(("manager_email", ""), _negated=True)
                ),
                fields=["crm_deal"],
                name="hold_to_tell",
            ),
        ),
        migrations.AddConstraint(
            model_name="holdpolicy",
            constraint=models.CheckConstraint(condition=models.Q(("id", 1)), name="hold_policy_is_one"),
        ),
    ]
