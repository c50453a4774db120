"""The database counts the business day itself, so that every process and every trigger agrees on it."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION contracts_business_day() RETURNS date LANGUAGE sql STABLE AS $$
    SELECT (clock_timestamp() AT TIME ZONE coalesce(
        (SELECT time_zone FROM contracts_workspace LIMIT 1), 'UTC'
    ))::date
$$
"""


class Migration(migrations.Migration):
    dependencies = [("contracts", "0011_audit_knows_addresses")]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION contracts_business_day()")]
