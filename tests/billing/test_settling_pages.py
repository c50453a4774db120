"""The pages of credit notes, payments and void invoices."""

import csv
import io
from datetime import date

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.models import CreditNote, Invoice, Payment, PaymentImport
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.people import person
from tests.pages import alerts, field_errors, heading, rows, signed_in

pytestmark = pytest.mark.django_db


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def finn() -> Client:
    return browser(person("finn", group="Finance"))


@pytest.fixture
def ann() -> Client:
    return browser(person("ann", group="Approver"))


@pytest.fixture
def invoice() -> Invoice:
    """Of USD 100.00 and 19 % tax."""
    ensure_legal_entity(default_tax_rate=19_000)
    sign(Deal())
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    return Invoice.objects.get()


def paths(invoice: Invoice) -> dict[str, str]:
    return {name: f"/invoices/{invoice.pk}/{name}/" for name in ("credit", "payment", "void")}


def upload(client: Client, *lines: str, name: str = "bank.csv") -> object:
    text = "\n".join(["invoice,amount,currency,date,reference", *lines])
    file = SimpleUploadedFile(name, text.encode())
    return client.post("/payments/import/", {"file": file}, follow=True)


def test_an_approver_credits_at_once(ann: Client, invoice: Invoice) -> None:
    page = ann.post(paths(invoice)["credit"], {"amount": "25", "reason": "Agreed"}, follow=True)

    note = CreditNote.objects.get()
    assert alerts(page) == [f"Credit note {note.number} is issued."]
    assert heading(page) == (
        f"Credit notes {note.number} Issued Takes back USD 29.75 of {invoice.number}. Download PDF"
    )
    assert rows(page) == [["Acme subscription", "22 Nov 2026 – 21 Dec 2026", "25.00"]]
    assert rows(ann.get("/credit-notes/"))[0][:5] == [
        str(note.number),
        "INV-2026-000001",
        "Acme",
        "Issued",
        "29.75",
    ]


def test_what_finance_asks_for_waits_for_an_approver(finn: Client, ann: Client, invoice: Invoice) -> None:
    page = finn.post(paths(invoice)["credit"], {"amount": "", "reason": "Agreed"}, follow=True)
    note = CreditNote.objects.get()
    own = finn.post(f"/credit-notes/{note.pk}/approve/")
    done = ann.post(f"/credit-notes/{note.pk}/approve/", follow=True)

    assert heading(page) == (
        "Credit notes Credit note Draft Asked for by finn. It is issued once somebody else approves it. Preview PDF"
    )
    assert alerts(page) == [
        "The credit note waits here until an approver has looked at it.",
        "You asked for this credit note, so somebody else approves it.",
    ]
    assert own.status_code == 403
    assert "Issued" in heading(done)
    invoice.refresh_from_db()
    assert invoice.state == "credited"


def test_a_draft_is_discarded_by_who_asked_for_it_or_an_approver(
    finn: Client, ann: Client, invoice: Invoice
) -> None:
    finn.post(paths(invoice)["credit"], {"amount": "25", "reason": "Agreed"})
    path = f"/credit-notes/{CreditNote.objects.get().pk}/discard/"
    zoe = browser(person("zoe", group="Finance"))

    refused = zoe.post(path, follow=True)
    done = ann.post(path, follow=True)

    assert (
        alerts(refused)[0] == "Only the person who requested this credit note or an approver can discard it."
    )
    assert alerts(done)[-1] == "The credit note is discarded. The invoice is as it was."


def test_a_draft_is_discarded(finn: Client, invoice: Invoice) -> None:
    finn.post(paths(invoice)["credit"], {"amount": "", "reason": "Agreed"})
    note = CreditNote.objects.get()

    page = finn.post(f"/credit-notes/{note.pk}/discard/", follow=True)

    assert alerts(page)[-1] == "The credit note is discarded. The invoice is as it was."
    assert CreditNote.objects.count() == 0


@pytest.mark.parametrize(
    ("data", "field", "sentence"),
    [
        ({"amount": "25"}, "id_reason", "This field is required."),
        (
            {"amount": "25.001", "reason": "x"},
            "id_amount",
            "“25.001” can mean 25,001.00 or 25.001. Which one?",
        ),
        (
            {"amount": "x", "reason": "x"},
            "id_amount",
            "Enter an amount in digits, such as 1200.00 or 1.200,00.",
        ),
        (
            {"amount": "100.01", "reason": "x"},
            "id_amount",
            "A credit note on INV-2026-000001 takes back an amount above 0, up to USD 100.00.",
        ),
        (
            {"amount": "0", "reason": "x"},
            "id_amount",
            "A credit note on INV-2026-000001 takes back an amount above 0, up to USD 100.00.",
        ),
    ],
)
def test_a_credit_that_cannot_be(
    data: dict[str, str], field: str, sentence: str, ann: Client, invoice: Invoice
) -> None:
    page = ann.post(paths(invoice)["credit"], data, follow=True)

    assert field_errors(page) == {field: sentence}
    assert CreditNote.objects.count() == 0


def test_a_payment_is_recorded_and_taken_back(finn: Client, invoice: Invoice) -> None:
    offered = finn.get(f"/invoices/{invoice.pk}/").text
    data = {"paid": "119", "received_date": "2026-11-20", "reference": "Bank 7"}
    page = finn.post(paths(invoice)["payment"], data, follow=True)
    payment = Payment.objects.get()
    back = finn.post(f"/payments/{payment.pk}/take-back/", {"reason": "Wrong"}, follow=True)

    assert 'name="paid" value="119.00"' in offered
    assert alerts(page) == ["USD 119.00 is recorded."]
    assert heading(page) == "Invoices INV-2026-000001 Paid Download PDF"
    assert rows(page)[1][:4] == ["20 Nov 2026", "119.00", "Bank 7", "finn"]
    assert alerts(back) == ["The payment is taken back. Its amount is open again."]
    assert [row[1] for row in rows(back)[1:]] == ["119.00", "\u2212119.00"]


