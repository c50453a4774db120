import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0011_printed_custom_fields"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="creditnote",
            name="issued_credit_note_is_frozen",
        ),
        migrations.AddField(
            model_name="creditnote",
            name="lacks_lines",
            field=models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text="Issued before every credit note had a line: it takes back tax alone, up to one unit.",
            ),
        ),
        migrations.RunSQL(
            sql="""
                UPDATE billing_creditnote note SET lacks_lines = true
                WHERE state = 'issued' AND NOT EXISTS (
                    SELECT 1 FROM billing_creditnoteline line WHERE line.credit_note_id = note.id
                )
            """,
            reverse_sql=migrations.RunSQL.noop,
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="creditnote",
            trigger=pgtrigger.compiler.Trigger(
                name="issued_credit_note_is_frozen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF TG_OP = 'INSERT' THEN\n                IF NEW.state <> 'draft' THEN\n                    RAISE EXCEPTION 'A credit note begins as a draft. Issuing it gives it the next number.' USING ERRCODE = 'restrict_violation';\n                END IF;\n                RETURN NEW;\n            END IF;\n            IF OLD.state <> 'draft' THEN\n                RAISE EXCEPTION 'Credit note % is issued and stays as it is.', OLD.number USING ERRCODE = 'restrict_violation';\n            END IF;\n            IF NEW.state <> 'draft' AND NOT EXISTS (\n                SELECT 1 FROM billing_creditnoteline WHERE credit_note_id = NEW.id\n            ) THEN\n                RAISE EXCEPTION 'Credit note % has no line. Ask for an amount that takes back a charge.', NEW.number USING ERRCODE = 'restrict_violation';\n            END IF;\n            IF NEW.state <> 'draft' AND NEW.net_minor <> (\n                SELECT coalesce(sum(amount_minor), 0) FROM billing_creditnoteline\n                WHERE credit_note_id = NEW.id\n            ) THEN\n                RAISE EXCEPTION 'The lines of credit note % are not its net.', NEW.number USING ERRCODE = 'restrict_violation';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="fff224d102d2d85ace07e71a53dead21d64c4c16",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_issued_credit_note_is_frozen_98520",
                    table="billing_creditnote",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="invoice",
            trigger=pgtrigger.compiler.Trigger(
                name="issued_invoice_has_lines",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.state <> 'draft')",
                    constraint="CONSTRAINT",
                    func="\n        IF NOT EXISTS (SELECT 1 FROM billing_invoiceline WHERE invoice_id = NEW.id) THEN\n            RAISE EXCEPTION 'Invoice % has no line. An invoice is issued together with what it charges.', NEW.number USING ERRCODE = 'restrict_violation';\n        END IF;\n        RETURN NULL;\n    ",
                    hash="7f9015cb527666198dfec960d9a76c983e1a37be",
                    operation="INSERT",
                    pgid="pgtrigger_issued_invoice_has_lines_4dcc5",
                    table="billing_invoice",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
    ]
