"""The application's role cannot shorten what watches it. By SQL, as that role and as the owner of the tables."""

from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection

from fincelo import checks, closed_triggers, database_rights
from tests.billing.mailing.letters import issue

ROLES = (settings.BASE_DIR / "deploy" / "roles.sql").read_text()
KEPT = "are kept for ever: this table cannot be emptied."
AUDIT = ("contracts_auditentry", "contracts_auditseal")


@pytest.fixture(scope="module")
def roles(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    """What roles.sql makes, run twice, and everything back at the superuser's afterwards."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for _ in range(2):
            cursor.execute(ROLES)
        connection.close()
        yield
        cursor = connection.cursor()
        cursor.execute(f'ALTER DATABASE "{connection.settings_dict["NAME"]}" OWNER TO postgres')
        cursor.execute(
            "REASSIGN OWNED BY fincelo_owner TO postgres; DROP OWNED BY fincelo_app, fincelo_owner"
        )
        cursor.execute("GRANT ALL ON SCHEMA public TO PUBLIC")
        connection.close()


def as_role(role: str, statement: str) -> str:
    """What the database answers to a session of that role; empty when it obeys. Nothing is kept."""
    params = connection.get_connection_params()
    with psycopg.connect(
        host=params["host"], user=role, dbname=params["dbname"], autocommit=False
    ) as session:
        try:
            session.execute(statement)
        except psycopg.Error as error:
            return str(error).split("\n")[0].removeprefix("pgtrigger: ")
        finally:
            session.rollback()
    return ""


@pytest.mark.django_db
@pytest.mark.usefixtures("roles")
@pytest.mark.parametrize("table", AUDIT)
@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE {0}",
        "UPDATE {0} SET id = id",
        "DELETE FROM {0}",
        "ALTER TABLE {0} DISABLE TRIGGER ALL",
        "DROP TABLE {0}",
        "CREATE TRIGGER x BEFORE INSERT ON {0} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "SET session_replication_role = replica",
        "CREATE TABLE anything (id int)",
        "CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) RETURNS boolean"
        " LANGUAGE sql AS 'SELECT true'",
        "DELETE FROM django_migrations",
    ],
)
def test_application_role_is_refused(statement: str, table: str) -> None:
    answer = as_role("fincelo_app", statement.format(table))

    assert answer.startswith(("permission denied", "must be owner"))


@pytest.mark.django_db
@pytest.mark.usefixtures("roles")
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO contracts_auditentry (actor_name, action, object_type, object_id, object_name, before, after,"
        " reason) VALUES ('x', 'x', 'x', 1, 'x', '{}', '{}', '')",
        "SELECT count(*) FROM contracts_auditseal",
        "SELECT system_identifier FROM pg_control_system()",
        "UPDATE contracts_workspace SET name = name",
        "DELETE FROM fincelo_cacheentry",
        "SELECT count(*) FROM django_migrations",
    ],
)
def test_application_role_may_do_its_work(statement: str) -> None:
    assert as_role("fincelo_app", statement) == ""


@pytest.mark.django_db
@pytest.mark.usefixtures("roles")
def test_rights_are_narrow_for_the_application_alone() -> None:
    found = {}
    for role in ("postgres", "fincelo_owner", "fincelo_app"):
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {role}")
            found[role] = database_rights.rights().are_narrow
            cursor.execute("RESET ROLE")

    assert found == {"postgres": False, "fincelo_owner": False, "fincelo_app": True}


@pytest.mark.django_db
def test_start_warns_of_a_mighty_role_and_refuses_a_way_past_triggers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ENGINE", "django.db.backends.postgresql")
    warned = [problem.id for problem in checks.database(databases=["default"])]
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) RETURNS boolean"
            " LANGUAGE sql IMMUTABLE AS 'SELECT true'"
        )
    refused = [problem.id for problem in checks.database(databases=["default"])]

    assert (warned, refused) == (["fincelo.W001"], ["fincelo.E023", "fincelo.W001"])


@pytest.mark.django_db
def test_nobody_is_let_past_the_triggers_by_a_session_variable() -> None:
    [invoice] = issue()

    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pgtrigger.ignore', array_agg(tgname)::text, true) FROM pg_trigger")
        with pytest.raises(DatabaseError, match="stays as it is"):
            cursor.execute("UPDATE billing_invoice SET buyer = '{}' WHERE id = %s", [invoice.pk])


@pytest.mark.django_db
def test_installing_triggers_leaves_no_way_past_them() -> None:
    call_command("pgtrigger", "install", "contracts.AuditEntry:audit_is_append_only")

    assert closed_triggers.is_closed()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "table",
    [
        *("contracts_auditentry", "contracts_auditseal", "contracts_contract", "contracts_customer"),
        *("billing_invoice", "billing_invoiceline", "billing_creditnote", "billing_creditnoteline"),
        *("billing_payment", "billing_paymentimport", "billing_instalment", "billing_billingschedule"),
        *("billing_billingrun", "billing_legalentity", "billing_numberseries", "billing_invoicemail"),
        *("billing_approvallimit", "billing_billingpolicy", "billing_logo", "billing_invoicerendering"),
        *("billing_creditnoterendering", "crm_sync_crmdeal"),
    ],
)
def test_not_even_the_owner_empties_a_table_of_money(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        with pytest.raises(DatabaseError, match=KEPT):
            cursor.execute(f"TRUNCATE {table} CASCADE")
