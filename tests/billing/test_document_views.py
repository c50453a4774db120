from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from billing import tasks
from billing.issuing.letterheads import take_effect
from billing.issuing.rendering import invoice_pdf
from billing.models import (
    ControlChange,
    Invoice,
    InvoiceRendering,
    LegalEntity,
    Letterhead,
    Logo,
    Mailing,
)
from billing.receivables.confirming import confirm
from billing.tasks import keep_documents
from contracts.clock import business_day
from contracts.models import AuditEntry
from tests.billing.documents.papers import pages, picture
from tests.billing.mailing.letters import issue
from tests.billing.people import person
from tests.pages import alerts, signed_in
from tests.queued import queued

pytestmark = pytest.mark.django_db
VIEW = "billing.view_invoice"
SETTINGS = "/settings/invoices/"


@pytest.fixture
def invoice() -> Invoice:
    (invoice,) = issue()
    return invoice


@pytest.fixture
def finance(invoice: Invoice) -> Client:
    return signed_in(
        "billing.view_letterhead",
        "billing.change_letterhead",
        "billing.change_mailing",
        "billing.view_invoice",
    )


def test_pdf_is_downloaded(invoice: Invoice) -> None:
    answer = signed_in(VIEW).get(f"/invoices/{invoice.pk}/invoice.pdf")

    assert answer.content == invoice_pdf(invoice=invoice)
    names = ("Content-Type", "Content-Disposition", "X-Content-Type-Options", "Cache-Control")
    assert {name: answer.headers[name] for name in names} == {
        "Content-Type": "application/pdf",
        "Content-Disposition": 'attachment; filename="INV-2026-000001.pdf"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "max-age=0, no-cache, no-store, must-revalidate, private",
    }


def test_page_writes_nothing_and_the_worker_keeps_the_first_rendering(invoice: Invoice) -> None:
    shown = signed_in(VIEW).get(f"/invoices/{invoice.pk}/invoice.pdf").content
    before = InvoiceRendering.objects.count()

    keep_documents()

    assert before == 0
    assert InvoiceRendering.objects.get(invoice=invoice).sha256 == sha256(shown).hexdigest()


def test_rendering_goes_on_in_another_task_when_its_time_is_over(
    invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "RENDERING_SECONDS", -1)

    keep_documents()
    keep_documents()

    assert InvoiceRendering.objects.count() == 1
    assert queued() == [("billing.tasks.keep_documents",)]


def test_draft_is_previewed(invoice: Invoice) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no way leads back to a draft otherwise
        cursor.execute(
            "UPDATE billing_invoice SET state = 'draft', number = NULL, year = NULL, sequence = NULL,"
            " issue_date = NULL, due_date = NULL"
        )
        cursor.execute("SET session_replication_role = DEFAULT")
    viewer = signed_in(VIEW)

    answer = viewer.get(f"/invoices/{invoice.pk}/invoice.pdf")

    assert answer.headers["Content-Disposition"] == 'attachment; filename="draft.pdf"'
    assert pages(answer.content)[0][0] == "DRAFT"
    assert InvoiceRendering.objects.count() == 0
    page = viewer.get(f"/invoices/{invoice.pk}/").text
    assert "Preview PDF" in page
    assert 'id="mail"' not in page


def test_pdf_that_differs_is_refused_in_a_sentence(invoice: Invoice) -> None:
    InvoiceRendering.objects.create(invoice=invoice, sha256="0" * 64)

    page = signed_in(VIEW).get(f"/invoices/{invoice.pk}/invoice.pdf", follow=True)

    (sentence,) = alerts(page)
    assert sentence.startswith("The PDF of INV-2026-000001 made now differs from the one first made on ")


@pytest.mark.parametrize(
    ("method", "path", "rights"),
    [
        ("get", "/invoices/{}/invoice.pdf", ["billing.view_invoicemail"]),
        ("get", SETTINGS, [VIEW]),
        ("get", SETTINGS + "sample.pdf", [VIEW]),
        ("post", SETTINGS + "letterhead/", ["billing.view_letterhead", "billing.change_mailing"]),
        ("post", SETTINGS + "mailing/", ["billing.view_letterhead", "billing.change_letterhead"]),
    ],
)
def test_page_needs_its_right(invoice: Invoice, method: str, path: str, rights: list[str]) -> None:
    assert getattr(signed_in(*rights), method)(path.format(invoice.pk)).status_code == 403


@pytest.mark.parametrize("path", [f"{SETTINGS}letterhead/", f"{SETTINGS}mailing/"])
def test_changes_are_never_a_get(finance: Client, path: str) -> None:
    assert finance.get(path).status_code == 405


