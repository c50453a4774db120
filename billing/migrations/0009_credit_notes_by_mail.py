import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

BACKWARDS = """
    UPDATE billing_invoicemail SET state = 'failed', sent_at = NULL WHERE state = 'bounced';
    UPDATE billing_invoicemail SET state = 'withdrawn', problem = 'It was to bring a credit note.'
    WHERE credit_note_id IS NOT NULL AND state <> 'sent';
"""
"""What the earlier version has no words for. The log keeps its rows."""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0008_lighter_indexes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="invoice",
            name="issued_invoice_is_frozen",
        ),
        migrations.RemoveConstraint(
            model_name="invoicemail",
            name="one_open_mail_per_invoice",
        ),
        migrations.RemoveConstraint(
            model_name="invoicemail",
            name="sent_mail_has_its_moment",
        ),
        migrations.AddField(
            model_name="creditnote",
            name="prints_reason",
            field=models.BooleanField(
                db_default=False, help_text="Those from before it was printed keep their bytes."
            ),
        ),
        migrations.AddField(
            model_name="invoicemail",
            name="credit_note",
            field=models.ForeignKey(
                null=True,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="mails",
                to="billing.creditnote",
            ),
        ),
        migrations.AlterField(
            model_name="invoicemail",
            name="state",
            field=models.CharField(
                choices=[
                    ("by_hand", "Not sent yet"),
                    ("no_address", "No address"),
                    ("waiting", "Waiting"),
                    ("sending", "Being sent"),
                    ("sent", "Sent"),
                    ("bounced", "Bounced"),
                    ("failed", "Failed"),
                    ("withdrawn", "Withdrawn"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="mailing",
            name="automatic",
            field=models.BooleanField(
                default=True,
                help_text="Otherwise each waits under Invoices, Mail until somebody sends it.",
                verbose_name="mail invoices and credit notes when they are issued",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="invoice",
            trigger=pgtrigger.compiler.Trigger(
                name="issued_invoice_is_frozen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF OLD.state = 'draft' THEN\n                IF NEW.state <> 'draft' THEN\n                    RAISE EXCEPTION 'A draft becomes an invoice by being approved: that gives it the next number.' USING ERRCODE = 'restrict_violation';\n                END IF;\n                RETURN NEW;\n            END IF;\n            IF to_jsonb(OLD) - '{state,sent_at,credited_minor,paid_minor}'::text[] IS DISTINCT FROM to_jsonb(NEW) - '{state,sent_at,credited_minor,paid_minor}'::text[] THEN\n                RAISE EXCEPTION 'Invoice % is issued and stays as it is. Correct it with a credit note.', OLD.number USING ERRCODE = 'restrict_violation';\n            END IF;\n            IF (OLD.credited_minor, OLD.paid_minor) IS DISTINCT FROM (NEW.credited_minor, NEW.paid_minor)\n                AND pg_trigger_depth() < 2\n            THEN\n                RAISE EXCEPTION 'What is credited or paid of invoice % follows from its credit notes and payments.', OLD.number USING ERRCODE = 'restrict_violation';\n            END IF;\n            IF OLD.state = 'void' THEN\n                RAISE EXCEPTION 'Invoice % is void and stays void.', OLD.number USING ERRCODE = 'restrict_violation';\n            END IF;\n            IF NEW.state = 'draft' THEN\n                RAISE EXCEPTION 'Invoice % is issued and no draft again. Correct it with a credit note.', OLD.number USING ERRCODE = 'restrict_violation';\n            END IF;\n            IF NEW.state = 'void' THEN\n                IF OLD.state <> 'issued' OR OLD.sent_at IS NOT NULL OR EXISTS (\n                    SELECT 1 FROM billing_invoicemail WHERE invoice_id = OLD.id AND sent_at IS NOT NULL\n                ) THEN\n                    RAISE EXCEPTION 'Invoice % was sent, paid or credited, so it cannot be void. Correct it with a credit note.', OLD.number USING ERRCODE = 'restrict_violation';\n                END IF;\n                RETURN NEW;\n            END IF;\n            IF NEW.state = 'sent' AND NEW.sent_at IS NULL THEN\n                NEW.sent_at = now();\n            END IF;\n            IF NEW.state NOT IN (OLD.state, 'sent', CASE\n    WHEN NEW.credited_minor = NEW.total_minor THEN 'credited'\n    WHEN NEW.paid_minor + NEW.credited_minor >= NEW.total_minor THEN 'paid'\n    WHEN NEW.paid_minor > 0 THEN 'part_paid'\n    WHEN NEW.sent_at IS NOT NULL THEN 'sent'\n    ELSE 'issued'\nEND) THEN\n                RAISE EXCEPTION 'The state of invoice % follows from what is sent, credited and paid of it.', OLD.number USING ERRCODE = 'restrict_violation';\n            END IF;\n            NEW.state = CASE\n    WHEN NEW.credited_minor = NEW.total_minor THEN 'credited'\n    WHEN NEW.paid_minor + NEW.credited_minor >= NEW.total_minor THEN 'paid'\n    WHEN NEW.paid_minor > 0 THEN 'part_paid'\n    WHEN NEW.sent_at IS NOT NULL THEN 'sent'\n    ELSE 'issued'\nEND;\n            RETURN NEW;\n        ",
                    hash="a912313f1a5f2ea21ab3b272b67bcb9043d77a79",
                    operation="UPDATE",
                    pgid="pgtrigger_issued_invoice_is_frozen_7e07f",
                    table="billing_invoice",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicemail",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("credit_note", None), ("state__in", ["by_hand", "no_address", "waiting", "sending"])
                ),
                fields=("invoice",),
                name="one_open_mail_per_invoice",
            ),
        ),
        migrations.AddIndex(
            model_name="invoicemail",
            index=models.Index(
                condition=models.Q(("credit_note__isnull", False)),
                fields=["credit_note"],
                name="invoice_mail_by_credit_note",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicemail",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("credit_note__isnull", False),
                    ("state__in", ["by_hand", "no_address", "waiting", "sending"]),
                ),
                fields=("credit_note",),
                name="one_open_mail_per_credit_note",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicemail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("sent_at__isnull", False), ("state__in", ["sent", "bounced"])),
                    models.Q(models.Q(("state__in", ["sent", "bounced"]), _negated=True), ("sent_at", None)),
                    _connector="OR",
                ),
                name="sent_mail_has_its_moment",
            ),
        ),
        migrations.RunSQL(migrations.RunSQL.noop, BACKWARDS),
    ]
