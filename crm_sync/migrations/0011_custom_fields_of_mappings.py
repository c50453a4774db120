from django.db import migrations

DEFINE = """
INSERT INTO contracts_customfield (home, label, type)
SELECT custom_home, custom_label, min(custom_type) FROM crm_sync_fieldmapping
WHERE target = 'custom'
GROUP BY custom_home, custom_label
HAVING count(DISTINCT custom_type) = 1
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    """Fields that were mapped before there were definitions. Their values are texts until then."""

    dependencies = [
        ("contracts", "0008_custom_values_fit"),
        ("crm_sync", "0010_what_the_lint_knew"),
    ]

    operations = [migrations.RunSQL(DEFINE, migrations.RunSQL.noop)]