def test_a_day_ahead_is_refused(finn: Client, invoice: Invoice) -> None:
    page = finn.post(paths(invoice)["payment"], {"paid": "1", "received_date": "2999-01-01"}, follow=True)

    assert field_errors(page) == {
        "id_received_date": "1 Jan 2999 lies ahead. Record a payment once it is there."
    }


def test_an_invoice_is_made_void(ann: Client, invoice: Invoice) -> None:
    page = ann.post(paths(invoice)["void"], {"then": "bill_again", "void_reason": "Wrong"}, follow=True)

    assert alerts(page) == ["INV-2026-000001 is void. Its number stays in the series."]
    assert heading(page) == "Invoices INV-2026-000001 Void Download PDF"


def test_a_file_is_imported_and_what_did_not_match_is_shown(finn: Client, invoice: Invoice) -> None:
    page = upload(finn, "INV-2026-000001,119,USD,2026-11-20,a", "=HYPERLINK(1),5,USD,2026-11-20,@x")

    done = PaymentImport.objects.get()
    assert heading(page) == "Payments bank.csv 1 recorded, 1 not matched."
    assert rows(page) == [
        ["3", "=HYPERLINK(1)", "5", "USD", "2026-11-20", "@x", "There is no invoice =HYPERLINK(1)."]
    ]
    file = finn.get(f"/payments/imports/{done.pk}/unmatched.csv")
    assert list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"), newline="")))[1] == [
        "'=HYPERLINK(1)",
        "5",
        "USD",
        "2026-11-20",
        "'@x",
        "",
        "There is no invoice =HYPERLINK(1).",
    ]
    assert rows(finn.get("/payments/"))[0][:3] == ["20 Nov 2026", "INV-2026-000001", "119.00"]


def test_the_same_file_again_says_so(finn: Client, invoice: Invoice) -> None:
    upload(finn, "INV-2026-000001,119,USD,2026-11-20,a")

    page = upload(finn, "INV-2026-000001,119,USD,2026-11-20,a")

    assert heading(page) == "Payments bank.csv 0 recorded, 1 recorded before."


def test_a_file_that_cannot_be_read(finn: Client) -> None:
    ensure_legal_entity()
    page = finn.post("/payments/import/", {"file": SimpleUploadedFile("a.csv", b"\x81")}, follow=True)

    assert field_errors(page) == {
        "id_file": "a.csv is not imported. The file is no text in UTF-8 or Windows-1252. Save it as CSV UTF-8."
    }


def test_a_customer_gets_its_own_terms(finn: Client, invoice: Invoice) -> None:
    path = f"/customers/{invoice.customer_id}/"
    finn.post(f"{path}billing-terms/", {"tax_percent": "8.875", "payment_terms_days": "14"})
    own = finn.get(path).text
    finn.post(f"{path}billing-terms/", {"tax_percent": "", "payment_terms_days": ""})

    assert "8.875 %" in own
    assert "14 days" in own
    invoice.customer.refresh_from_db()
    assert (invoice.customer.tax_rate, invoice.customer.payment_terms_days) == (None, None)


ACTIONS = {
    "/invoices/{invoice}/credit/": "billing.add_creditnote",
    "/invoices/{invoice}/payment/": "billing.add_payment",
    "/invoices/{invoice}/void/": "billing.void_invoice",
    "/payments/import/": "billing.add_payment",
    "/customers/{customer}/billing-terms/": "contracts.change_customer",
}
PAGES = {"/credit-notes/": "billing.view_creditnote", "/payments/": "billing.view_payment"}


@pytest.mark.parametrize("path", ACTIONS)
def test_actions_need_their_right_and_a_post(path: str, invoice: Invoice) -> None:
    path = path.format(invoice=invoice.pk, customer=invoice.customer_id)
    others = set(ACTIONS.values()) - {ACTIONS[path_] for path_ in ACTIONS if path_.split("/")[-2] in path}

    assert signed_in(*others, "billing.view_invoice").post(path).status_code == 403
    assert browser(person("ann", group="Approver")).get(path).status_code == 405


@pytest.mark.parametrize("path", PAGES)
def test_pages_need_their_right(path: str) -> None:
    assert signed_in().get(path).status_code == 403


@pytest.mark.parametrize("group", ["Finance", "Support", "Operator"])
def test_only_approvers_make_void(group: str, invoice: Invoice) -> None:
    data = {"then": "bill_again", "void_reason": "x"}

    assert browser(person("x", group=group)).post(paths(invoice)["void"], data).status_code == 403
    assert Invoice.objects.get().state == "issued"


def test_overdue_is_told_by_the_day(finn: Client) -> None:
    ensure_legal_entity()
    sign(Deal(start=date(2024, 1, 1), months=1), as_of=date(2024, 1, 1))
    invoice_due(as_of=date(2024, 1, 1), trigger=BillingTrigger.COMMAND)
    invoice = Invoice.objects.get()

    before = heading(finn.get(f"/invoices/{invoice.pk}/"))
    finn.post(paths(invoice)["payment"], {"paid": "1200", "received_date": "2024-01-02"})

    assert before == "Invoices INV-2024-000001 Overdue Download PDF"
    assert heading(finn.get(f"/invoices/{invoice.pk}/")) == "Invoices INV-2024-000001 Paid Download PDF"
