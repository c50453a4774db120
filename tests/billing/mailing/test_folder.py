import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage, get_connection

from billing.mailing.folder import KeptMail, keeps_mail, kept_mails

BACKEND = "django.core.mail.backends.filebased.EmailBackend"


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = BACKEND, str(tmp_path)
    return tmp_path


def send(*subjects: str) -> None:
    """Over one connection, as a pass of the outbox does."""
    with get_connection() as backend:
        for subject in subjects:
            message = EmailMessage(
                subject, f"Body of {subject}\n" + "-" * 79 + "\nÄ\n", "from@x.example", ["to@x.example"]
            )
            message.extra_headers["Date"] = "Sun, 22 Nov 2026 09:00:00 +0000"
            message.attach("INV.pdf", b"%PDF\n" + b"-" * 79, "application/pdf")
            message.connection = backend
            message.send()


def kept(subject: str) -> KeptMail:
    return KeptMail(
        subject=subject,
        sender="from@x.example",
        recipients="to@x.example",
        sent_at=datetime(2026, 11, 22, 9, tzinfo=UTC),
        body=f"Body of {subject}\n" + "-" * 79 + "\nÄ\n",
        attachments=["INV.pdf"],
    )


def test_newest_mail_stands_first(folder: Path) -> None:
    send("One", "Zwei Ä")
    (first,) = folder.iterdir()
    os.utime(first, (0, 0))
    send("Three")

    assert kept_mails() == [kept("Three"), kept("Zwei Ä"), kept("One")]


def test_folder_that_is_not_there_yet_is_empty(tmp_path: Path, settings: Any) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = BACKEND, str(tmp_path / "not yet")

    assert kept_mails() == []


def test_workspace_that_sends_keeps_no_mail() -> None:
    assert not keeps_mail()
