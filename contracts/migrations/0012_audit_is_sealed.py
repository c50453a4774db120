import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0020_names_are_one_line"),
    ]

    operations = [
        migrations.RunSQL(
            """
            DO $$
            BEGIN
                EXECUTE format(
                    'ALTER TABLE contracts_auditentry ADD COLUMN system bigint NOT NULL DEFAULT %s,'
                    ' ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id()',
                    (SELECT system_identifier FROM pg_control_system())
                );
            END
            $$
            """,
            "ALTER TABLE contracts_auditentry DROP COLUMN system, DROP COLUMN xid",
        ),
        migrations.RunSQL(
            "ALTER TABLE contracts_auditentry ALTER COLUMN system SET DEFAULT 0", migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            "CREATE INDEX audit_by_xid ON contracts_auditentry (system, xid)", migrations.RunSQL.noop
        ),
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "system",
                    models.BigIntegerField(
                        help_text="The identifier of the server in which they were written."
                    ),
                ),
                ("from_xid", models.BigIntegerField(help_text="The first transaction.")),
                ("until_xid", models.BigIntegerField(help_text="The first transaction of the next seal.")),
                ("entries", models.PositiveIntegerField()),
                ("digest", models.CharField(max_length=64)),
                (
                    "sealed_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="auditentry",
            trigger=pgtrigger.compiler.Trigger(
                name="audit_is_append_only_whole",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'Entries of the audit are kept for ever: this table cannot be emptied.' USING ERRCODE = 'restrict_violation';",
                    hash="399d74dd880e71c870efab2de15096d6d7e62c15",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_audit_is_append_only_whole_92880",
                    table="contracts_auditentry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="auditentry",
            trigger=pgtrigger.compiler.Trigger(
                name="audit_is_stamped",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    NEW.at = clock_timestamp();\n    NEW.system = (SELECT system_identifier FROM pg_control_system());\n    NEW.xid = pg_current_xact_id();\n    RETURN NEW;\n",
                    hash="5e30bc6790cc70f586a0fe02aa9ebb79fafd9fc3",
                    operation="INSERT",
                    pgid="pgtrigger_audit_is_stamped_00922",
                    table="contracts_auditentry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="contract",
            trigger=pgtrigger.compiler.Trigger(
                name="contracts_are_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'Contracts are kept for ever: this table cannot be emptied.' USING ERRCODE = 'restrict_violation';",
                    hash="db294072fcad6983c46ba4b7b65d6ffc5c63ffe5",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_contracts_are_kept_4dc97",
                    table="contracts_contract",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="customer",
            trigger=pgtrigger.compiler.Trigger(
                name="customers_are_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'Customers are kept for ever: this table cannot be emptied.' USING ERRCODE = 'restrict_violation';",
                    hash="802a7a3f9a391fc2e760114a917b9f235c4803f9",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_customers_are_kept_062f4",
                    table="contracts_customer",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="auditseal",
            constraint=models.UniqueConstraint(
                fields=("system", "from_xid"), name="one_audit_seal_per_place"
            ),
        ),
        migrations.AddConstraint(
            model_name="auditseal",
            constraint=models.CheckConstraint(
                condition=models.Q(("entries__gt", 0)), name="audit_seal_has_entries"
            ),
        ),
        migrations.AddConstraint(
            model_name="auditseal",
            constraint=models.CheckConstraint(
                condition=models.Q(("until_xid__gt", models.F("from_xid"))), name="audit_seal_has_a_span"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="auditseal",
            trigger=pgtrigger.compiler.Trigger(
                name="audit_seals_are_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="39be11d1f38b85facf47e4c512340956950c333b",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_audit_seals_are_append_only_0659e",
                    table="contracts_auditseal",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="auditseal",
            trigger=pgtrigger.compiler.Trigger(
                name="audit_seals_are_append_only_whole",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'Entries of the audit are kept for ever: this table cannot be emptied.' USING ERRCODE = 'restrict_violation';",
                    hash="ceae87be360d1616fde1099716e0675e8a90a847",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_audit_seals_are_append_only_whole_97ecd",
                    table="contracts_auditseal",
                    when="BEFORE",
                ),
            ),
        ),
    ]
