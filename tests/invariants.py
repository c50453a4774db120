"""What the invariants say of the test database."""

from collections.abc import Collection

from django.db import connection

from fincelo.invariants import find_violations

TESTS_EMPTY_TABLES = "database_refuses_emptying"  # tests/conftest.py switches those refusals off
WITHOUT_CRM = "contract_has_its_import_record"  # contracts that no sync has written


def violations(*, but: Collection[str] = ()) -> dict[str, list[str]]:
    """By invariant: the sentences."""
    found = find_violations(but={TESTS_EMPTY_TABLES, *but})
    return {finding.name: list(finding.sentences) for finding in found}


def assert_no_violations(*, but: Collection[str] = ()) -> None:
    assert violations(but=but) == {}


def plant(*statements: str) -> None:
    """Past every trigger and foreign key, and past the constraints that a statement drops. In a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SET LOCAL session_replication_role = origin")
