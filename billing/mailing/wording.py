"""The mails that bring invoices and credit notes, in each language: plain text, in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.enums import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTemplate:
    """Filled with number, issue_date, total and seller; due_date and contract, or invoice and reason."""

    subject: str
    body: str


INVOICE_MAILS: Mapping[str, MailTemplate] = {
    Language.ENGLISH: MailTemplate(
        subject="Invoice {number} from {seller}",
        body=(
            "Hello,\n\n"
            "attached is invoice {number} of {issue_date} for {contract}.\n\n"
            "Amount: {total}\n"
            "Due: {due_date}\n\n"
            "Please give the number {number} with your payment. If something on the invoice is not right, "
            "answer this mail.\n\n"
            "{seller}\n"
        ),
    ),
    Language.GERMAN: MailTemplate(
        subject="Rechnung {number} von {seller}",
        body=(
            "Guten Tag,\n\n"
            "anbei erhalten Sie die Rechnung {number} vom {issue_date} über {contract}.\n\n"
            "Betrag: {total}\n"
            "Fällig am: {due_date}\n\n"
            "Bitte geben Sie bei der Zahlung die Nummer {number} an. Falls an der Rechnung etwas nicht "
            "stimmt, antworten Sie auf diese Mail.\n\n"
            "{seller}\n"
        ),
    ),
}


CREDIT_NOTE_MAILS: Mapping[str, MailTemplate] = {
    Language.ENGLISH: MailTemplate(
        subject="Credit note {number} on invoice {invoice} from {seller}",
        body=(
            "Hello,\n\n"
            "attached is credit note {number} of {issue_date}. It takes back {total} of invoice "
            "{invoice}.\n\n"
            "Reason: {reason}\n\n"
            "You owe that much less. If you have paid it already, or if something is not right, answer this "
            "mail.\n\n"
            "{seller}\n"
        ),
    ),
    Language.GERMAN: MailTemplate(
        subject="Rechnungskorrektur {number} zur Rechnung {invoice} von {seller}",
        body=(
            "Guten Tag,\n\n"
            "anbei erhalten Sie die Rechnungskorrektur {number} vom {issue_date}. Sie nimmt {total} der "
            "Rechnung {invoice} zurück.\n\n"
            "Grund: {reason}\n\n"
            "Um diesen Betrag schulden Sie weniger. Falls Sie ihn schon bezahlt haben oder etwas nicht "
            "stimmt, antworten Sie auf diese Mail.\n\n"
            "{seller}\n"
        ),
    ),
}


def template_for(templates: Mapping[str, MailTemplate], language: str) -> MailTemplate:
    return templates.get(language, templates[Language.ENGLISH])
