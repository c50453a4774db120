import sys
from collections.abc import Sequence
from getpass import getpass
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError, CommandParser

from billing.issuing.restoring import Comparison, UnableToContinue, compare, continue_series, number_text
from billing.models import LegalEntity, NumberGap
from billing.values import SeriesKey
from fincelo.one_sentence import OneSentenceCommand


class Command(OneSentenceCommand):
    help = "After a restore: compares the last numbers with those that left, and lets billing continue."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--sent",
            action="append",
            default=[],
            metavar="SERIES=NUMBER",
            help="The highest number sent of a series, as listed: 1/invoice/2026=1316. Default: the file's.",
        )
        parser.add_argument(
            "--by", metavar="USERNAME", help="The approver who confirms it and enters their password."
        )
        self.add_json(parser)
        parser.add_argument("--reason", default="", help="What was restored, and from when.")

    def handle(self, *args: Any, **options: Any) -> None:
        compared = compare()
        gaps = self._continue(options) if options["by"] else []
        lines = _lines(compared)
        if options["by"]:
            lines += [f"Not stored here: {gap}." for gap in gaps]
            lines.append("Confirmed. Every series continues after the numbers that left.")
        self.tell(
            "\n".join(lines),
            as_json=options["json"],
            sign=compared.sign,
            series=[
                {"series": str(one.key), "stored": one.stored, "witnessed": one.witnessed}
                for one in (*compared.series, *compared.unused)
            ],
            confirmed=bool(options["by"]),
            missing=[str(gap) for gap in gaps],
        )

    def _continue(self, options: dict[str, Any]) -> Sequence[NumberGap]:
        actor = get_user_model().objects.filter(username=options["by"], is_active=True).first()
        if actor is None or not actor.has_perm("billing.change_billingpolicy"):
            raise CommandError(f"{options['by']} is no approver. Name one who may change the settings.")
        if not options["reason"]:
            raise CommandError("Say --reason: it is kept in the audit.")
        if not actor.check_password(self._password(options["by"])):
            raise CommandError(f"This is not the password of {options['by']}. Nothing was confirmed.")
        try:
            return continue_series(
                sent=dict(map(_series, options["sent"])), reason=options["reason"], actor=actor
            )
        except UnableToContinue as refusal:
            raise CommandError(str(refusal)) from None

    def _password(self, name: str) -> str:
        """Asked for at a terminal; otherwise the first line of standard input."""
        if sys.stdin.isatty():
            return getpass(f"Password of {name}: ")
        return sys.stdin.readline().rstrip("\n")


def _lines(compared: Comparison) -> list[str]:
    entities = LegalEntity.objects.in_bulk()
    lines = [compared.sign.label if compared.sign else "This database is the one that issued last."]
    for state in compared.series:
        stored = number_text(key=state.key, number=state.stored, entities=entities)
        left = number_text(key=state.key, number=state.witnessed, entities=entities)
        lines.append(f"{state.key}: last here {stored}, last that left {left}")
    if compared.sign:
        lines += [f"{state.key}: no number here and none that left" for state in compared.unused]
    return lines


def _series(text: str) -> tuple[SeriesKey, int]:
    key, _, number = text.partition("=")
    try:
        return SeriesKey.from_text(key), int(number)
    except ValueError:
        raise CommandError(f"{text!r} is not like 1/invoice/2026=1316.") from None
