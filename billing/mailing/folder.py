"""Mails of a workspace that keeps them in a folder instead of sending them, as the demo does."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import islice
from pathlib import Path

from django.conf import settings

BACKEND = "django.core.mail.backends.filebased.EmailBackend"
SEPARATOR = re.compile(rb"\n-{79}\n(?=Content-Type: |\Z)")
"""Between two mails of one file; each begins with its content type."""

SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMail:
    subject: str
    sender: str
    recipients: str
    sent_at: datetime | None
    body: str
    attachments: Sequence[str]


def keeps_mail() -> bool:
    return bool(settings.EMAIL_BACKEND == BACKEND and getattr(settings, "EMAIL_FILE_PATH", None))


def kept_mails() -> list[KeptMail]:
    """The newest."""
    return list(islice(_newest_first(), SHOWN))


def _newest_first() -> Iterator[KeptMail]:
    files = Path(getattr(settings, "EMAIL_FILE_PATH", "")).glob("*.log")
    for file in sorted(files, key=lambda path: path.stat().st_mtime_ns, reverse=True):
        for source in reversed(SEPARATOR.split(file.read_bytes())):
            if source.strip():
                message = message_from_bytes(source, _class=EmailMessage, policy=policy.default)
                yield _kept(message)


def _kept(message: EmailMessage) -> KeptMail:
    body = message.get_body(preferencelist=("plain",))
    return KeptMail(
        subject=str(message["Subject"] or ""),
        sender=str(message["From"] or ""),
        recipients=str(message["To"] or ""),
        sent_at=_sent_at(message),
        body=body.get_content() if body else "",
        attachments=[part.get_filename() or "" for part in message.iter_attachments()],
    )


def _sent_at(message: EmailMessage) -> datetime | None:
    """None where the mail does not tell. "-0000" is UTC of an unknown place, which the parser leaves bare."""
    told: datetime | None = getattr(message["Date"], "datetime", None)
    return told.replace(tzinfo=UTC) if told and told.tzinfo is None else told
