"""The one way by which mails go to people of the company: written as their pages are."""

from collections.abc import Mapping, Sequence

from django.core.mail import EmailMessage

from contracts.sentences import as_written
from contracts.workspace import as_workspace_writes


class Theirs(str):
    """A paragraph that somebody else wrote. It stays as it is."""

    __slots__ = ()


def send_to_staff(
    *,
    subject: str,
    paragraphs: Sequence[str],
    to: Sequence[str] = (),
    bcc: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
) -> None:
    """Sends kept sentences with their days and numbers as the workspace writes them, never in a transaction.

    Raises OSError where the mail server does not take the mail, and ValueError where an address is none.
    """
    with as_workspace_writes():
        title = as_written(subject)
        body = "\n\n".join(one if isinstance(one, Theirs) else as_written(one) for one in paragraphs)
    EmailMessage(subject=title, body=body, to=[*to], bcc=[*bcc], headers=dict(headers or {})).send()
