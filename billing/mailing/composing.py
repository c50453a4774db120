"""The mail itself, from the frozen copy of the document; only the address is today's."""

import re
from collections.abc import Mapping

from django.core.mail import EmailMessage
from django.core.validators import validate_email

from billing.documents.wording import Wording, wording_for
from billing.mailing.wording import CREDIT_NOTE_MAILS, INVOICE_MAILS, template_for
from billing.models import CreditNote, Invoice, InvoiceMail

LONGEST_SUBJECT = 200


def compose(*, mail: InvoiceMail, recipient: str, sender: str, pdf: bytes) -> EmailMessage:
    """Raises ValidationError where the recipient is no address of one person."""
    validate_email(recipient)
    document = mail.document
    language = document.buyer.get("language", "")
    templates = CREDIT_NOTE_MAILS if mail.credit_note else INVOICE_MAILS
    template, words = template_for(templates, language), wording_for(language)
    facts = {
        **_facts(document, words),
        **(_of_invoice(document, words) if isinstance(document, Invoice) else _of_credit_note(document)),
    }
    message = EmailMessage(
        subject=template.subject.format(**facts)[:LONGEST_SUBJECT],
        body=template.body.format(**facts),
        from_email=sender or None,
        to=[recipient],
        headers={"Message-ID": mail.message_id},
    )
    message.attach(file_name(number=document.number), pdf, "application/pdf")
    return message


def _facts(document: Invoice | CreditNote, words: Wording) -> Mapping[str, str]:
    assert document.number  # only what is issued is mailed
    assert document.issue_date
    return {
        "number": document.number,
        "issue_date": words.day(document.issue_date),
        "total": f"{document.currency} {words.money(document.total_minor, document.currency)}",
        "seller": _line(document.seller["name"]),
    }


def _of_invoice(invoice: Invoice, words: Wording) -> Mapping[str, str]:
    assert invoice.due_date  # as of the number
    return {"due_date": words.day(invoice.due_date), "contract": _line(invoice.contract.name)}


def _of_credit_note(note: CreditNote) -> Mapping[str, str]:
    return {"invoice": str(note.invoice), "reason": _line(note.reason)}


def file_name(*, number: str | None) -> str:
    """Letters, digits and hyphens only, whatever the prefix of the numbers."""
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', number or 'draft').strip('-') or 'invoice'}.pdf"


def _line(text: str) -> str:
    """On one line, so that it can stand in a header."""
    return " ".join(text.split())
