"""Sends what waits in the outbox, one mail after the other, over one connection to the mail server."""

import logging
import time
from dataclasses import dataclass
from smtplib import SMTP, SMTPDataError, SMTPNotSupportedError, SMTPRecipientsRefused, SMTPResponseException

from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from billing.enums import MailState
from billing.issuing.rendering import UnableToRender, UnableToWitness, credit_note_pdf, invoice_pdf
from billing.issuing.restoring import DatabaseRestored, ensure_not_restored
from billing.mailing.composing import compose
from billing.mailing.outbox import UNMAILABLE, accepted, claim, put_back
from billing.models import InvoiceMail, Mailing
from fincelo.redaction import redact

SECONDS = 150
"""A pass ends automatically; the next one continues."""

OK = 250

log = logging.getLogger(__name__)
_WITH_DOCUMENT = InvoiceMail.objects.select_related(
    "invoice__customer", "invoice__contract", "credit_note__invoice", "requested_by"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    sent: int
    is_complete: bool
    """Nothing is left that could be sent now."""


class _NotSent(Exception):
    """What becomes of a mail that was not sent. `ends_pass`: no other would be sent either.

    `broke_off`: the mail server may have it, and could not say so any more.
    """

    def __init__(
        self, state: MailState, problem: str, *, ends_pass: bool = False, broke_off: bool = False
    ) -> None:
        super().__init__(redact(problem))
        self.state = state
        self.ends_pass = ends_pass
        self.broke_off = broke_off


def send_waiting() -> Pass:
    """Sends nothing while the database counts as restored: what waits may have been sent before."""
    try:
        ensure_not_restored()
    except DatabaseRestored as restored:
        log.warning("No mail was sent: %s", restored)
        return Pass(sent=0, is_complete=True)
    sender = Mailing.objects.values_list("sender", flat=True).first() or ""
    backend = get_connection()
    ends_at = time.monotonic() + SECONDS
    sent = 0
    try:
        while time.monotonic() < ends_at:
            mail = claim()
            if mail is None:
                return Pass(sent=sent, is_complete=True)
            try:
                _deliver(mail, sender=sender, backend=backend)
                sent += 1
            except _NotSent as reason:
                if reason.ends_pass:
                    return Pass(sent=sent, is_complete=True)
    finally:
        backend.close()
    return Pass(sent=sent, is_complete=False)


def _deliver(mail: InvoiceMail, *, sender: str, backend: BaseEmailBackend) -> None:
    mail = _WITH_DOCUMENT.get(pk=mail.pk)
    recipient = mail.invoice.customer.billing_email
    try:
        _send(_compose(mail, recipient=recipient, sender=sender), backend)
    except _NotSent as reason:
        log.warning("%s was not mailed: %s", mail.document, reason)
        put_back(
            mail=mail,
            state=reason.state,
            recipient=recipient,
            problem=str(reason),
            broke_off=reason.broke_off,
        )
        raise
    accepted(mail=mail, recipient=recipient)


def _compose(mail: InvoiceMail, *, recipient: str, sender: str) -> EmailMessage:
    if mail.invoice.state in UNMAILABLE:
        raise _NotSent(MailState.WITHDRAWN, f"The invoice is {mail.invoice.get_state_display().lower()}.")
    if not recipient:
        raise _NotSent(MailState.NO_ADDRESS, "")
    try:
        note = mail.credit_note
        pdf = credit_note_pdf(note=note) if note else invoice_pdf(invoice=mail.invoice)
        return compose(mail=mail, recipient=recipient, sender=sender, pdf=pdf)
    except UnableToWitness as refusal:
        raise _NotSent(MailState.WAITING, str(refusal), ends_pass=True) from refusal
    except UnableToRender as refusal:
        raise _NotSent(MailState.FAILED, str(refusal)) from refusal
    except ValidationError as error:
        raise _NotSent(
            MailState.FAILED, f"{recipient!r} is no e-mail address. Correct it, then send again."
        ) from error


def _open(backend: BaseEmailBackend) -> None:
    """A connection that the mail server still answers on: one that it has closed would lose the next mail."""
    backend.open()
    session = getattr(backend, "connection", None)
    if isinstance(session, SMTP) and not _answers(session):
        backend.close()
        backend.open()


def _answers(session: SMTP) -> bool:
    try:
        return session.noop()[0] == OK
    except OSError:  # SMTP's errors are OSErrors
        return False


def _send(message: EmailMessage, backend: BaseEmailBackend) -> None:
    message.connection = backend
    is_open = False
    try:
        _open(backend)
        is_open = True
        if not message.send():
            raise _NotSent(MailState.WAITING, "The mail backend took the mail and sent none.", ends_pass=True)
    except SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        raise _refusal(code, words) from error
    except SMTPDataError as error:
        raise _refusal(error.smtp_code, error.smtp_error) from error
    except SMTPNotSupportedError as error:
        raise _NotSent(MailState.FAILED, f"The mail server cannot send to that address: {error}") from error
    except ValueError as error:  # Django's for a header that would break, Python's for an impossible address
        raise _NotSent(MailState.FAILED, f"The mail cannot be written: {error}") from error
    except OSError as error:  # the mail server cannot be reached or used; SMTP's other errors are OSErrors
        backend.close()
        problem = f"The mail server could not be used: {error or type(error).__name__}"
        broke_off = is_open and not isinstance(error, SMTPResponseException)
        raise _NotSent(MailState.WAITING, problem, ends_pass=True, broke_off=broke_off) from error


def _refusal(code: int, words: bytes | str) -> _NotSent:
    """From 500 on it is for good, as for an address that does not exist; below, it may pass later."""
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    state = MailState.FAILED if code >= 500 else MailState.WAITING
    return _NotSent(state, f"The mail server refused the mail: {code} {text}")
