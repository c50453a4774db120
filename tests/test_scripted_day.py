"""What the dump of the scripted day keeps, and what a browser would send."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.database_rows import shown
from tests.scripted_day import Forms


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (date(2026, 11, 30), '"2026-11-30"'),
        (datetime(2026, 11, 30, 9, tzinfo=UTC), "<moment>"),
        ("Since 2026-11-30T09:00:00.123Z of 2026-11-30", '"Since <moment> of 2026-11-30"'),
        ("http://127.0.0.1:40123/deal/40123", '"http://127.0.0.1:<port>/deal/40123"'),
        ("billing.tasks.send_mails", '"billing.tasks.send_mails"'),
        (120_000, "120000"),
        (b"\x00", "<bytes>"),
    ],
)
def test_moments_go_and_what_was_decided_stays(value: Any, expected: str) -> None:
    assert shown(value, column="billing_invoice.any", is_json=False, cursor=None) == expected


def test_json_is_written_in_one_order() -> None:
    value = '{"to": "2026-11-30", "amount": 1, "at": "2026-11-30 09:00:00+00"}'

    told = shown(value, column="contracts_auditentry.after", is_json=True, cursor=None)

    assert told == '{"amount": 1, "at": "<moment>", "to": "2026-11-30"}'


def test_masked_column_says_whether_it_has_a_value() -> None:
    known: dict[str, Any] = {"column": "billing_billingrun.backend_pid", "is_json": False, "cursor": None}

    assert [shown(value, **known) for value in (4711, None)] == ["<process>", "null"]


def test_form_is_sent_as_it_stands_on_the_page() -> None:
    html = """
        <input name="search" value="none of the form">
        <form action="/one/"><input type="hidden" name="once" value="abc"><input type="checkbox" name="off" value="1">
        <input type="checkbox" name="on" value="1" checked><textarea name="why">So\nit is</textarea>
        <select name="cycle"><option value="">Choose</option><option value="annual" selected>Annual</option></select>
        <select name="first"><option value="a">A</option><option value="b">B</option></select></form>
        <form><input name="other" value="2"></form>
    """

    _, one, two = Forms(html).found

    assert (one.action, two.action) == ("/one/", "")
    assert one.values == {"once": "abc", "on": "1", "why": "So\nit is", "cycle": "annual", "first": "a"}
    assert two.values == {"other": "2"}
