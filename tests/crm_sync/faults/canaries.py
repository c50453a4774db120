"""Secrets that must not show: everything that is logged, and every form in which a secret could be written."""

import base64
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import quote, quote_plus

from django.db import connection as database

READABLE_ROWS = ("crm_sync_connection", "crm_sync_syncrun", "crm_sync_syncrecord", "crm_sync_crmschema")


class EveryWord(logging.Handler):
    """Keeps each record as it would be written out, with its exception."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def every_word() -> Iterator[EveryWord]:
    """All loggers at DEBUG, whatever the settings say of them."""
    words = EveryWord()
    named = [one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    loggers = [logging.root, *named]
    before = [(one, one.level, one.propagate, one.disabled) for one in loggers]
    handlers, logging.root.handlers = logging.root.handlers, [words]
    for one in loggers:
        one.setLevel(logging.DEBUG)
        one.propagate, one.disabled = True, False
    try:
        yield words
    finally:
        logging.root.handlers = handlers
        for one, level, propagate, disabled in before:
            one.setLevel(level)
            one.propagate, one.disabled = propagate, disabled


def leaks(*, secrets: Sequence[str], words: EveryWord) -> list[str]:
    """The secrets that stand in the log or in a row that people can read, in any of their forms."""
    text = "\n".join([*words.lines, *readable_rows()])
    return [secret for secret in secrets if any(form in text for form in forms(secret))]


def forms(secret: str) -> set[str]:
    """Plain, as in an address, and as base64 keeps it at any offset."""
    plain = {secret, quote(secret, safe=""), quote_plus(secret), secret.encode().hex()}
    packed = {
        encode((b"x" * offset) + secret.encode()).decode()[4 * bool(offset) : -4]
        for offset in range(3)
        for encode in (base64.b64encode, base64.urlsafe_b64encode)
    }
    return plain | packed


def readable_rows() -> list[str]:
    with database.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT {table}::text FROM {table}" for table in READABLE_ROWS))
        return [row for (row,) in cursor.fetchall()]
