import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def choose_how_to_mail(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """A new workspace mails what it issues. One that bills already mails nothing until somebody switches it on."""
    bills_already = apps.get_model("contracts", "Contract").objects.exists()
    apps.get_model("billing", "Mailing").objects.create(automatic=not bills_already)


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0005_lines_add_up_planned_anew"),
        ("contracts", "0005_customer_language"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Logo",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.CharField(max_length=64, unique=True)),
                ("jpeg", models.BinaryField()),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Mailing",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(
                        default=1, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "automatic",
                    models.BooleanField(
                        default=True,
                        help_text="Otherwise each waits under Invoices, Mail until somebody sends it.",
                        verbose_name="mail invoices when they are issued",
                    ),
                ),
                (
                    "sender",
                    models.CharField(
                        blank=True,
                        default="",
                        db_default="",
                        help_text="Where answers go. Empty: the address of the mail server's settings.",
                        max_length=320,
                        validators=[django.core.validators.EmailValidator()],
                        verbose_name="sender address",
                    ),
                ),
            ],
            options={
                "verbose_name": "mailing",
                "verbose_name_plural": "mailing",
            },
        ),
        migrations.CreateModel(
            name="InvoiceMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("by_hand", "Not sent yet"),
                            ("no_address", "No address"),
                            ("waiting", "Waiting"),
                            ("sending", "Being sent"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "recipient",
                    models.CharField(blank=True, db_default="", help_text="Of the last try.", max_length=320),
                ),
                ("tries", models.PositiveSmallIntegerField(db_default=0)),
                ("next_try_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("sent_at", models.DateTimeField(null=True)),
                ("problem", models.TextField(blank=True, db_default="")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mails",
                        to="billing.invoice",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="InvoiceRendering",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.CharField(max_length=64)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "invoice",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rendering",
                        to="billing.invoice",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Letterhead",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "footer",
                    models.TextField(
                        blank=True,
                        default="",
                        db_default="",
                        help_text="At the foot of each page: bank account, register entry, managing directors.",
                        max_length=500,
                    ),
                ),
                (
                    "legal_entity",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="letterhead",
                        to="billing.legalentity",
                    ),
                ),
                (
                    "logo",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.logo",
                    ),
                ),
            ],
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="logo",
            trigger=pgtrigger.compiler.Trigger(
                name="logo_is_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="80a3c6b9d24e6738af004b518b3a53830ee746b5",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_logo_is_kept_2e70b",
                    table="billing_logo",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="mailing",
            constraint=models.CheckConstraint(condition=models.Q(("id", 1)), name="mailing_is_one"),
        ),
        migrations.AddIndex(
            model_name="invoicemail",
            index=models.Index(fields=["state", "-id"], name="invoice_mail_by_state"),
        ),
        migrations.AddIndex(
            model_name="invoicemail",
            index=models.Index(
                condition=models.Q(("state__in", ["waiting", "sending"])),
                fields=["next_try_at", "id"],
                name="invoice_mail_to_send",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicemail",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["by_hand", "no_address", "waiting", "sending"])),
                fields=("invoice",),
                name="one_open_mail_per_invoice",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicemail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("sent_at__isnull", False), ("state", "sent")),
                    models.Q(models.Q(("state", "sent"), _negated=True), ("sent_at", None)),
                    _connector="OR",
                ),
                name="sent_mail_has_its_moment",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="invoicemail",
            trigger=pgtrigger.compiler.Trigger(
                name="invoice_mail_is_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="c5ad8d1fb84d9f6fed690781a95cf5e953dd5857",
                    operation="DELETE",
                    pgid="pgtrigger_invoice_mail_is_kept_79cc4",
                    table="billing_invoicemail",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="invoicerendering",
            trigger=pgtrigger.compiler.Trigger(
                name="rendering_is_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="781a4074e7354ca134229fab82723f863234a64d",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_rendering_is_kept_ca3f9",
                    table="billing_invoicerendering",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.CreateModel(
            name="CreditNoteRendering",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.CharField(max_length=64)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "credit_note",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rendering",
                        to="billing.creditnote",
                    ),
                ),
            ],
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="creditnoterendering",
            trigger=pgtrigger.compiler.Trigger(
                name="credit_note_rendering_is_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="2cae3a4be6ca3dd9151f0df4e3ac0b713b71c8bf",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_credit_note_rendering_is_kept_cf908",
                    table="billing_creditnoterendering",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.RunPython(choose_how_to_mail, migrations.RunPython.noop),
    ]
