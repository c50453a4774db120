"""Names in scripts that the documents' font lacks: never a reason not to issue, and nowhere lost."""

import io
from collections import Counter

import pytest
from django.core import mail
from pypdf import PdfReader

from billing.crediting import request_credit
from billing.mailing.sending import send_waiting
from billing.rendering import boxed_texts, document_of
from tests.billing.builders import TODAY
from tests.billing.mailing.letters import issue
from tests.billing.people import person
from tests.pages import alerts, signed_in, words

pytestmark = pytest.mark.django_db
RIGHTS = ("billing.view_invoice", "billing.view_creditnote")
ARABIC, HEBREW, DEVANAGARI, CHINESE = "شركة الأمل المحدودة", "שלום עולם בע״מ", "हिन्दी कंपनी लिमिटेड", "株式会社"


@pytest.mark.parametrize("name", [ARABIC, HEBREW, DEVANAGARI, CHINESE])
def test_it_is_issued_mailed_and_whole_in_pdf_mail_and_page(name: str) -> None:
    (invoice,) = issue(name)

    send_waiting()

    invoice.refresh_from_db()
    (message,) = mail.outbox
    pdf = PdfReader(io.BytesIO(message.attachments[0][1])).pages[0].extract_text()
    page = signed_in(*RIGHTS).get(f"/invoices/{invoice.pk}/")
    assert (invoice.state, invoice.buyer["name"]) == ("sent", name)
    assert Counter(name) <= Counter(pdf)  # this reader turns round what is written from the right
    assert f"{name} subscription" in str(message.body)
    assert name in words(page.text)
    assert alerts(page) == ["The PDF shows boxes for some letters."]
    assert boxed_texts(document=document_of(invoice=invoice)) == [name, f"{name} subscription"]


@pytest.mark.parametrize("name", ["Łódź & Söhne", "Σωκράτης Α.Ε.", "ООО «Ромашка»", "Cafe\u0301"])
def test_scripts_of_the_font_raise_no_question(name: str) -> None:
    (invoice,) = issue(name)

    assert alerts(signed_in(*RIGHTS).get(f"/invoices/{invoice.pk}/")) == []


def test_page_of_a_credit_note_says_it_as_well() -> None:
    (invoice,) = issue()
    note = request_credit(
        invoice=invoice, amount=1, reason=HEBREW, as_of=TODAY, actor=person("ann", group="Approver")
    )

    page = signed_in(*RIGHTS).get(f"/credit-notes/{note.pk}/")

    assert alerts(page) == ["The PDF shows boxes for some letters."]
