"""Delivery reports as mail servers write them, and messages that were made to break the reader."""

import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from billing.mailing.reports import MOST_BYTES, FailedDelivery, NoReport, read_report

OURS = "<invoice-7-20261122093005000120@fincelo>"
STATUS = (
    "Reporting-MTA: dns; mx.example.com\nArrival-Date: Sun, 22 Nov 2026 10:00:00 +0000\n\n"
    "Final-Recipient: rfc822; gone@example.com\nAction: failed\nStatus: 5.1.1\n"
    "Diagnostic-Code: smtp; 550 5.1.1 <gone@example.com>: No such\n user\n"
)
RETURNED = f"Content-Type: message/rfc822\n\nSubject: Invoice\nMessage-ID: {OURS}\n\nHello\n"


def report(*, status: str = STATUS, returned: str = RETURNED, head: str = "") -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example.com\nTo: bills@fincelo.example\n"
        f"{head}"
        "MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nYour message could not be delivered.\n"
        f"--b\nContent-Type: message/delivery-status\n\n{status}\n"
        f"--b\n{returned}\n--b--\n"
    ).encode()


@pytest.mark.parametrize(
    "source",
    [
        report(),
        report().replace(b"\n", b"\r\n"),
        report(returned=f"Content-Type: text/rfc822-headers\n\nSubject: x\nMessage-ID:\n {OURS}\n"),
        report(returned="Content-Type: text/plain\n\nnothing", head=f"In-Reply-To: {OURS}\n"),
        report(returned="Content-Type: text/plain\n\nnothing", head=f"References: <a@b> {OURS}\n"),
        report(status=STATUS.replace("failed", "Failed")),
    ],
    ids=["postfix", "crlf", "headers only", "in reply to", "references", "capitals"],
)
def test_failed_delivery_names_the_mail_and_the_reason(source: bytes) -> None:
    assert read_report(source=source) == FailedDelivery(
        message_id=OURS, reason="550 5.1.1 <gone@example.com>: No such user"
    )


def test_credit_note_has_ids_of_its_own() -> None:
    source = report(returned=RETURNED.replace("invoice-7", "credit-note-8"))

    assert read_report(source=source).message_id == OURS.replace("invoice-7", "credit-note-8")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("X: y\n\nAction: failed\nStatus: 5.2.2\n", "5.2.2"),
        ("X: y\n\nAction: failed\nDiagnostic-Code: mailbox full\n", "mailbox full"),
        ("X: y\n\nAction: failed\n", "The mail server does not say why."),
        (f"X: y\n\nAction: failed\nDiagnostic-Code: smtp; {'x' * 900}\n", "x" * 300),
        ("X: y\n\nAction: failed\nDiagnostic-Code: smtp; \x1b[31m\x00 red\n", "\ufffd[31m\ufffd red"),
        (
            "X: y\n\nAction: failed\nDiagnostic-Code: smtp; password=hunter2secret refused\n",
            "password=[redacted] refused",
        ),
        ("X: y\n\nAction: delivered\n\nAction: failed\nStatus: 5.0.0\n", "5.0.0"),
    ],
)
def test_reason_is_one_plain_line(status: str, reason: str) -> None:
    assert read_report(source=report(status=status)).reason == reason


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (b"", "The message is no delivery report."),
        (b"Subject: Out of office\n\nI am away. " + OURS.encode(), "The message is no delivery report."),
        (
            report(status=STATUS.replace("failed", "delayed")),
            "The report says of no recipient that delivery failed.",
        ),
        (
            report(returned="Content-Type: message/rfc822\n\nMessage-ID: <x@example.com>\n"),
            "The report names no mail of an invoice or credit note.",
        ),
        (
            report(returned=f"Content-Type: text/plain\n\nMessage-ID: {OURS}\n"),
            "The report names no mail of an invoice or credit note.",
        ),
    ],
    ids=["empty", "answer", "delayed", "another mail", "id in a text"],
)
def test_anything_else_is_no_report(source: bytes, sentence: str) -> None:
    with pytest.raises(NoReport) as refusal:
        read_report(source=source)

    assert str(refusal.value) == sentence


def nested(depth: int) -> bytes:
    return b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (level, level) for level in range(depth)
    )


@pytest.mark.parametrize(
    "source",
    [
        nested(20_000),
        b"Content-Type: message/rfc822\n\n" * 20_000,
        b"Content-Type: multipart/report; boundary*=\x00'en'b\n\n--b\n",
        b"Content-Type: multipart/report; boundary*0*=utf-8''%ff; boundary*9999999999999999999999=x\n\n--b\n",
        b"Content-Type: multipart/report; boundary=b\n\n" + b"--b\n\n" * 400_000,
        b"X: " + b"(" * 1_000_000,
        b"Content-Type: " + b'a; b="' * 100_000,
        b"=?utf-8?q?" + b"=" * 500_000,
        report(status="A: b\n\n" * 200_000),
        report(returned="Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n====\n"),
        bytes(range(256)) * 8_000,
    ],
    ids=[
        "multiparts",
        "messages",
        "charset",
        "numbers",
        "parts",
        "brackets",
        "params",
        "word",
        "blocks",
        "base64",
        "bytes",
    ],
)
def test_message_made_to_break_the_reader_is_refused_in_time(source: bytes) -> None:
    """In seconds of this process, whatever else the machine does."""
    started = time.process_time()

    with pytest.raises(NoReport):
        read_report(source=source)

    assert time.process_time() - started < 10


def test_what_is_longer_than_needed_is_not_read() -> None:
    assert read_report(source=report() + b"x" * 5_000_000).message_id == OURS
    with pytest.raises(NoReport):
        read_report(source=report().replace(b"Your message", b"x" * MOST_BYTES))


fragments = st.sampled_from(
    [
        b"\n", b"\r\n", b"\n\n", b"--b\n", b"--b--\n", b"Content-Type: multipart/report; boundary=b\n\n",
        b"Content-Type: message/delivery-status\n\n", b"Content-Type: message/rfc822\n\n",
        b"Content-Type: text/rfc822-headers\n\n", b"Content-Transfer-Encoding: base64\n",
        b"Action: failed\n", b"Diagnostic-Code: smtp; no\n", b"Message-ID: ", OURS.encode(),
        b'; charset="', b"boundary*0*=utf-8''", b"=?utf-8?b?", b"\xff\x00", b": ", b"\t",
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(fragments | st.binary(max_size=20), max_size=40).map(b"".join))
@example(report()[:-60])
def test_any_bytes_are_a_report_or_none(source: bytes) -> None:
    try:
        found = read_report(source=source)
    except NoReport:
        return
    assert found.reason.isprintable()
    assert found.message_id.startswith("<")
