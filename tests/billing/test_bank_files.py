"""Payment files as banks and spreadsheets write them: read by a choice made once, or named, never guessed."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.models import BankProfile, Invoice, LegalEntity, Payment, PaymentImport
from billing.receivables.bank_formats import UnreadableFile
from billing.receivables.payment_imports import prefixes
from billing.receivables.payment_rows import find_numbers, read_file, read_payments
from billing.values import Choice, DayOrder, DecimalMark, Role
from contracts.money import Money
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.people import person
from tests.pages import alerts, field_errors, rows

pytestmark = pytest.mark.django_db
CASES = {
    case["id"]: case
    for case in json.loads(Path(__file__).with_name("bank_files.json").read_text(encoding="utf-8"))["cases"]
}
CHOICES = {
    "B01": Choice(decimal_mark=DecimalMark.COMMA, day_order=DayOrder.DAY_FIRST),
    "B02": Choice(columns={Role.DATE: "Buchungstag"}, day_order=DayOrder.DAY_FIRST),
    "B03": Choice(day_order=DayOrder.MONTH_FIRST),
    "B06": Choice(decimal_mark=DecimalMark.COMMA, day_order=DayOrder.DAY_FIRST),
    "B13": Choice(currency="EUR"),
    "B15": Choice(day_order=DayOrder.DAY_FIRST),
}
READ = [key for key, case in CASES.items() if isinstance(case["want"], list)]
REFUSED = {
    "B09": "'03/04/2026' can be 2026-04-03 or 2026-03-04. Which is meant?",
    "B10": "'1.234' can be read as 1.234 or as 1,234. Which is meant?",
    "B11": "The file is MT940, which is not read yet. Export the payments as CSV.",
    "B12": "The file is CAMT.053, which is not read yet. Export the payments as CSV.",
}


def content(key: str) -> bytes:
    case = CASES[key]
    return str(case["text"]).encode(case["encoding"])


def payments_of(key: str, choice: Choice | None) -> list[dict[str, str]]:
    found = read_payments(content=content(key), choice=choice)
    return [
        {
            "invoice": row.number,
            "amount": str(row.payment.amount.to_decimal()),
            "currency": row.payment.amount.currency,
            "date": row.payment.received_date.isoformat(),
        }
        for row in found
        if row.payment
    ]


@pytest.mark.parametrize("key", READ)
def test_a_dialect_is_read_by_its_choice(key: str) -> None:
    assert payments_of(key, CHOICES.get(key)) == CASES[key]["want"]


@pytest.mark.parametrize("key", ["B01", "B03", "B06", "B07", "B08", "B15"])
def test_what_has_one_reading_needs_no_choice(key: str) -> None:
    assert payments_of(key, None) == CASES[key]["want"]


@pytest.mark.parametrize(("key", "sentence"), REFUSED.items())
def test_two_readings_and_other_formats_are_named(key: str, sentence: str) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        read_payments(content=content(key))

    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        (["1.234", "2.50"], ["1.234", "2.50"]),
        (["1.234", "2,50"], ["1234", "2.50"]),
        (["1 234,50", "BHD 7,00"], ["1234.50", "7.00"]),
        (["1\u202f234.50-"], ["-1234.50"]),
        (["\u22125,00"], ["-5.00"]),
        (["1'234.50", "12"], ["1234.50", "12"]),
        (["1,234,567"], ["1234567"]),
        (["0,125"], "asked"),
        (["1,234"], "asked"),
        (["1.50", "1,50"], "mixed"),
        (["1,23,456.00"], ["123456.00"]),
        (["(1.50)", "1.50 DR", "2.50 CR", "USX"], ["-1.50", "-1.50", "2.50", None]),
        (["10 00", "1.50"], [None, "1.50"]),
        (["\u200e1.50", "\u20131.50", "--1.50"], ["1.50", "-1.50", None]),
        ([".50"], ["0.50"]),
    ],
)
def test_the_whole_column_has_one_form(amounts: list[str], said: list[str | None] | str) -> None:
    lines = "".join(f"INV-2026-000001;{amount};BHD;2026-11-21\n" for amount in amounts)
    text = f"invoice;amount;currency;date\n{lines}".encode()
    if said == "mixed":
        with pytest.raises(UnreadableFile, match="in two forms"):
            read_file(content=text)
        return

    read = read_file(content=text)

    if said == "asked":
        assert [question.code for question in read.questions] == ["decimal_mark"]
    else:
        assert [row.payment and row.payment.amount for row in read.rows] == [
            one and Money(minor=round(float(one) * 1000), currency="BHD") for one in said
        ]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Rechnung INV-2026-000001 vielen Dank", ["INV-2026-000001"]),
        ("inv 2026 1", ["INV-2026-000001"]),
        ("INV2026000001", ["INV-2026-000001"]),
        ("INV/2026/000001 und INV-2026-000002", ["INV-2026-000001", "INV-2026-000002"]),
        ("XINV-2026-000001", []),
        ("RE 2026-000001", []),
        ("INV-2026-000001A", []),
        ("INV-2026-000001/000002", ["INV-2026-000001", "INV-2026-000002"]),
        ("INV-2026-000001 und 000003, danke", ["INV-2026-000001", "INV-2026-000003"]),
        ("INV-2026-000001, 100 EUR", ["INV-2026-000001"]),
    ],
)
def test_numbers_are_found_within_a_text(text: str, numbers: list[str]) -> None:
    assert find_numbers(text, prefixes=["INV"]) == numbers


@pytest.fixture
def finn() -> Client:
    client = Client()
    client.force_login(person("finn", group="Finance"))
    return client


@pytest.fixture
def invoice() -> Invoice:
    ensure_legal_entity()
    sign(Deal(currency="EUR", value="1200.00"))
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    return Invoice.objects.get()


def upload(client: Client, text: bytes, name: str = "bank.csv") -> Any:
    return client.post("/payments/import/", {"file": SimpleUploadedFile(name, text)}, follow=True)


GERMAN = (
    "Kontoauszug;Musterbank\r\n"
    '"Buchungstag";"Valuta";"Verwendungszweck";"Betrag"\r\n'
    '"21.11.26";"22.11.26";"Rechnung INV-2026-000001 vielen Dank";"60,00"\r\n'
    '"22.11.26";"22.11.26";"Miete November";"-950,00"\r\n'
)


def test_a_bank_is_chosen_once_and_kept(finn: Client, invoice: Invoice) -> None:
    shown = upload(finn, GERMAN.encode("cp1252"))
    done = PaymentImport.objects.get()
    before = Payment.objects.count()
    choice = {
        "name": "Musterbank",
        "encoding": "cp1252",
        "date": "Buchungstag",
        "reference": "Verwendungszweck",
        "amount": "Betrag",
        "decimal_mark": "comma",
        "day_order": "day_first",
        "account_currency": "eur",
    }
    looked = finn.post(f"/payments/imports/{done.pk}/read/", choice)
    recorded = finn.post(f"/payments/imports/{done.pk}/read/", choice | {"record": "1"}, follow=True)
    later = upload(finn, GERMAN.replace("60,00", "40,00").encode("cp1252"), "december.csv")

    assert alerts(shown)[:2] == [
        "Which column is the date: Buchungstag or Valuta?",
        "No column names the currency. In which currency is this account?",
    ]
    assert before == 0
    assert rows(looked)[0][:4] == ["3", "INV-2026-000001", "EUR 60.00", "21 Nov 2026"]
    assert "1 recorded, 1 no money received." in recorded.text
    assert "1 recorded, 1 no money received." in later.text
    assert BankProfile.objects.get().name == "Musterbank"
    assert [str(payment.received_date) for payment in Payment.objects.order_by("pk")] == ["2026-11-21"] * 2


def test_a_choice_that_is_missing_is_asked_for_again(finn: Client, invoice: Invoice) -> None:
    upload(finn, content("B10"))
    done = PaymentImport.objects.get()

    page = finn.post(f"/payments/imports/{done.pk}/read/", {"name": "x", "encoding": "utf-8", "record": "1"})

    assert "This field is required." in page.text
    assert Payment.objects.count() == 0


WITH_CURRENCY = "Date;Amount;Currency;Reference\r\n2026-11-21;{amount};{currency};INV-2026-000001\r\n"


def test_a_row_counts_in_the_currency_that_it_names(finn: Client, invoice: Invoice) -> None:
    """The account's own currency is for rows that name none: dollars settle no invoice in euros."""
    upload(finn, WITH_CURRENCY.format(amount="60,00", currency="EUR").encode())
    done = PaymentImport.objects.get()
    page = finn.get(f"/payments/imports/{done.pk}/").text
    choice = {
        "name": "Bank",
        "encoding": "utf-8",
        "date": "Date",
        "amount": "Amount",
        "currency": "Currency",
        "reference": "Reference",
        "decimal_mark": "comma",
        "day_order": "day_first",
        "account_currency": "EUR",
        "record": "1",
    }

    finn.post(f"/payments/imports/{done.pk}/read/", choice)
    upload(finn, WITH_CURRENCY.format(amount="40,00", currency="USD").encode(), "later.csv")

    assert '<select name="currency"' in page
    assert 'name="account_currency"' in page
    assert list(Payment.objects.values_list("amount_minor", flat=True)) == [60_00]


