"""A hundred issued invoices and what was credited of them, and a hundred papers such as agents do not write yet:
each rendered twice, opened by a reader that nobody here wrote, and compared with the copy in the database.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from billing.documents.content import CustomFact, Document, Line, Party, Reference
from billing.documents.fonts import is_printable
from billing.documents.logos import as_jpeg
from billing.documents.painting import render
from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.issuing.letterheads import change_letterhead
from billing.issuing.rendering import credit_note_pdf, invoice_pdf
from billing.models import CreditNote, Invoice
from billing.receivables.crediting import request_credit
from billing.tax import RateTotal
from contracts.models import Contract, Customer, CustomField
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, sign
from tests.billing.documents.papers import CATALOGUE, LINE, paper, picture
from tests.billing.documents.readings import DECIMALS, assert_read_as
from tests.billing.people import person

pytestmark = [pytest.mark.django_db, pytest.mark.slow, AHEAD]

COUNT = 100
NAMES = [name for name in CATALOGUE if len(name) <= 200 and is_printable(name)] + [
    "Ünïcode GmbH & Co. KG",
    "Æther A/S",
    "Ѐѝ ООО",
]
ADDRESSES = [
    "1 Main Street\nŁódź",
    "Οδός 5\nΑθήνα",
    "ул. Мира 7\nМосква",
    "東京都\n千代田区",
    "רחוב 1\nתל אביב",
    "",
]
VALUES = {"JPY": "1200000", "USD": "12345.67", "EUR": "0.12", "BHD": "1234.567", "CLF": "99.9999"}
RATES = [0, 7_700, 8_875, 19_000, 99_999]


def issue_a_hundred(dice: random.Random) -> None:
    """Half of them with the tax included in the price."""
    clerk = person("clerk", group="Approver")
    CustomField.objects.create(home="contract", label="Region", on_invoice=True)
    for included in (False, True):
        entity = ensure_legal_entity(prices_include_tax=included)
        change_letterhead(
            legal_entity=entity,
            footer="Bank of Springfield\nΤράπεζα 4711",
            logo=as_jpeg(picture(width=30 + included)),
            removes_logo=False,
            actor=clerk,
        )
        sign(
            *[
                Deal(
                    customer=f"{place}",
                    currency=(currency := list(VALUES)[place % 5]),
                    value=VALUES[currency],
                    start=TODAY - timedelta(days=place % 31),
                    po_number=dice.choice(["", f"PO {place}", "Заказ 7"]),
                )
                for place in range(COUNT // 2)
            ]
        )
        for place, customer in enumerate(Customer.objects.filter(invoices=None).order_by("pk")):
            customer.name = NAMES[place % len(NAMES)]
            customer.street = customer.city = ""
            customer.address = dice.choice(ADDRESSES)
            customer.tax_number = dice.choice(["", "DE 123", "ΑΦΜ 9"])
            customer.language = dice.choice(["en", "de"])
            customer.tax_rate = dice.choice(RATES)
            customer.payment_terms_days = dice.choice([0, 14, 60])
            customer.save()
            Contract.objects.filter(customer=customer).update(
                name=f"{customer.name[:100]} subscription",
                custom_fields=dice.choice(
                    [{}, {"Region": "Север 7"}, {"Region": "North", "Not printed": "x"}]
                ),
            )
        invoice_due(as_of=TODAY, trigger=BillingTrigger.SCHEDULE)


def rows(statement: str, *values: Any) -> Iterator[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(found)::text FROM ({statement}) found", list(values))
        yield from (json.loads(row) for (row,) in cursor.fetchall())


def party_in(copy: dict[str, Any]) -> Party:
    kept = copy["address"]
    lines = [*kept["lines"], kept["city"]]
    return Party(name=copy["name"], address="\n".join(filter(None, lines)), tax_number=copy["tax_number"])


def copy_in_the_database(row: dict[str, Any], lines: list[dict[str, Any]], **more: Any) -> Document:
    """Column by column, past the product."""
    return Document(
        language=row["buyer"]["language"],
        number=row["number"],
        issue_date=date.fromisoformat(row["issue_date"]),
        due_date=date.fromisoformat(row["due_date"]) if row.get("due_date") else None,
        payment_terms_days=row.get("payment_terms_days"),
        currency=row["currency"],
        seller=party_in(row["seller"]),
        buyer=party_in(row["buyer"]),
        lines=[
            Line(
                description=line["description"],
                first_day=date.fromisoformat(line["period_start"]),
                last_day=date.fromisoformat(line["period_end"]) - timedelta(days=1),
                amount_minor=line["amount_minor"],
            )
            for line in lines
        ],
        net_minor=row["net_minor"],
        tax_minor=row["tax_minor"],
        total_minor=row["total_minor"],
        taxes=[
            RateTotal(rate=tax["rate"], net=tax["net_minor"], tax=tax["tax_minor"])
            for tax in row["tax_summary"]
        ],
        footer=row["seller"]["footer"],
        logo=None,
        **more,
    )


def stored_invoice(invoice: Invoice) -> Document:
    [row] = rows("SELECT * FROM billing_invoice WHERE id = %s", invoice.pk)
    lines = list(
        rows("SELECT * FROM billing_invoiceline WHERE invoice_id = %s ORDER BY position", invoice.pk)
    )
    return copy_in_the_database(
        row,
        lines,
        po_number=row["po_number"],
        prices_include_tax=row["prices_include_tax"],
        credits=None,
        reason="",
        custom_fields=[CustomFact(**kept) for kept in row["custom_fields"]],
    )


def stored_credit_note(note: CreditNote) -> Document:
    [row] = rows("SELECT * FROM billing_creditnote WHERE id = %s", note.pk)
    [invoice] = rows("SELECT * FROM billing_invoice WHERE id = %s", note.invoice_id)
    lines = list(
        rows("SELECT * FROM billing_creditnoteline WHERE credit_note_id = %s ORDER BY position", note.pk)
    )
    return copy_in_the_database(
        row,
        lines,
        po_number=invoice["po_number"],
        prices_include_tax=invoice["prices_include_tax"],
        credits=Reference(number=invoice["number"], issue_date=date.fromisoformat(invoice["issue_date"])),
        reason=row["reason"],
    )


def change_all_that_they_were_made_from() -> None:
    ensure_legal_entity(name="Renamed", street="Moved", tax_number="US-9", default_tax_rate=1)
    Customer.objects.update(name="Renamed", street="Moved", vat_id="X", language="en", tax_rate=1)
    Contract.objects.update(name="Renamed", po_number="PO 9")


def test_a_hundred_invoices_say_what_is_stored_and_are_the_same_bytes_again() -> None:
    issue_a_hundred(random.Random(100))
    invoices = list(Invoice.objects.order_by("sequence"))
    first = [invoice_pdf(invoice=invoice) for invoice in invoices]
    change_all_that_they_were_made_from()

    again = [invoice_pdf(invoice=invoice) for invoice in Invoice.objects.order_by("sequence")]

    assert len(set(first)) == COUNT
    assert again == first
    for invoice, pdf in zip(invoices, first, strict=True):
        assert_read_as(stored_invoice(invoice), pdf)
    said = {(invoice.currency, invoice.prices_include_tax, invoice.buyer["language"]) for invoice in invoices}
    assert len(said) == len(DECIMALS) * 2 * 2


def test_credit_notes_of_them_say_what_is_stored_and_are_the_same_bytes_again() -> None:
    issue_a_hundred(random.Random(7))
    clerk = person("root")
    clerk.is_superuser = True
    clerk.save()
    for place, invoice in enumerate(Invoice.objects.order_by("sequence")[::4]):
        half = (invoice.net_minor // 2 or None) if place % 2 else None
        request_credit(invoice=invoice, amount=half, reason="Agreed", as_of=TODAY, actor=clerk)
    notes = list(CreditNote.objects.order_by("sequence"))
    first = [credit_note_pdf(note=note) for note in notes]
    change_all_that_they_were_made_from()

    again = [credit_note_pdf(note=note) for note in CreditNote.objects.order_by("sequence")]

    assert (len(notes), again == first) == (25, True)
    for note, pdf in zip(notes, first, strict=True):
        assert_read_as(stored_credit_note(note), pdf)


def random_paper(dice: random.Random, place: int) -> Document:
    """Long tables and several rates, in each currency and language."""
    lines = [
        replace(LINE, description=dice.choice(NAMES), amount_minor=dice.randrange(1, 10**9))
        for _ in range([1, 2, 20, 45, 120][place % 5])
    ]
    taxes = [
        RateTotal(rate=rate, net=dice.randrange(10**9), tax=dice.randrange(10**8))
        for rate in dice.sample(RATES, dice.randrange(6))
    ]
    return paper(
        language=["en", "de"][place % 2],
        currency=list(DECIMALS)[place // 2 % 5],
        lines=lines,
        taxes=taxes,
        net_minor=sum(line.amount_minor for line in lines),
        tax_minor=sum(tax.tax for tax in taxes),
        total_minor=sum(line.amount_minor for line in lines) + sum(tax.tax for tax in taxes),
        prices_include_tax=place % 3 == 0,
        buyer=Party(
            name=dice.choice(NAMES), address=dice.choice(ADDRESSES), tax_id=dice.choice(["", "ΑΦΜ 9"])
        ),
        footer=dice.choice(["", "Bank of Springfield", "Банк\nΤράπεζα"]),
    )


@pytest.mark.parametrize("part", range(4))
def test_a_hundred_papers_of_many_lines_and_rates(part: int) -> None:
    dice = random.Random(part)
    longest = 0

    for place in range(part, COUNT, 4):
        document = random_paper(dice, place)
        pdf = render(document)
        assert render(replace(document)) == pdf
        longest = max(longest, len(assert_read_as(document, pdf)))

    assert longest >= 4
