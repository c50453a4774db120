import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0024_seller_names_itself"),
        ("contracts", "0013_right_to_export"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="creditnote",
            name="alone_limit_minor",
            field=models.BigIntegerField(
                help_text="The limit under which one person issued it alone. Empty: two did, or none held.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="approvallimit",
            name="amount_minor",
            field=models.BigIntegerField(
                help_text="In the currency's smallest unit. Empty: no limit, by an explicit decision.",
                null=True,
            ),
        ),
        migrations.CreateModel(
            name="ControlChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("limit", "Limit"),
                            ("policy", "Billing policy"),
                            ("letterhead", "Bank details"),
                            ("void", "Void invoice"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("", "Waits"),
                            ("confirmed", "Confirmed"),
                            ("withdrawn", "Withdrawn"),
                            ("alone", "Within the limit of one person"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "subject",
                    models.CharField(help_text="What it changes. One open request for each.", max_length=60),
                ),
                (
                    "sentence",
                    models.CharField(help_text="What it comes to, for whoever confirms it.", max_length=300),
                ),
                ("payload", models.JSONField(default=dict)),
                ("currency", models.CharField(blank=True, default="", max_length=3)),
                ("amount_minor", models.BigIntegerField(null=True)),
                (
                    "requested_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="contracts.customer",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["customer", "currency"], name="control_by_customer")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("outcome", "")),
                        fields=("subject",),
                        name="one_open_request_per_subject",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("outcome", "confirmed"), _negated=True),
                            models.Q(("requested_by", models.F("decided_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="two_people_confirm_a_control",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at", None), ("decided_by", None), ("outcome", "")),
                            models.Q(
                                models.Q(("outcome", ""), _negated=True),
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="control_is_decided_by_somebody",
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="controlchange",
            trigger=pgtrigger.compiler.Trigger(
                name="control_changes_are_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'Decisions of two people are kept for ever: this table cannot be emptied.' USING ERRCODE = 'restrict_violation';",
                    hash="eb3396cd47b8f3c46a9bf573d526223ef5fb7755",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_control_changes_are_kept_511e1",
                    table="billing_controlchange",
                    when="BEFORE",
                ),
            ),
        ),
    ]