@pytest.mark.parametrize("path", ["/invoices/0/invoice.pdf", "/invoices/99999999999/invoice.pdf"])
def test_invoice_that_does_not_exist(finance: Client, path: str) -> None:
    assert finance.get(path).status_code == 404


def test_letterhead_holds_for_new_invoices(finance: Client, invoice: Invoice) -> None:
    before = finance.get(f"/invoices/{invoice.pk}/invoice.pdf").content

    page = finance.post(
        f"{SETTINGS}letterhead/",
        {"footer": "Bank of Springfield", "logo": SimpleUploadedFile("logo.png", picture())},
        follow=True,
    )

    assert alerts(page) == [
        "Logo and footer tell customers where to pay, so an approver confirms them under Approvals, and they are "
        "printed from the next day on. Until then documents keep what they have.",
    ]
    assert Letterhead.objects.get().footer == ""
    confirm(change=ControlChange.objects.get(), actor=person("ann", group="Approver"))
    take_effect(legal_entity=LegalEntity.objects.get(), day=business_day() + timedelta(days=1))
    letterhead = Letterhead.objects.get()
    assert letterhead.footer == "Bank of Springfield"
    assert letterhead.logo is not None
    assert letterhead.logo.sha256 == sha256(bytes(letterhead.logo.jpeg)).hexdigest()
    assert finance.get(f"/invoices/{invoice.pk}/invoice.pdf").content == before
    sample = finance.get(f"{SETTINGS}sample.pdf").content
    assert pages(sample)[0][-2:] == ["Bank of Springfield", "1 of 1"]
    assert b"/Image" in sample
    [entry] = AuditEntry.objects.filter(action="Letterhead changed")
    assert (entry.actor_name, entry.before["footer"], entry.after["footer"]) == (
        "Fincelo",
        "",
        "Bank of Springfield",
    )


def test_logo_stays_until_it_is_removed(finance: Client) -> None:
    ann = person("ann", group="Approver")

    def decided(sent: dict[str, Any]) -> Logo | None:
        finance.post(f"{SETTINGS}letterhead/", sent)
        confirm(change=ControlChange.objects.get(outcome=""), actor=ann)
        take_effect(legal_entity=LegalEntity.objects.get(), day=business_day() + timedelta(days=1))
        return Letterhead.objects.get().logo

    given = decided({"logo": SimpleUploadedFile("logo.png", picture())})
    kept = decided({"footer": "Bank"})
    taken = decided({"footer": "Bank", "remove_logo": "on"})

    assert (given, kept, taken) == (Logo.objects.get(), Logo.objects.get(), None)


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (
            {"logo": SimpleUploadedFile("logo.png", b"<svg/>")},
            "The file is no picture that can be read. Choose a PNG or JPEG.",
        ),
        ({"footer": "a\n" * 7}, "The footer takes more than six lines on the page. Shorten it."),
        ({"footer": "W" * 501}, "Ensure this value has at most 500 characters (it has 501)."),
        ({"footer": "a\0b"}, "Null characters are not allowed."),
    ],
    ids=["no picture", "too many lines", "too long", "nul"],
)
def test_letterhead_that_cannot_be_printed_is_refused(
    finance: Client, sent: dict[str, Any], sentence: str
) -> None:
    page = finance.post(f"{SETTINGS}letterhead/", sent)

    assert sentence in page.text
    assert (Letterhead.objects.count(), Logo.objects.count()) == (0, 0)


def test_mailing_is_switched(finance: Client) -> None:
    page = finance.post(f"{SETTINGS}mailing/", {"sender": "bills@fincelo.example"}, follow=True)

    assert alerts(page) == ["Saved. It holds for invoices issued from now on."]
    assert Mailing.objects.values_list("automatic", "sender").get() == (False, "bills@fincelo.example")
    assert AuditEntry.objects.get(action="Mailing changed").after == {
        "automatic": False,
        "sender": "bills@fincelo.example",
    }


@pytest.mark.parametrize("sender", ["x", "a@example.com\nBcc: b@example.com", "Acme <a@example.com>"])
def test_sender_is_an_address(finance: Client, sender: str) -> None:
    page = finance.post(f"{SETTINGS}mailing/", {"sender": sender, "automatic": "on"})

    assert "Enter a valid email address." in page.text
    assert Mailing.objects.get().sender == ""


def test_invoice_in_the_admin_leads_to_its_pdf(invoice: Invoice, admin_client: Client) -> None:
    page = admin_client.get(f"/admin/billing/invoice/{invoice.pk}/change/").text

    assert f'href="/invoices/{invoice.pk}/invoice.pdf"' in page
    assert f'href="/admin/billing/invoicemail/?invoice__id__exact={invoice.pk}"' in page
