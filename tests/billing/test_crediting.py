import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from billing.enums import BillingTrigger, InvoiceState
from billing.issuing.invoicing import invoice_due
from billing.issuing.policy import PeriodLocked
from billing.models import BillingPolicy, CreditNote, CreditNoteLine, Instalment, Invoice
from billing.receivables.crediting import UnableToCredit, left_to_credit
from contracts.models import AuditEntry
from fincelo.checking import check
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, sign
from tests.billing.credited import NEXT_YEAR, credit, issued, sums
from tests.billing.people import person

pytestmark = [pytest.mark.django_db, AHEAD]


def test_a_whole_invoice_is_credited(approver: User) -> None:
    invoice = issued()

    note = credit(invoice, None, approver)

    invoice.refresh_from_db()
    assert (invoice.state, invoice.credited_minor, invoice.balance_minor) == (
        InvoiceState.CREDITED,
        11_900,
        0,
    )
    row = CreditNote.objects.values().get()
    assert row.pop("created_at") is not None
    assert row == {
        "id": note.pk,
        "legal_entity_id": invoice.legal_entity_id,
        "invoice_id": invoice.pk,
        "customer_id": invoice.customer_id,
        "state": "issued",
        "number": "CN-2026-000001",
        "year": 2026,
        "sequence": 1,
        "issue_date": TODAY,
        "currency": "USD",
        "alone_limit_minor": 100_000_000_000,
        "asked_minor": 10_000,
        "net_minor": 10_000,
        "tax_minor": 1_900,
        "total_minor": 11_900,
        "tax_summary": [{"rate": 19_000, "net_minor": 10_000, "tax_minor": 1_900}],
        "reason": "Agreed",
        "prints_reason": True,
        "lacks_lines": False,
        "seller": invoice.seller,
        "buyer": invoice.buyer,
        "requested_by_id": approver.pk,
        "approved_by_id": approver.pk,
    }
    line = invoice.lines.get()
    assert list(
        CreditNoteLine.objects.values_list(
            "position", "invoice_line", "description", "amount_minor", "tax_rate"
        )
    ) == [(1, line.pk, line.description, 10_000, 19_000)]
    entry = AuditEntry.objects.get(action="Credit note CN-2026-000001 issued")
    assert (entry.actor, entry.object_id, entry.after, entry.reason) == (
        approver,
        invoice.pk,
        {"credited": "USD 119.00"},
        "Agreed",
    )


@pytest.mark.parametrize("included", [False, True])
def test_parts_take_back_the_tax_to_the_last_cent(included: bool, approver: User) -> None:
    invoice = issued(included=included, value="1199.88")
    parts = (3_333, 3_333, None)

    notes = [credit(invoice, amount, approver) for amount in parts]

    invoice.refresh_from_db()
    totals = [sum(part) for part in zip(*map(sums, notes), strict=True)]
    assert totals == [invoice.net_minor, invoice.tax_minor, invoice.total_minor]
    assert invoice.state == InvoiceState.CREDITED
    assert [note.number for note in notes] == ["CN-2026-000001", "CN-2026-000002", "CN-2026-000003"]


@pytest.mark.parametrize("rate", [7_000, 19_000, 20_000, 99_999])
@pytest.mark.parametrize("first", [9_999, 1, 5_000])
def test_every_credit_note_has_a_line_and_lines_are_its_net(rate: int, first: int, approver: User) -> None:
    ensure_legal_entity(default_tax_rate=rate, prices_include_tax=True)
    sign(Deal(value="100.00", months=1))
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    invoice = Invoice.objects.get()

    notes = [credit(invoice, first, approver), credit(invoice, None, approver)]

    invoice.refresh_from_db()
    assert invoice.state == InvoiceState.CREDITED
    assert [sum(parts) for parts in zip(*map(sums, notes), strict=True)] == [
        invoice.net_minor,
        invoice.tax_minor,
        invoice.total_minor,
    ]
    for note in notes:
        amounts = list(note.lines.values_list("amount_minor", flat=True))
        assert amounts
        assert sum(amounts) == note.net_minor
    assert [found for found in check() if found.number == "I9"] == []


def test_an_amount_that_leaves_tax_alone_is_refused_with_the_way_on(approver: User) -> None:
    ensure_legal_entity(default_tax_rate=99_999, prices_include_tax=True)
    sign(Deal(value="0.02", months=1))
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)

    with pytest.raises(UnableToCredit) as refusal:
        credit(Invoice.objects.get(), 1, approver)

    assert str(refusal.value) == (
        "The amount would leave tax without a charge on INV-2026-000001. Credit all USD 0.02 that is left at "
        "99.999 %, or an amount that leaves more."
    )


def test_the_database_issues_no_document_without_a_line(approver: User) -> None:
    invoice = issued()
    note = credit(invoice, 100, person("sue", group="Finance"))
    CreditNoteLine.objects.filter(credit_note=note).delete()

    with pytest.raises(IntegrityError, match="has no line"), transaction.atomic():
        CreditNote.objects.filter(pk=note.pk).update(
            state="issued", number="CN-2026-000009", year=2026, sequence=9, issue_date=TODAY
        )


def test_the_database_issues_no_invoice_without_a_line() -> None:
    invoice = issued()
    invoice.pk, invoice.number, invoice.sequence = None, "INV-2026-000009", 9
    invoice.instalment = Instalment.objects.filter(state="planned").earliest("pk")
    invoice._state.adding = True

    with pytest.raises(IntegrityError, match=r"^Invoice INV-2026-000009 has no line\."):
        written_and_checked(invoice)