def test_a_currency_that_nobody_has_chosen_is_asked_for_at_its_field(finn: Client, invoice: Invoice) -> None:
    upload(finn, GERMAN.encode("cp1252"))
    done = PaymentImport.objects.get()
    choice = {
        "name": "Bank",
        "encoding": "cp1252",
        "date": "Buchungstag",
        "reference": "Verwendungszweck",
        "amount": "Betrag",
        "decimal_mark": "comma",
        "day_order": "day_first",
        "record": "1",
    }

    page = finn.post(f"/payments/imports/{done.pk}/read/", choice)

    assert "No column names the currency. In which currency is this account?" in page.text
    assert 'id="id_account_currency_error"' in page.text
    assert Payment.objects.count() == 0


def test_a_file_without_head_words_is_asked_about_each_time(finn: Client, invoice: Invoice) -> None:
    text = b"INV-2026-000001;60.00;EUR;2026-11-21\n"
    page = upload(finn, text)
    path = f"/payments/imports/{PaymentImport.objects.get().pk}/read/"
    columns = {"invoice": "Column 1", "amount": "Column 2", "currency": "Column 3", "date": "Column 4"}
    form = {"name": "x", "encoding": "utf-8", "decimal_mark": "point", "day_order": "day_first"}
    finn.post(path, form | columns | {"record": "1"})

    assert "The file has no line that names its columns." in alerts(page)
    assert "is kept for the next file" not in page.text
    assert Payment.objects.get().amount_minor == 60_00
    assert not BankProfile.objects.exists()


