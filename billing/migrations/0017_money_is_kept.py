import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0028_payments_asked_and_banks"),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name="approvallimit",
            trigger=pgtrigger.compiler.Trigger(
                name="limits_are_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'Limits are kept for ever: this table cannot be emptied.' USING ERRCODE = 'restrict_violation';",
                    hash="8b945d2c3239e7bc2203de5f908a44e78c2b2125",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_limits_are_kept_ccccf",
                    table="billing_approvallimit",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="billingpolicy",
            trigger=pgtrigger.compiler.Trigger(
                name="billing_policy_is_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'Billing policies are kept for ever: this table cannot be emptied.' USING ERRCODE = 'restrict_violation';",
                    hash="42b208d75f623a6ab6a54654a62cea8fea97992b",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_billing_policy_is_kept_87747",
                    table="billing_billingpolicy",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="billingrun",
            trigger=pgtrigger.compiler.Trigger(
                name="billing_runs_are_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'Billing runs are kept for ever: this table cannot be emptied.' USING ERRCODE = 'restrict_violation';",
                    hash="3febcfe9984e7409f119233ae6bcbb3fd26fed00",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_billing_runs_are_kept_bb82b",
                    table="billing_billingrun",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="billingschedule",
            trigger=pgtrigger.compiler.Trigger(
                name="schedules_are_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'Billing schedules are kept for ever: this table cannot be emptied.' USING ERRCODE = 'restrict_violation';",
                    hash="33443be8d2003b92c3ec50b709230cc33f12a2f3",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_schedules_are_kept_7a4c4",
                    table="billing_billingschedule",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="instalment",
            trigger=pgtrigger.compiler.Trigger(
                name="instalments_are_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'Instalments are kept for ever: this table cannot be emptied.' USING ERRCODE = 'restrict_violation';",
                    hash="39cc17c555294dc0dd44258d165c93e5eaa92291",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_instalments_are_kept_31ab8",
                    table="billing_instalment",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="invoicemail",
            trigger=pgtrigger.compiler.Trigger(
                name="invoice_mails_are_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'Mails of issued documents are kept for ever: this table cannot be emptied.' USING ERRCODE = 'restrict_violation';",
                    hash="5e6daadc71ea1a1f4b5bfc45fbccdc72607653d7",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_invoice_mails_are_kept_652e0",
                    table="billing_invoicemail",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="legalentity",
            trigger=pgtrigger.compiler.Trigger(
                name="legal_entities_are_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'Legal entities are kept for ever: this table cannot be emptied.' USING ERRCODE = 'restrict_violation';",
                    hash="b153c10bc754c5d2c9fdf045306f67bd74e10deb",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_legal_entities_are_kept_f9e88",
                    table="billing_legalentity",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="numberseries",
            trigger=pgtrigger.compiler.Trigger(
                name="number_series_are_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'Number series are kept for ever: this table cannot be emptied.' USING ERRCODE = 'restrict_violation';",
                    hash="f657ddccd4578817c7180758efabac3f0314b4bc",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_number_series_are_kept_c98b8",
                    table="billing_numberseries",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="paymentimport",
            trigger=pgtrigger.compiler.Trigger(
                name="payment_imports_are_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'Payment files are kept for ever: this table cannot be emptied.' USING ERRCODE = 'restrict_violation';",
                    hash="cf9f2eee830fb7fcc96bc8c0af6a625d093f839e",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_payment_imports_are_kept_0e95d",
                    table="billing_paymentimport",
                    when="BEFORE",
                ),
            ),
        ),
    ]
