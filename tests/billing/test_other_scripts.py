"""Names in the scripts of the world are whole in PDF, mail and page; what no font has waits."""

import io

import pytest
from django.core import mail
from pypdf import PdfReader

from billing.enums import BillingTrigger, WaitCode
from billing.issuing.invoicing import invoice_due
from billing.issuing.rendering import boxed_texts, document_of
from billing.mailing.sending import send_waiting
from billing.models import Invoice
from billing.receivables.crediting import request_credit
from billing.schedules.printability import note_unprintable, note_unprintable_of, recheck_unprintable
from billing.schedules.waiting import reasons_of, wait_for
from contracts.models import Contract, Customer, CustomField
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.mailing.letters import issue
from tests.billing.people import person
from tests.billing.test_set_up_pages import browser
from tests.pages import alerts, signed_in, words

pytestmark = pytest.mark.django_db
OLD_PERSIAN = "𐎠𐎼𐎹"
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
    assert name in pdf
    assert f"{name} subscription" in str(message.body)
    assert name in words(page.text)
    assert alerts(page) == []
    assert boxed_texts(document=document_of(invoice=invoice)) == []


@pytest.mark.parametrize("name", ["Łódź & Söhne", "Σωκράτης Α.Ε.", "ООО «Ромашка»", "Cafe\u0301"])
def test_scripts_of_the_font_raise_no_question(name: str) -> None:
    (invoice,) = issue(name)

    assert alerts(signed_in(*RIGHTS).get(f"/invoices/{invoice.pk}/")) == []


def test_a_name_that_no_font_has_waits_for_a_printed_name() -> None:
    ensure_legal_entity()
    [contract] = sign(Deal(customer=OLD_PERSIAN))
    Contract.objects.filter(pk=contract.pk).update(name="Subscription")

    assert invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND).issued == 0
    assert [one.code for one in reasons_of(contract_ids=[contract.pk])[contract.pk]] == [WaitCode.UNPRINTABLE]
    finance = browser(person("finn", group="Finance"))
    details = finance.get(f"/customers/{contract.customer_id}/details/")
    data = {name: value or "" for name, value in details.context["form"].initial.items() if value}
    finance.post(f"/customers/{contract.customer_id}/details/", {**data, "printed_name": "Parsa Ltd"})
    assert invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND).issued == 1
    invoice = Invoice.objects.get()
    assert (invoice.buyer["name"], document_of(invoice=invoice).buyer.name) == (OLD_PERSIAN, "Parsa Ltd")


def test_whose_texts_can_be_printed_waits_no_longer() -> None:
    ensure_legal_entity()
    ours, other = sign(Deal(customer=OLD_PERSIAN), Deal(customer=OLD_PERSIAN * 2))
    wait_for(code=WaitCode.MANY_DEALS, contract_ids=[ours.pk])
    Contract.objects.update(name="Subscription")
    Customer.objects.update(printed_name="Parsa Ltd")

    note_unprintable_of(customer=ours.customer)
    after_details = codes(ours), codes(other)
    recheck_unprintable()

    assert after_details == ([WaitCode.MANY_DEALS], [WaitCode.UNPRINTABLE])
    assert (codes(ours), codes(other)) == ([WaitCode.MANY_DEALS], [])


def test_who_waits_for_something_else_waits_for_letters_too() -> None:
    """So does a contract beside another that waits for letters already."""
    ensure_legal_entity()
    sign(Deal(customer=OLD_PERSIAN))
    [late] = sign(Deal())
    wait_for(code=WaitCode.MANY_DEALS, contract_ids=[late.pk])
    Contract.objects.filter(pk=late.pk).update(name=OLD_PERSIAN)

    note_unprintable(contract_ids=[late.pk])

    assert set(codes(late)) == {WaitCode.MANY_DEALS, WaitCode.UNPRINTABLE}


@pytest.mark.parametrize("is_printed", [True, False])
def test_a_field_that_is_not_printed_may_hold_any_letter(is_printed: bool) -> None:
    ensure_legal_entity()
    [contract] = sign(Deal())
    CustomField.objects.create(label="Team", home="contract", type="text", on_invoice=is_printed)
    Contract.objects.filter(pk=contract.pk).update(custom_fields={"Team": OLD_PERSIAN})

    note_unprintable(contract_ids=[contract.pk])

    assert codes(contract) == ([WaitCode.UNPRINTABLE] if is_printed else [])


def codes(contract: Contract) -> list[WaitCode]:
    return [reason.code for reason in reasons_of(contract_ids=[contract.pk]).get(contract.pk, [])]


def test_a_control_character_in_a_name_waits_as_well() -> None:
    ensure_legal_entity()
    [contract] = sign(Deal(customer="Acme\x07Inc"))

    assert [one.code for one in reasons_of(contract_ids=[contract.pk])[contract.pk]] == [WaitCode.UNPRINTABLE]


def test_page_of_a_credit_note_says_it_as_well() -> None:
    (invoice,) = issue()
    note = request_credit(
        invoice=invoice, amount=1, reason=OLD_PERSIAN, as_of=TODAY, actor=person("ann", group="Approver")
    )

    page = signed_in(*RIGHTS).get(f"/credit-notes/{note.pk}/")

    assert alerts(page) == ["The PDF shows boxes for some letters."]
