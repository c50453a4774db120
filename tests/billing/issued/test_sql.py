"""Raw SQL at each column of each table of issued documents. A column that is added is in here automatically."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.models import Model

from billing.models import Invoice
from billing.models.triggers import IssuedInvoiceIsFrozen
from tests.billing.issued.papers import (
    DELETIONS,
    EMPTIED,
    NUMBER,
    SENTENCES,
    WAY_ON,
    attempt,
    everything_issued,
    refuse_emptying,
)
from tests.billing.mailing.letters import issue
from tests.billing.moved_on import move_on

pytestmark = pytest.mark.django_db

OTHER = {
    "bigint": "coalesce({0}, 0) + 1",
    "boolean": "NOT {0}",
    "bytea": "'x'::bytea",
    "character varying": "'X'",
    "date": "coalesce({0}, current_date) + 1",
    "integer": "coalesce({0}, 0) + 1",
    "jsonb": """'{{"other": 1}}'""",
    "smallint": "(coalesce({0}, 0) + 1)::smallint",
    "text": "'X'",
    "timestamp with time zone": "coalesce({0}, now()) + interval '1 day'",
}
"""Another value, by the type of the column."""

SUMS = f"What is credited or paid of invoice {NUMBER} follows from its credit notes and payments."
STATE = f"The state of invoice {NUMBER} follows from what is sent, credited and paid of it."
MOVING = {
    "state": STATE,  # the ways it goes: test_issued_invoice.py, test_voiding.py
    "credited_minor": SUMS,  # by issuing credit notes: test_crediting.py
    "paid_minor": SUMS,  # by recording payments and taking them back: test_paying.py
    "sent_at": f"Invoice {NUMBER} can only have been sent between its issue and now. Give the moment when it was.",
}
"""The only columns of an issued invoice that move, each along its rule. Any other value is refused like this."""


def columns(model: type[Model]) -> Iterator[tuple[str, str]]:
    """Name and type of each, as the database has them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_name = %s AND table_schema = current_schema() ORDER BY ordinal_position",
            [model._meta.db_table],
        )
        yield from cursor.fetchall()


def changed(model: type[Model]) -> dict[str, str]:
    """By column: the answer to another value in it."""
    return {
        name: attempt(f'UPDATE {model._meta.db_table} SET "{name}" = {OTHER[kind].format(name)}')
        for name, kind in columns(model)
    }


def emptied(model: type[Model]) -> dict[str, str]:
    """By column that says something: the answer to taking that away."""
    [row] = model._default_manager.values()
    return {
        name: attempt(f'UPDATE {model._meta.db_table} SET "{name}" = NULL')
        for name, _ in columns(model)
        if row[name] is not None
    }


@pytest.mark.parametrize("model", SENTENCES, ids=lambda model: model.__name__)
def test_no_column_takes_another_value(model: type[Model]) -> None:
    everything_issued()

    expected = {name: SENTENCES[model] for name, _ in columns(model)}
    assert changed(model) == expected | (MOVING if model is Invoice else {})
    assert len(expected) == len(model._meta.concrete_fields)


@pytest.mark.parametrize("model", SENTENCES, ids=lambda model: model.__name__)
def test_no_column_loses_its_value(model: type[Model]) -> None:
    everything_issued()

    answers = emptied(model)
    assert answers == dict.fromkeys(answers, SENTENCES[model]) | (
        {"credited_minor": SUMS, "paid_minor": SUMS, "state": answers["state"]} if model is Invoice else {}
    )
    assert len(answers) > 2


@pytest.mark.parametrize("state", ["issued", "sent", "part_paid", "paid", "credited", "void"])
def test_an_invoice_is_as_frozen_in_each_state(state: str) -> None:
    (invoice,) = issue()
    if state == "sent":
        Invoice.objects.update(state="sent")
    else:
        move_on(invoice, to=state)

    answers = changed(Invoice)

    assert {name: answer for name, answer in answers.items() if name not in MOVING} == {
        name: SENTENCES[Invoice] for name in answers if name not in MOVING
    }
    assert [answers["credited_minor"], answers["paid_minor"]] == [SUMS, SUMS]
    void = f"Invoice {NUMBER} is void and stays void."
    once = f"When invoice {NUMBER} was sent stays as it is. {WAY_ON}"
    assert [answers["state"], answers["sent_at"]] == {"void": [void, void], "sent": [STATE, once]}.get(
        state, [STATE, MOVING["sent_at"]]
    )


