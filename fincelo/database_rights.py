"""What the application's role may do in the database, compared with what it needs.

Two roles keep the audit out of reach of what it watches: the owner migrates, and the application reads and
writes rows. deploy/roles.sql makes both.
"""

from dataclasses import astuple, dataclass
from typing import Any

from django.db import connections

APPENDED_ONLY = ("contracts_auditentry", "contracts_auditseal", "fincelo_rolegrant")
APPLICATION_ROLE = "fincelo_app"
ASKED = f"""
    SELECT role.rolsuper OR role.rolbypassrls OR role.rolcreaterole OR role.rolcreatedb,
        EXISTS (
            SELECT 1 FROM pg_class owned
            WHERE owned.relnamespace = 'public'::regnamespace
              AND pg_has_role(role.oid, owned.relowner, 'USAGE')
        ),
        has_schema_privilege(role.oid, 'public', 'CREATE'),
        EXISTS (
            SELECT 1 FROM unnest('{{{",".join(APPENDED_ONLY)}}}'::text[]) kept
            WHERE to_regclass(kept) IS NOT NULL
              AND has_table_privilege(role.oid, to_regclass(kept), 'UPDATE, DELETE, TRUNCATE')
        )
    FROM pg_roles role WHERE role.rolname = current_user
"""  # noqa: S608  constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What a role may do beyond its need."""

    is_mighty: bool
    """It may pass by all rules, or make roles or databases."""
    owns_tables: bool
    may_create: bool
    may_change_audit: bool

    @property
    def are_narrow(self) -> bool:
        return not any(astuple(self))


def rights(*, using: str = "default") -> Rights:
    """Of the role that this process is connected as."""
    with connections[using].cursor() as cursor:
        cursor.execute(ASKED)
        mighty, owns, creates, changes = cursor.fetchone()
    return Rights(is_mighty=mighty, owns_tables=owns, may_create=creates, may_change_audit=changes)


def narrow_application_role(*, using: str, **kwargs: Any) -> None:
    """After each migrate: tables of the audit are appended to and nothing else, where the role exists."""
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APPLICATION_ROLE])
        if cursor.fetchone() is None:
            return
        for table in APPENDED_ONLY:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
            if cursor.fetchone()[0]:
                cursor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {APPLICATION_ROLE}")
