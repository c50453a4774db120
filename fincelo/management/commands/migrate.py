from typing import Any

from django.conf import settings
from django.core.management.commands import migrate
from django.db import connections

from fincelo.checks import OPEN_TRIGGERS

LOGIN = ("NAME", "USER", "PASSWORD", "HOST", "PORT")


class Command(migrate.Command):
    """Migrates as the owner of the tables, where DATABASE_OWNER_URL names one."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        if settings.DATABASE_OWNER:
            connection = connections[options["database"]]
            connection.close()
            owner = settings.DATABASE_OWNER
            connection.settings_dict |= {key: owner[key] for key in LOGIN if key in owner}
        # What it finds open, migrating closes.
        silenced = settings.SILENCED_SYSTEM_CHECKS
        settings.SILENCED_SYSTEM_CHECKS = [*settings.SILENCED_SYSTEM_CHECKS, OPEN_TRIGGERS]
        try:
            return super().execute(*args, **options)
        finally:
            settings.SILENCED_SYSTEM_CHECKS = silenced
