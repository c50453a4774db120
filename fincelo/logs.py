"""How a log line is written."""

import logging
import unicodedata
from http import HTTPStatus

SERVER_ERROR = HTTPStatus.INTERNAL_SERVER_ERROR
UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE


class Answers(logging.Filter):
    """Keeps what is no fault of ours from looking like one: a refusal has no traceback worth reading.

    `/healthz` answers 503 while a process starts. That is its answer and no error.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        status = getattr(record, "status_code", None)
        if status is None:
            return True
        if status < SERVER_ERROR:
            record.exc_info = record.exc_text = None
        request = getattr(record, "request", None)
        if status == UNAVAILABLE and getattr(request, "path", "") == "/healthz":
            record.levelno, record.levelname = logging.INFO, logging.getLevelName(logging.INFO)
        return True


class OneLine(logging.Formatter):
    """A message is one line, whatever is in it, so that nobody can write lines of their own into the log.

    The lines of a traceback follow it as they are.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging names it so
        return "".join(map(shown, super().formatMessage(record)))


def shown(character: str) -> str:
    """A control character, and one that ends a line or turns its direction, as an escape."""
    hides = unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") and character != "\t"
    return character.encode("unicode_escape").decode() if hides else character
