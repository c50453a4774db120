"""Mail backends that fail, as a test chooses them by name."""

import os
import signal
from collections.abc import Sequence
from email.message import Message
from pathlib import Path
from smtplib import SMTPNotSupportedError, SMTPSenderRefused, SMTPServerDisconnected
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class Unreachable(BaseEmailBackend):
    def open(self) -> bool:
        raise ConnectionRefusedError("no mail server")


class TakesNone(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return 0


class Broken(BaseEmailBackend):
    """Raises what no Python mail library calls an error of its own."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise RuntimeError("a fault of the backend")


class BreaksOff(BaseEmailBackend):
    """Gets the mail and loses the connection before it can say so."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise SMTPServerDisconnected("Connection unexpectedly closed")


class SenderRefused(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise SMTPSenderRefused(550, b"5.7.1 Not you", "bills@fincelo.example")


class OldServer(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise SMTPNotSupportedError("SMTPUTF8 not supported by server")


class Dies(BaseEmailBackend):
    """Hands the mail over, then its process is killed before anybody can note that."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.folder = Path(os.environ["KEPT_MAILS"])

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        keep(self.folder, email_messages[0].message())
        os.kill(os.getpid(), signal.SIGKILL)
        return 1


class Keeps(Dies):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        keep(self.folder, email_messages[0].message())
        return 1


def keep(folder: Path, message: Message) -> None:
    (folder / f"{len(list(folder.iterdir()))}-{os.getpid()}").write_bytes(message.as_bytes())
