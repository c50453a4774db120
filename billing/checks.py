"""What a web server or worker says at its start of the documents."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.db import DatabaseError, connections, router

from billing.issuing.restoring import restore_sign
from billing.models import DatabaseMark

RESTORED = "billing.W001"


def restored(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Says that a restored database issues nothing. The process starts: pages and polls continue."""
    alias = router.db_for_read(DatabaseMark)
    if alias not in (databases or ()):
        return []
    try:
        if DatabaseMark._meta.db_table not in connections[alias].introspection.table_names():
            return []
        sign = restore_sign()
    except DatabaseError:  # away, or older than this program: other checks say so
        return []
    if sign is None:
        return []
    return [
        Warning(
            f"{sign.label} Nothing is issued and nothing is mailed.",
            hint=f"An approver confirms the restore at {settings.PUBLIC_URL}/settings/billing/restored/, "
            "or with `manage.py confirm_restore`.",
            id=RESTORED,
        )
    ]