CYRILLIC = "Дата;Сумма;Валюта;Назначение\n21.11.2026;{};EUR;INV-2026-000001\n"


def test_an_encoding_is_chosen_before_its_columns_and_kept(finn: Client, invoice: Invoice) -> None:
    upload(finn, CYRILLIC.format("60,00").encode("cp1251"))
    done = PaymentImport.objects.get()
    choice = {
        "name": "Bank",
        "encoding": "cp1251",
        "date": "Дата",
        "amount": "Сумма",
        "currency": "Валюта",
        "reference": "Назначение",
        "decimal_mark": "comma",
        "day_order": "day_first",
        "record": "1",
    }

    looked = finn.post(f"/payments/imports/{done.pk}/read/", {"name": "Bank", "encoding": "cp1251"}).text
    finn.post(f"/payments/imports/{done.pk}/read/", choice)
    upload(finn, CYRILLIC.format("40,00").encode("cp1251"), "later.csv")
    upload(finn, CYRILLIC.format("1.50").encode("cp1251"), "changed.csv")

    assert "Назначение" in looked
    assert list(Payment.objects.order_by("pk").values_list("amount_minor", flat=True)) == [60_00, 40_00]
    assert PaymentImport.objects.get(file_name="changed.csv").is_preview  # it is not written as chosen


def test_a_preview_is_discarded(finn: Client, invoice: Invoice) -> None:
    upload(finn, content("B10"))

    finn.post(f"/payments/imports/{PaymentImport.objects.get().pk}/discard/")

    assert PaymentImport.objects.count() == 0


@pytest.mark.parametrize("key", ["B11", "B12"])
def test_another_format_is_named_on_the_page(finn: Client, invoice: Invoice, key: str) -> None:
    [said] = field_errors(upload(finn, content(key))).values()

    assert said == f"bank.csv is not imported. {REFUSED[key]}"


def test_a_plain_file_is_recorded_at_once(finn: Client, invoice: Invoice) -> None:
    LegalEntity.objects.update(name="Another")
    page = upload(finn, content("B08"))

    assert "1 recorded." in page.text


def test_without_a_legal_entity_numbers_begin_as_usual() -> None:
    LegalEntity.objects.all().delete()

    assert prefixes() == ["INV"]
