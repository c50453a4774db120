from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage

from billing.mailing.composing import compose, file_name
from billing.models import Invoice, InvoiceMail
from contracts.models import Contract

WRITTEN = datetime(2026, 11, 22, 9, 30, 5, 120, tzinfo=UTC)


def invoice(**facts: Any) -> Invoice:
    return Invoice(
        **{
            "number": "INV-2026-000001",
            "issue_date": date(2026, 11, 22),
            "due_date": date(2026, 12, 22),
            "currency": "EUR",
            "total_minor": 123_450,
            "seller": {"name": "Fincelo Inc"},
            "buyer": {"name": "Acme", "language": "en"},
            "contract": Contract(name="Acme subscription"),
            **facts,
        }
    )


def letter(recipient: str = "billing@example.com", sender: str = "", **facts: Any) -> EmailMessage:
    mail = InvoiceMail(pk=7, created_at=WRITTEN, invoice=invoice(**facts))
    return compose(mail=mail, recipient=recipient, sender=sender, pdf=b"%PDF")


def test_mail_in_english() -> None:
    mail = letter(sender="bills@fincelo.example")

    assert (mail.subject, mail.to, mail.from_email) == (
        "Invoice INV-2026-000001 from Fincelo Inc",
        ["billing@example.com"],
        "bills@fincelo.example",
    )
    assert mail.body == (
        "Hello,\n"
        "\n"
        "attached is invoice INV-2026-000001 of 22 Nov 2026 for Acme subscription.\n"
        "\n"
        "Amount: EUR 1,234.50\n"
        "Due: 22 Dec 2026\n"
        "\n"
        "Please give the number INV-2026-000001 with your payment. If something on the invoice is not right, "
        "answer this mail.\n"
        "\n"
        "Fincelo Inc\n"
    )
    assert mail.attachments == [("INV-2026-000001.pdf", b"%PDF", "application/pdf")]
    assert mail.extra_headers == {"Message-ID": "<invoice-7-20261122093005000120@fincelo>"}


def test_mail_in_german() -> None:
    mail = letter(buyer={"name": "Acme", "language": "de"})

    assert mail.subject == "Rechnung INV-2026-000001 von Fincelo Inc"
    assert mail.body == (
        "Guten Tag,\n"
        "\n"
        "anbei erhalten Sie die Rechnung INV-2026-000001 vom 22.11.2026 über Acme subscription.\n"
        "\n"
        "Betrag: EUR 1.234,50\n"
        "Fällig am: 22.12.2026\n"
        "\n"
        "Bitte geben Sie bei der Zahlung die Nummer INV-2026-000001 an. Falls an der Rechnung etwas nicht stimmt, "
        "antworten Sie auf diese Mail.\n"
        "\n"
        "Fincelo Inc\n"
    )


@pytest.mark.parametrize("buyer", [{"name": "Acme"}, {"name": "Acme", "language": "xx"}])
def test_mail_without_a_language_of_ours_is_in_english(buyer: dict[str, str]) -> None:
    assert letter(buyer=buyer).subject == "Invoice INV-2026-000001 from Fincelo Inc"


@pytest.mark.parametrize(
    ("name", "in_subject"),
    [
        ("Evil\r\nBcc: all@example.com", "Evil Bcc: all@example.com"),
        ("Evil\u2028Bcc: x", "Evil Bcc: x"),
        ("{number} %s {{ 7|add:7 }}", "{number} %s {{ 7|add:7 }}"),
        ("<b>Acme</b>", "<b>Acme</b>"),
        ("x" * 500, "x" * 171),
    ],
)
def test_text_of_the_crm_is_data(name: str, in_subject: str) -> None:
    mail = letter(seller={"name": name})

    assert mail.subject == f"Invoice INV-2026-000001 from {in_subject}"
    assert mail.message().get_all("Bcc") is None
    assert mail.recipients() == ["billing@example.com"]


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "nobody",
        "a@example.com, b@example.com",
        "a@example.com\nBcc: b@example.com",
        "Acme <a@example.com>",
        "a@example.com\0",
    ],
)
def test_recipient_is_one_plain_address(recipient: str) -> None:
    with pytest.raises(ValidationError):
        letter(recipient)


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("INV-2026-000001", "INV-2026-000001.pdf"),
        ('A"/\\-2026-000001', "A-2026-000001.pdf"),
        ("../-2026-000001", "2026-000001.pdf"),
        ("Ж\r\n-2026-000001", "2026-000001.pdf"),
        ("ЖЖЖ", "invoice.pdf"),
        (None, "draft.pdf"),
    ],
)
def test_file_name_is_safe_whatever_the_prefix(number: str | None, name: str) -> None:
    assert file_name(number=number) == name
