"""Reads delivery status notifications (RFC 3464): which mail of ours came back, and why.

Anybody can write to the sender address, so nothing in a message is believed but this: it says that a mail
with one of our message ids failed. The ids cannot be guessed. Headers stay plain text: what is not looked at
cannot fail.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message

from fincelo.redaction import redact

MOST_BYTES = 1024 * 1024
"""What stands further back is not needed: the status and the returned headers come first."""

LONGEST_REASON = 300
OURS = re.compile(r"<(?:invoice|credit-note)-[0-9]{1,18}-[0-9]{20}@fincelo>")
UNREADABLE = (LookupError, ValueError, TypeError, AttributeError, RecursionError)
"""What the standard library raises at messages that were made to break it."""


class NoReport(ValueError):
    """The message says of no mail of ours that it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedDelivery:
    message_id: str
    reason: str


def read_report(*, source: bytes) -> FailedDelivery:
    try:
        return _read(message_from_bytes(source[:MOST_BYTES]))
    except NoReport:
        raise
    except UNREADABLE as error:
        raise NoReport("The message cannot be read as a mail.") from error


def _read(message: Message) -> FailedDelivery:
    parts = list(_parts(message))
    status = next((part for part in parts if _kind(part) == "message/delivery-status"), None)
    if status is None:
        raise NoReport("The message is no delivery report.")
    failed = [block for block in _blocks(status) if _field(block, "Action").lower() == "failed"]
    if not failed:
        raise NoReport("The report says of no recipient that delivery failed.")
    ids = [id_ for part in _returned(message, parts) for id_ in OURS.findall(part)]
    if not ids:
        raise NoReport("The report names no mail of an invoice or credit note.")
    return FailedDelivery(message_id=ids[0], reason=_reason(failed[0]))


def _parts(message: Message, depth: int = 0) -> Iterator[Message]:
    """The first parts of a message, not those of the returned one."""
    yield message
    if depth < 3 and _kind(message).startswith("multipart/"):
        for part in _children(message):
            yield from _parts(part, depth + 1)


def _blocks(status: Message) -> list[Message]:
    """The fields of the message, then those of each recipient."""
    return _children(status)


def _returned(report: Message, parts: list[Message]) -> Iterator[str]:
    """Where the failed mail's own id stands: in its returned headers, or in what the report answers."""
    for part in parts:
        match _kind(part):
            case "message/rfc822" | "message/global":
                yield from (_field(returned, "Message-ID") for returned in _children(part)[:1])
            case "text/rfc822-headers" | "message/global-headers":
                yield _text(part)
    yield _field(report, "In-Reply-To")
    yield _field(report, "References")


def _reason(block: Message) -> str:
    """What the mail server said, as 550 5.1.1 No such user."""
    diagnosis = _field(block, "Diagnostic-Code").partition(";")
    said = diagnosis[2].strip() or diagnosis[0] or _field(block, "Status")
    return redact(said or "The mail server does not say why.")[:LONGEST_REASON]


def _children(message: Message) -> list[Message]:
    payload = message.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("ascii", "replace") if isinstance(payload, bytes) else ""


def _kind(part: Message) -> str:
    return part.get_content_type()


def _field(part: Message, name: str) -> str:
    """On one line and printable."""
    value = " ".join(str(part.get(name, "")).split())
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in value)
