"""The mail that brings an invoice, in each language: plain text, in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.enums import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTemplate:
    """Filled with number, issue_date, due_date, total, contract and seller."""

    subject: str
    body: str


MAIL_TEMPLATES: Mapping[str, MailTemplate] = {
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


def template_for(language: str) -> MailTemplate:
    return MAIL_TEMPLATES.get(language, MAIL_TEMPLATES[Language.ENGLISH])
