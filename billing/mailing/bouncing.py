"""Mails that came back. The invoice is as issued and not as sent again; it is never issued again."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Case, Value, When
from django.db.models.functions import Coalesce, Now

from billing.enums import InvoiceState, MailState
from billing.mailing.outbox import lock_invoice, state_now
from billing.models import Invoice, InvoiceMail
from contracts import audit

_SENT_NO_MORE = Case(When(state=InvoiceState.SENT, then=Value(InvoiceState.ISSUED)), default="state")


class UnableToMarkBounced(Exception):
    """It was not sent, or its return is known."""


def mark_bounced(*, mail: InvoiceMail, reason: str, actor: AbstractBaseUser | None) -> None:
    """It never reached the customer, though a mail server had taken it. Sending again makes a new mail."""
    with transaction.atomic():
        invoice = lock_invoice(mail.invoice_id)
        marked = InvoiceMail.objects.filter(pk=mail.pk, state__in=[MailState.SENT, MailState.SENDING]).update(
            state=MailState.BOUNCED, sent_at=Coalesce("sent_at", Now()), problem=reason
        )
        if not marked:
            raise UnableToMarkBounced(_why_not(mail))
        if mail.credit_note_id is None and not _reached_by_another(mail):
            Invoice.objects.filter(pk=invoice.pk, sent_at__isnull=False).update(
                sent_at=None, state=_SENT_NO_MORE
            )
        document = mail.credit_note or invoice
        audit.record(
            actor=actor,
            action="Mail bounced",
            subject=document,
            before={"state": document.state, "mailed_to": mail.recipient},
            after={"state": state_now(document), "mailed_to": ""},
            reason=reason,
        )


def mail_with_id(*, message_id: str) -> InvoiceMail:
    """Of one of our message ids, which say the row and its moment."""
    key = message_id.strip("<>").partition("@")[0].rsplit("-", 2)[1]
    mail = InvoiceMail.objects.select_related("invoice", "credit_note").filter(pk=int(key)).first()
    if mail is None or mail.message_id != message_id:
        raise UnableToMarkBounced(f"There is no mail {message_id} here.")
    return mail


def _why_not(mail: InvoiceMail) -> str:
    state = InvoiceMail.objects.only("state").get(pk=mail.pk).state
    if state == MailState.BOUNCED:
        return f"That the mail of {mail.document} bounced is known already."
    return f"The mail of {mail.document} was not sent, so it cannot have bounced. Mail shows why."


def _reached_by_another(mail: InvoiceMail) -> bool:
    others = InvoiceMail.objects.filter(invoice=mail.invoice_id, credit_note=None, state=MailState.SENT)
    return others.exists()
