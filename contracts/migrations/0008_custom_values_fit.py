import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0007_approval_of_contracts"),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name="contract",
            trigger=pgtrigger.compiler.Trigger(
                name="contract_values_fit_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE refused record;",
                    func="\n            SELECT field.label, misfit.value INTO refused\n            FROM contracts_customfield field, LATERAL (\n                SELECT written.custom_fields ->> field.label AS value FROM written\n                WHERE jsonb_exists(written.custom_fields, field.label)\n                  AND (CASE field.type\n        WHEN 'number' THEN (written.custom_fields ->> field.label) ~ '^-?[0-9]+(\\.[0-9]+)?$'\n        WHEN 'date' THEN CASE WHEN (written.custom_fields ->> field.label) ~ '^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' THEN substr((written.custom_fields ->> field.label), 9, 2)::int <= extract(\n            day FROM (substr((written.custom_fields ->> field.label), 1, 7) || '-01')::date + interval '1 month' - interval '1 day'\n        ) ELSE false END\n        WHEN 'yes_no' THEN (written.custom_fields ->> field.label) IN ('Yes', 'No')\n        ELSE true\n    END)\n                  IS NOT TRUE\n                LIMIT 1\n            ) misfit\n            WHERE field.home = 'contract' AND field.type <> 'text'\n            LIMIT 1;\n            IF FOUND THEN\n                RAISE EXCEPTION 'The custom field % holds %, which is no value of its type.', refused.label, refused.value USING ERRCODE = 'check_violation';\n            END IF;\n            RETURN NULL;\n        ",
                    hash="94c1239ae534a7ac41dc613eb318e6f3bb28b262",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_contract_values_fit_insert_fca78",
                    referencing="REFERENCING NEW TABLE AS written ",
                    table="contracts_contract",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="contract",
            trigger=pgtrigger.compiler.Trigger(
                name="contract_values_fit_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE refused record;",
                    func="\n            SELECT field.label, misfit.value INTO refused\n            FROM contracts_customfield field, LATERAL (\n                SELECT written.custom_fields ->> field.label AS value FROM written\n                WHERE jsonb_exists(written.custom_fields, field.label)\n                  AND (CASE field.type\n        WHEN 'number' THEN (written.custom_fields ->> field.label) ~ '^-?[0-9]+(\\.[0-9]+)?$'\n        WHEN 'date' THEN CASE WHEN (written.custom_fields ->> field.label) ~ '^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' THEN substr((written.custom_fields ->> field.label), 9, 2)::int <= extract(\n            day FROM (substr((written.custom_fields ->> field.label), 1, 7) || '-01')::date + interval '1 month' - interval '1 day'\n        ) ELSE false END\n        WHEN 'yes_no' THEN (written.custom_fields ->> field.label) IN ('Yes', 'No')\n        ELSE true\n    END)\n                  IS NOT TRUE\n                LIMIT 1\n            ) misfit\n            WHERE field.home = 'contract' AND field.type <> 'text'\n            LIMIT 1;\n            IF FOUND THEN\n                RAISE EXCEPTION 'The custom field % holds %, which is no value of its type.', refused.label, refused.value USING ERRCODE = 'check_violation';\n            END IF;\n            RETURN NULL;\n        ",
                    hash="3770557fcec665d5ad36d40d3fd4fd674e83491d",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_contract_values_fit_update_4b497",
                    referencing="REFERENCING NEW TABLE AS written ",
                    table="contracts_contract",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="customer",
            trigger=pgtrigger.compiler.Trigger(
                name="customer_values_fit_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE refused record;",
                    func="\n            SELECT field.label, misfit.value INTO refused\n            FROM contracts_customfield field, LATERAL (\n                SELECT written.custom_fields ->> field.label AS value FROM written\n                WHERE jsonb_exists(written.custom_fields, field.label)\n                  AND (CASE field.type\n        WHEN 'number' THEN (written.custom_fields ->> field.label) ~ '^-?[0-9]+(\\.[0-9]+)?$'\n        WHEN 'date' THEN CASE WHEN (written.custom_fields ->> field.label) ~ '^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' THEN substr((written.custom_fields ->> field.label), 9, 2)::int <= extract(\n            day FROM (substr((written.custom_fields ->> field.label), 1, 7) || '-01')::date + interval '1 month' - interval '1 day'\n        ) ELSE false END\n        WHEN 'yes_no' THEN (written.custom_fields ->> field.label) IN ('Yes', 'No')\n        ELSE true\n    END)\n                  IS NOT TRUE\n                LIMIT 1\n            ) misfit\n            WHERE field.home = 'customer' AND field.type <> 'text'\n            LIMIT 1;\n            IF FOUND THEN\n                RAISE EXCEPTION 'The custom field % holds %, which is no value of its type.', refused.label, refused.value USING ERRCODE = 'check_violation';\n            END IF;\n            RETURN NULL;\n        ",
                    hash="23ab1e0609b68528e3a42781e662eb26e6fca895",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_customer_values_fit_insert_c9b62",
                    referencing="REFERENCING NEW TABLE AS written ",
                    table="contracts_customer",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="customer",
            trigger=pgtrigger.compiler.Trigger(
                name="customer_values_fit_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE refused record;",
                    func="\n            SELECT field.label, misfit.value INTO refused\n            FROM contracts_customfield field, LATERAL (\n                SELECT written.custom_fields ->> field.label AS value FROM written\n                WHERE jsonb_exists(written.custom_fields, field.label)\n                  AND (CASE field.type\n        WHEN 'number' THEN (written.custom_fields ->> field.label) ~ '^-?[0-9]+(\\.[0-9]+)?$'\n        WHEN 'date' THEN CASE WHEN (written.custom_fields ->> field.label) ~ '^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' THEN substr((written.custom_fields ->> field.label), 9, 2)::int <= extract(\n            day FROM (substr((written.custom_fields ->> field.label), 1, 7) || '-01')::date + interval '1 month' - interval '1 day'\n        ) ELSE false END\n        WHEN 'yes_no' THEN (written.custom_fields ->> field.label) IN ('Yes', 'No')\n        ELSE true\n    END)\n                  IS NOT TRUE\n                LIMIT 1\n            ) misfit\n            WHERE field.home = 'customer' AND field.type <> 'text'\n            LIMIT 1;\n            IF FOUND THEN\n                RAISE EXCEPTION 'The custom field % holds %, which is no value of its type.', refused.label, refused.value USING ERRCODE = 'check_violation';\n            END IF;\n            RETURN NULL;\n        ",
                    hash="80bab486b7a879d1a857464c5a9da8c7693a5cec",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_customer_values_fit_update_629a7",
                    referencing="REFERENCING NEW TABLE AS written ",
                    table="contracts_customer",
                    when="AFTER",
                ),
            ),
        ),
    ]
