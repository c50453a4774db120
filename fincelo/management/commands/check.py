"""`manage.py check`, which asks the database as well wherever it answers."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.commands import check
from django.db import OperationalError, connections


class Command(check.Command):
    def handle(self, *app_labels: Any, **options: Any) -> None:
        """Without `--database` and `--tag`, as most people call it: every check that can be asked."""
        if not options["databases"] and not options["tags"] and answers():
            options["databases"] = ["default"]
        super().handle(*app_labels, **options)


def answers() -> bool:
    """False for an embedded database that was never used: a check makes none."""
    is_embedded = settings.DATABASES["default"]["ENGINE"] == "fincelo.embedded_backend"
    if is_embedded and not settings.EMBEDDED_POSTGRES.data.exists():
        return False
    try:
        connections["default"].ensure_connection()
    except (ImproperlyConfigured, OperationalError):
        return False
    return True
