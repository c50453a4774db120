"""Takes away the switch that django-pgtrigger leaves in the database.

Each of its triggers asks a function whether the session wants to be let through, and any role may say so by a
session variable. Fincelo never does, so the function answers no, whatever the session says. Installing a
trigger brings the original back: `close` runs after each migrate, and a start checks that it did.
"""

from typing import Any

from django.db import connections

SIGNATURE = "public._pgtrigger_should_ignore(trigger_name name)"
BODY = " SELECT false "


def close(*, using: str, **kwargs: Any) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"CREATE OR REPLACE FUNCTION {SIGNATURE} RETURNS boolean LANGUAGE sql IMMUTABLE AS $${BODY}$$"
        )


def is_closed(*, using: str = "default") -> bool:
    """True as well where no trigger was ever installed."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT prosrc FROM pg_proc WHERE oid = to_regprocedure('public._pgtrigger_should_ignore(name)')"
        )
        row = cursor.fetchone()
    return row is None or row[0] == BODY
