"""A command that fails says so once: one sentence, or one JSON object, and an exit code that tells why."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, SystemCheckError
from django.db import Error

from fincelo.database_errors import sqlstate, words
from fincelo.env import UnusableSetting

DATABASE_FAILED = 5
"""Exit code of every command when the database stops it. Nothing else ends with it."""
BAD_CONFIGURATION = 6
"""Exit code of every command when a setting or a check refuses the start."""


class OneSentenceCommand(BaseCommand):
    """Turns refusals of the database and of the checks, and with `--json` every other, into one answer.

    With `--json` that is `{"error": ..., "exit_code": ...}`, and `sqlstate` where the database refused.
    """

    def add_json(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

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
            if isinstance(refusal, SystemCheckError):
                refusal.returncode = BAD_CONFIGURATION
            if as_json:
                self.fail_as_json(" ".join(str(refusal).split()), code=refusal.returncode)
            raise

    def tell(self, sentence: str, *, as_json: bool, **facts: object) -> None:
        """What was done, once: the facts as one JSON object, or the sentence."""
        self.stdout.write(json.dumps(facts, ensure_ascii=False, default=str) if as_json else sentence)

    def fail_as_json(self, sentence: str, *, code: int, **more: str) -> None:
        self.stdout.write(_as_json(sentence, code=code, **more))
        sys.exit(code)


def run_command_line(*, run: Callable[[list[str]], None], arguments: list[str]) -> None:
    """Runs a command of ours or of Django, which says in one sentence what stopped it before or within it."""
    try:
        run(arguments)
    except UnusableSetting as unusable:
        _end(str(unusable), code=BAD_CONFIGURATION, as_json="--json" in arguments)
    except Error as error:
        if "--traceback" in arguments:
            raise
        _end(" ".join(words(error)), code=DATABASE_FAILED, as_json="--json" in arguments)


def _end(sentence: str, *, code: int, as_json: bool) -> NoReturn:
    print(_as_json(sentence, code=code) if as_json else sentence, file=sys.stdout if as_json else sys.stderr)
    sys.exit(code)


def _as_json(sentence: str, *, code: int, **more: str) -> str:
    return json.dumps({"error": sentence, "exit_code": code, **more}, ensure_ascii=False)
