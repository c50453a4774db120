"""Django's PostgreSQL backend on the embedded server, which starts with the first connection."""

from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from django.db.utils import OperationalError

from fincelo import embedded_postgres
from fincelo.postgres_programs import UnableToRunPostgres


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        try:
            folder = embedded_postgres.ensure_running(settings.EMBEDDED_POSTGRES)
        except UnableToRunPostgres as error:
            raise OperationalError(str(error)) from error
        return {**super().get_connection_params(), "host": str(folder)}
