import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import crm_sync.fields


class Migration(migrations.Migration):
    dependencies = [
        ("crm_sync", "0021_facts_of_the_org_and_lasting_warnings"),
    ]

    operations = [
        migrations.CreateModel(
            name="TokenRenewal",
            fields=[
                (
                    "connection",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="crm_sync.connection",
                    ),
                ),
                (
                    "began_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "retried",
                    models.BooleanField(default=False, help_text="The old token was shown once more since."),
                ),
            ],
        ),
        migrations.AddField(
            model_name="connectioncredentials",
            name="given_digest",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Of the refresh token that came in a file.",
                max_length=64,
            ),
        ),
        migrations.CreateModel(
            name="LooseGrant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[("waits", "Waits for its connect to end"), ("ends", "To be revoked")],
                        db_default="waits",
                        default="waits",
                        max_length=5,
                    ),
                ),
                (
                    "given_digest",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Of the refresh token that it came of, from a file.",
                        max_length=64,
                    ),
                ),
                ("login_url", models.CharField(max_length=200)),
                ("client_id", models.CharField(blank=True, max_length=300)),
                ("client_secret", crm_sync.fields.SecretField(editable=False, null=True)),
                ("access_token", crm_sync.fields.SecretField(editable=False, null=True)),
                ("refresh_token", crm_sync.fields.SecretField(editable=False, null=True)),
                ("instance_url", models.CharField(blank=True, max_length=200)),
                ("org_id", models.CharField(blank=True, max_length=40)),
                ("is_signed", models.BooleanField(default=True)),
                ("renewal_began_at", models.DateTimeField(null=True)),
                ("renewal_retried", models.BooleanField(default=False)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="loose_grants",
                        to="crm_sync.connection",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("given_digest", ""), _negated=True),
                        fields=("given_digest",),
                        name="one_loose_grant_per_given_token",
                    )
                ],
            },
        ),
    ]
