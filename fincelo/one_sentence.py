"""A command that fails says so once: one sentence, or one JSON object, and an exit code that tells why."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from fincelo.database_errors import sqlstate, words

DATABASE_FAILED = 5
"""Exit code of every command of ours when the database stops it. Nothing else ends with it."""


class OneSentenceCommand(BaseCommand):
    """Turns refusals of the database, and with `--json` every other, into one answer.

    With `--json` that is `{"error": ..., "exit_code": ...}`, and `sqlstate` where the database refused.
    """

    def execute(self, *args: Any, **options: Any) -> Any:
        as_json = bool(options.get("json"))
        try:
            return super().execute(*args, **options)
        except Error as error:
            sentence = " ".join(words(error))
            if as_json:
                self.fail_as_json(sentence, code=DATABASE_FAILED, sqlstate=sqlstate(error))
            raise CommandError(sentence, returncode=DATABASE_FAILED) from None
        except CommandError as refusal:
            if as_json:
                self.fail_as_json(str(refusal), code=refusal.returncode)
            raise

    def fail_as_json(self, sentence: str, *, code: int, **more: str) -> None:
        told = {"error": sentence, "exit_code": code, **more}
        self.stdout.write(json.dumps(told, ensure_ascii=False))
        sys.exit(code)
