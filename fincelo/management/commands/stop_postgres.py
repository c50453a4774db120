from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from fincelo import embedded_postgres


class Command(BaseCommand):
    help = "Stop the embedded PostgreSQL, which the first command that needs it starts."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        embedded_postgres.stop(settings.EMBEDDED_POSTGRES)
