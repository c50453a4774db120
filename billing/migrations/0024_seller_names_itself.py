import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0023_split_legal_entity"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="invoice",
            name="nothing_is_billed_while_waiting",
        ),
        migrations.AlterField(
            model_name="billingwait",
            name="code",
            field=models.CharField(
                choices=[
                    ("many_deals", "Many new deals at once"),
                    ("large_value", "Far more value than usual"),
                    ("not_shown", "Not shown before billing was started"),
                    ("buyer_address", "Customer's address missing"),
                    ("tax_undecided", "Tax not decided"),
                    ("seller_tax_id", "Your tax ID missing"),
                    ("po_missing", "PO number missing"),
                    ("unprintable", "Letters that cannot be printed"),
                ],
                max_length=20,
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="invoice",
            trigger=pgtrigger.compiler.Trigger(
                name="nothing_is_billed_while_waiting",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE refused text;",
                    func="\n            EXECUTE $query$\n                SELECT contract.name\n                FROM inserted JOIN contracts_contract contract ON contract.id = inserted.contract_id\n                WHERE EXISTS (SELECT 1 FROM billing_billingwait wait WHERE wait.contract_id = contract.id) OR EXISTS (\n        SELECT 1 FROM contracts_customer customer, (\n            SELECT * FROM billing_legalentity ORDER BY id LIMIT 1\n        ) seller\n        WHERE customer.id = contract.customer_id AND ((seller.requires_buyer_address AND NOT CASE WHEN btrim(concat(customer.street, customer.post_code, customer.city), E' \\t\\r\\n') <> ''\n    THEN customer.country <> '' AND btrim(concat(customer.street, customer.city), E' \\t\\r\\n') <> ''\n    ELSE btrim(customer.address, E' \\t\\r\\n') <> ''\nEND) OR (\n        customer.tax_rate IS NULL AND (\n            seller.default_tax_rate IS NULL\n            OR seller.country <> '' AND CASE WHEN customer.country <> ''\n                THEN customer.country <> seller.country\n                ELSE seller.vat_currency NOT IN ('', contract.currency)\n            END\n        )\n    ) OR (\n        coalesce(customer.tax_rate, seller.default_tax_rate, 0) > 0\n        AND seller.vat_id = '' AND seller.tax_number = ''\n    ) OR (customer.po_required AND contract.po_number = ''))\n    )\n                LIMIT 1\n            $query$ INTO refused;\n            IF refused IS NOT NULL THEN\n                RAISE EXCEPTION 'The billing of % waits for a decision. The page of the contract shows why and who decides.', refused USING ERRCODE = 'restrict_violation';\n            END IF;\n            RETURN NULL;\n        ",
                    hash="d50e96b90c291232033b3d4ad7440a9a2dce888e",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_nothing_is_billed_while_waiting_1f498",
                    referencing="REFERENCING NEW TABLE AS inserted ",
                    table="billing_invoice",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="invoice",
            trigger=pgtrigger.compiler.Trigger(
                name="issued_invoice_names_its_parties",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE refused text;",
                    func="\n            SELECT number INTO refused\n            FROM inserted JOIN billing_legalentity entity ON entity.id = inserted.legal_entity_id\n            WHERE inserted.state <> 'draft' AND (\n                coalesce(seller ->> 'name', '') = '' OR coalesce(buyer ->> 'name', '') = ''\n                OR \n        jsonb_array_length(coalesce(seller #> '{address,lines}', '[]')) = 0\n        AND coalesce(seller #>> '{address,city}', '') = ''\n    \n                OR entity.requires_buyer_address AND \n        jsonb_array_length(coalesce(buyer #> '{address,lines}', '[]')) = 0\n        AND coalesce(buyer #>> '{address,city}', '') = ''\n    \n                OR tax_minor <> 0 AND coalesce(seller ->> 'vat_id', '') = ''\n                    AND coalesce(seller ->> 'tax_number', '') = ''\n            )\n            LIMIT 1;\n            IF refused IS NOT NULL THEN\n                RAISE EXCEPTION 'Invoice % lacks a name, an address or the tax ID of its sender. Enter it under Settings, Legal entity, or on the page of the customer.', refused USING ERRCODE = 'restrict_violation';\n            END IF;\n            RETURN NULL;\n        ",
                    hash="b4f52086d05d3fd8d403dfc5c50ac8d3d2e21e00",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_issued_invoice_names_its_parties_40a46",
                    referencing="REFERENCING NEW TABLE AS inserted ",
                    table="billing_invoice",
                    when="AFTER",
                ),
            ),
        ),
        migrations.RemoveField(
            model_name="legalentity",
            name="tax_id",
        ),
    ]
