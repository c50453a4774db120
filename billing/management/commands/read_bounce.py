import sys
from typing import Any, BinaryIO

from django.core.management.base import CommandError, CommandParser

from billing.mailing.bouncing import UnableToMarkBounced, mail_with_id, mark_bounced
from billing.mailing.reports import MOST_BYTES, NoReport, read_report
from fincelo.one_sentence import OneSentenceCommand


class Command(OneSentenceCommand):
    help = (
        "Reads one message from standard input. A delivery report that says that a mail of an invoice or "
        "credit note failed marks that mail as bounced. Exit code 1: it is something else, keep it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            failed = read_report(source=_first_bytes(sys.stdin.buffer))
            mail = mail_with_id(message_id=failed.message_id)
            mark_bounced(mail=mail, reason=failed.reason, actor=None)
        except (NoReport, UnableToMarkBounced) as refusal:
            raise CommandError(str(refusal)) from None
        self.tell(
            f"The mail of {mail.document} bounced: {failed.reason}",
            as_json=options["json"],
            bounced=str(mail.document),
            reason=failed.reason,
        )


def _first_bytes(stream: BinaryIO) -> bytes:
    """Reads to the end, so that the mail server's pipe does not break, and keeps what is needed."""
    kept = stream.read(MOST_BYTES)
    while stream.read(MOST_BYTES):
        pass
    return kept