def test_the_columns_that_move_are_these() -> None:
    assert f"'{{{','.join(['state', 'sent_at', 'credited_minor', 'paid_minor'])}}}'::text[]" == (
        IssuedInvoiceIsFrozen.MOVING
    )
    assert set(MOVING) == {"state", "sent_at", "credited_minor", "paid_minor"}


@pytest.mark.parametrize("value", ["NULL", "now() - interval '1 day'", "clock_timestamp()", "'-infinity'"])
@pytest.mark.parametrize("state", ["", "state = 'sent', ", "state = 'issued', ", "state = 'void', "])
def test_when_an_invoice_was_sent_never_changes(value: str, state: str) -> None:
    issue()
    assert attempt("UPDATE billing_invoice SET state = 'sent'").endswith("went through.")

    answer = attempt(f"UPDATE billing_invoice SET {state}sent_at = {value}")

    assert answer == f"When invoice {NUMBER} was sent stays as it is. {WAY_ON}"


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("created_at - interval '1 second'", MOVING["sent_at"]),
        ("clock_timestamp() + interval '1 minute'", MOVING["sent_at"]),
        ("statement_timestamp()", "went through."),
        ("created_at", "went through."),
    ],
)
def test_an_invoice_was_sent_after_its_issue_and_by_now(value: str, answer: str) -> None:
    issue()

    assert attempt(f"UPDATE billing_invoice SET sent_at = {value}").endswith(answer)


@pytest.mark.parametrize("model", DELETIONS, ids=lambda model: model.__name__)
@pytest.mark.parametrize("condition", ["", " WHERE id > 0", " USING contracts_contract"])
def test_no_row_is_deleted(model: type[Model], condition: str) -> None:
    everything_issued()

    assert attempt(f"DELETE FROM {model._meta.db_table}{condition}") == DELETIONS[model]


@pytest.mark.parametrize("model", EMPTIED, ids=lambda model: model.__name__)
def test_no_table_is_emptied(model: type[Model]) -> None:
    everything_issued()
    refuse_emptying()

    assert attempt(f"TRUNCATE {model._meta.db_table} RESTART IDENTITY CASCADE") == EMPTIED[model]


@pytest.mark.parametrize(
    "table",
    [
        "contracts_customer",
        "contracts_contract",
        "billing_billingschedule",
        "billing_instalment",
        "billing_billingrun",
        "billing_legalentity",
        "auth_user",
    ],
)
def test_no_table_that_documents_refer_to_is_emptied_with_them(table: str) -> None:
    everything_issued()
    refuse_emptying()

    assert attempt(f"TRUNCATE {table} CASCADE").endswith("are kept for ever: this table cannot be emptied.")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO billing_invoice SELECT * FROM billing_invoice"
        " ON CONFLICT (id) DO UPDATE SET total_minor = 1, net_minor = 1, tax_minor = 0",
        "MERGE INTO billing_invoice invoice USING billing_invoice other ON invoice.id = other.id"
        " WHEN MATCHED THEN UPDATE SET buyer = '{}'",
        "WITH changed AS (UPDATE billing_invoice SET seller = '{}' RETURNING id) SELECT * FROM changed",
        "UPDATE billing_invoice invoice SET due_date = due_date + 30 FROM contracts_customer customer"
        " WHERE customer.id = invoice.customer_id",
        "UPDATE billing_invoice SET state = 'sent', sent_at = now(), number = 'INV-2026-000009'",
    ],
)
def test_no_other_way_of_writing_passes(statement: str) -> None:
    everything_issued()

    assert attempt(statement) == SENTENCES[Invoice]
