import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from fincelo import checking
from fincelo.invariants import registered
from fincelo.one_sentence import OneSentenceCommand


class Command(OneSentenceCommand):
    help = "Checks that what is stored is right as a whole. Exits with 1 when it is not."

    def add_arguments(self, parser: CommandParser) -> None:
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        found = checking.check()
        not_asked = checking.not_asked()
        asked = len(registered()) - len(not_asked)
        violations = sum(finding.count for finding in found)
        if options["json"]:
            result = {
                "ok": not found and not not_asked,
                "invariants": asked,
                "violations": violations,
                "findings": [asdict(finding) for finding in found],
                "not_asked": not_asked,
            }
            self.stdout.write(json.dumps(result, ensure_ascii=False))
        else:
            for line in [*checking.lines_of(found), *not_asked]:
                self.stdout.write(line)
            word = "violation" if violations == 1 else "violations"
            self.stdout.write(f"{asked} invariants asked, {violations or 'no'} {word}.")
        if found or not_asked:
            sys.exit(1)