def written_and_checked(invoice: Invoice) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        invoice.save()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_part_leaves_the_rest_open(approver: User) -> None:
    invoice = issued()

    note = credit(invoice, 2_500, approver)

    invoice.refresh_from_db()
    assert sums(note) == (2_500, 475, 2_975)
    assert (invoice.state, invoice.balance_minor) == (InvoiceState.ISSUED, 8_925)
    assert left_to_credit(invoice=invoice) == 7_500


def test_what_was_taken_back_of_another_invoice_is_not_counted(approver: User) -> None:
    invoice, other = issued(), issued(customer="Other")

    credit(other, 2_500, approver)

    assert (left_to_credit(invoice=invoice), left_to_credit(invoice=other)) == (10_000, 7_500)


@pytest.mark.parametrize("amount", [0, -1, 7_501])
def test_never_above_what_is_left(amount: int, approver: User) -> None:
    invoice = issued()
    credit(invoice, 2_500, approver)

    with pytest.raises(UnableToCredit) as refusal:
        credit(invoice, amount, approver)

    assert str(refusal.value) == (
        "A credit note on INV-2026-000001 takes back an amount above 0, up to USD 75.00."
    )
    assert CreditNote.objects.count() == 1


def test_a_credited_invoice_has_nothing_left(approver: User) -> None:
    invoice = issued()
    credit(invoice, None, approver)

    with pytest.raises(UnableToCredit) as refusal:
        credit(invoice, 1, approver)

    assert str(refusal.value) == "INV-2026-000001 is credited, so there is nothing to credit."


def test_each_year_has_its_own_series(approver: User) -> None:
    invoice = issued()

    notes = [credit(invoice, 1_000, approver), credit(invoice, 1_000, approver, as_of=NEXT_YEAR)]

    assert [note.number for note in notes] == ["CN-2026-000001", "CN-2027-000001"]


def test_a_day_in_a_closed_period_is_refused(approver: User) -> None:
    invoice = issued()
    BillingPolicy.objects.create(locked_until=TODAY)

    with pytest.raises(PeriodLocked) as refusal:
        credit(invoice, None, approver)

    assert str(refusal.value) == (
        "The books are closed up to 2026-11-22, so nothing can be dated 2026-11-22. "
        "Choose a later day, or have the lock moved under Settings, Billing."
    )
    assert CreditNote.objects.count() == 0


# What the database refuses


def refusal_of(statement: str) -> str:
    with pytest.raises(IntegrityError) as refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    return str(refusal.value).splitlines()[0]


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "UPDATE billing_creditnote SET total_minor = 1, net_minor = 1, tax_minor = 0",
            "Credit note CN-2026-000001 is issued and stays as it is.",
        ),
        (
            "UPDATE billing_creditnote SET state = 'draft', number = NULL",
            "Credit note CN-2026-000001 is issued and stays as it is.",
        ),
        (
            "DELETE FROM billing_creditnote",
            "Credit note CN-2026-000001 is issued and stays. It can only be corrected.",
        ),
        ("UPDATE billing_creditnoteline SET amount_minor = 1", "A line of a credit note is never changed."),
        (
            "DELETE FROM billing_creditnoteline",
            "Credit note CN-2026-000001 is issued and its lines stay as they are.",
        ),
        (
            "INSERT INTO billing_creditnoteline (credit_note_id, position, invoice_line_id, description,"
            " period_start, period_end, amount_minor, tax_rate)"
            " SELECT credit_note_id, 2, invoice_line_id, 'More', period_start, period_end, 1, 0"
            " FROM billing_creditnoteline",
            "Credit note CN-2026-000001 is issued and its lines stay as they are.",
        ),
        (
            "INSERT INTO billing_creditnote (legal_entity_id, invoice_id, customer_id, state, number, year,"
            " sequence, issue_date, currency, asked_minor, net_minor, tax_minor, total_minor, tax_summary,"
            " reason, seller, buyer) SELECT legal_entity_id, invoice_id, customer_id, state, 'CN-2026-000002',"
            " year, 2, issue_date, currency, 1, 1, 0, 1, '[]', '', seller, buyer FROM billing_creditnote",
            "A credit note begins as a draft. Issuing it gives it the next number.",
        ),
    ],
)
def test_an_issued_credit_note_stays_as_it_is(statement: str, sentence: str, approver: User) -> None:
    credit(issued(), 2_500, approver)

    assert refusal_of(statement) == sentence


def test_the_database_keeps_credit_notes_below_the_invoice(clerk: User, approver: User) -> None:
    invoice = issued()
    credit(invoice, 6_000, clerk)
    credit(invoice, 6_000, approver)

    assert refusal_of(
        "UPDATE billing_creditnote SET state = 'issued', number = 'CN-2026-000002', year = 2026, sequence = 2,"
        " issue_date = '2026-11-22' WHERE state = 'draft'"
    ) == ("Credit notes are never above their invoice: INV-2026-000001 has less left.")


def test_lines_of_a_credit_note_are_its_net(clerk: User) -> None:
    note = credit(issued(), 6_000, clerk)
    CreditNote.objects.filter(pk=note.pk).update(
        net_minor=note.net_minor + 1, total_minor=note.total_minor + 1
    )

    assert refusal_of(
        "UPDATE billing_creditnote SET state = 'issued', number = 'CN-2026-000002', year = 2026, sequence = 2,"
        " issue_date = '2026-11-22'"
    ) == ("The lines of credit note CN-2026-000002 are not its net.")
