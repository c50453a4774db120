"""A cache in the database, shared by all processes, whose values are JSON.

Every cache that Django brings for several processes stores pickles, and reading one runs the code in it:
whoever can insert a row can run a program. This one holds what limits have counted, so it may be emptied at
any time.
"""

import json
from datetime import UTC, datetime
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import connection, models
from django.db.models.functions import Now

SWEPT_AT_ONCE = 20


class JsonCache(BaseCache):
    """Location: the label of the model whose rows are the entries, with columns key, value and expires_at."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._label = location

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Exactly one of any number of processes stores the value."""
        return self._put(key, value, timeout, version, unless="{table}.expires_at > clock_timestamp()")

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._put(key, value, timeout, version, unless="false")

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        key = self.make_and_validate_key(key, version=version)
        rows = self._model._base_manager.filter(pk=key, expires_at__gt=Now()).values_list("value", flat=True)
        return rows[0] if rows else default

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        key = self.make_and_validate_key(key, version=version)
        return bool(self._model._base_manager.filter(pk=key).update(expires_at=self._end(timeout)))

    def delete(self, key: str, version: int | None = None) -> bool:
        key = self.make_and_validate_key(key, version=version)
        return bool(self._model._base_manager.filter(pk=key).delete()[0])

    def clear(self) -> None:
        self._model._base_manager.all().delete()

    @property
    def _model(self) -> type[models.Model]:
        from django.apps import apps  # the cache is made before the models are

        return apps.get_model(self._label)

    def _put(self, key: str, value: Any, timeout: Any, version: int | None, *, unless: str) -> bool:
        """Writes a row in one statement; says whether it did. Some expired rows continue the way."""
        key = self.make_and_validate_key(key, version=version)
        table = self._model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {table} WHERE key IN (SELECT key FROM {table}"  # noqa: S608  a name of ours
                " WHERE expires_at <= clock_timestamp() LIMIT %s FOR UPDATE SKIP LOCKED)",
                [SWEPT_AT_ONCE],
            )
            cursor.execute(
                f"INSERT INTO {table} (key, value, expires_at) VALUES (%s, %s::jsonb, %s)"  # noqa: S608
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at"
                f" WHERE NOT ({unless.format(table=table)})",
                [key, json.dumps(value), self._end(timeout)],
            )
            written: bool = cursor.rowcount == 1
            return written

    def _end(self, timeout: Any) -> datetime:
        seconds = self.get_backend_timeout(timeout)
        return (
            datetime.max.replace(tzinfo=UTC) if seconds is None else datetime.fromtimestamp(seconds, tz=UTC)
        )
