"""How a log line is written."""

import logging
import unicodedata


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
