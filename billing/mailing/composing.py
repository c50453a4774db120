"""The mail itself, from the frozen copy of the invoice; only the address is today's."""

import re

from django.core.mail import EmailMessage
from django.core.validators import validate_email

from billing.documents.wording import wording_for
from billing.mailing.wording import template_for
from billing.models import Invoice, InvoiceMail

LONGEST_SUBJECT = 200


def compose(*, mail: InvoiceMail, invoice: Invoice, recipient: str, sender: str, pdf: bytes) -> EmailMessage:
    """Raises ValidationError where the recipient is no address of one person."""
    validate_email(recipient)
    language = invoice.buyer.get("language", "")
    template, words = template_for(language), wording_for(language)
    assert invoice.issue_date  # only what is issued is mailed
    assert invoice.due_date
    facts = {
        "number": invoice.number,
        "issue_date": words.day(invoice.issue_date),
        "due_date": words.day(invoice.due_date),
        "total": f"{invoice.currency} {words.money(invoice.total_minor, invoice.currency)}",
        "contract": _line(invoice.contract.name),
        "seller": _line(invoice.seller["name"]),
    }
    message = EmailMessage(
        subject=template.subject.format(**facts)[:LONGEST_SUBJECT],
        body=template.body.format(**facts),
        from_email=sender or None,
        to=[recipient],
        headers={"Message-ID": mail.message_id},
    )
    message.attach(file_name(number=invoice.number), pdf, "application/pdf")
    return message


def file_name(*, number: str | None) -> str:
    """Letters, digits and hyphens only, whatever the prefix of the numbers."""
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', number or 'draft').strip('-') or 'invoice'}.pdf"


def _line(text: str) -> str:
    """On one line, so that it can stand in a header."""
    return " ".join(text.split())
