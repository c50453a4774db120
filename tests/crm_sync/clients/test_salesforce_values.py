from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_sync.clients.salesforce.values import (
    date_literal,
    field_path,
    moment_literal,
    parse_moment,
    quote_text,
    quote_texts,
    to_18,
)
from demo.salesforce.ids import to18
from demo.salesforce.soql import Comparison, Query, parse


@pytest.mark.parametrize(
    ("external_id", "expected"),
    [
        ("001A0000006Vm9r", "001A0000006Vm9rIAC"),
        ("001A0000006Vm9rIAC", "001A0000006Vm9rIAC"),
        ("001A0000006Vm9riac", "001A0000006Vm9rIAC"),
        ("001a0000006vm9riac", "001A0000006Vm9rIAC"),
        ("001A0000006VM9RIAC", "001A0000006Vm9rIAC"),
        ("000000000000000", "000000000000000AAA"),
        ("AAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAA555"),
    ],
)
def test_ids_become_eighteen_characters(external_id: str, expected: str) -> None:
    assert to_18(external_id) == expected


@pytest.mark.parametrize(
    "external_id",
    [
        "",
        "001",
        "001A0000006Vm9",
        "001A0000006Vm9rIA",
        "001a0000006vm9rIAC",
        "001A0000006Vm9rIAB",
        "001a0000006vm9ribz",
        "001a0000006vm9ri9c",
        "001A0000006Vm9'",
        "001A0000006Vm9\n",
        "００1A0000006Vm9r",
        "001A0000006Vm9rIACx",
    ],
)
def test_what_is_no_id_is_refused(external_id: str) -> None:
    with pytest.raises(ValueError, match=r"is no Salesforce id|is mistyped"):
        to_18(external_id)


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", min_size=15, max_size=15))
def test_ids_agree_with_the_simulated_salesforce(stem: str) -> None:
    assert to_18(stem) == to18(stem) == to_18(to_18(stem))


def where(value: str) -> Query:
    return parse(
        f"SELECT Id FROM Opportunity WHERE StageName IN {quote_texts([value, 'Closed Won'])} LIMIT 7"
    )


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_no_text_changes_the_shape_of_a_query(value: str) -> None:
    query = where(value)

    assert isinstance(query.where, Comparison)
    assert [literal.value for literal in query.where.values] == [value, "Closed Won"]
    assert (query.where.field.text, query.where.operator.upper(), query.limit) == ("StageName", "IN", 7)


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("Closed Won", "'Closed Won'"),
        ("O'Brien", "'O\\'Brien'"),
        ("ends with \\", "'ends with \\\\'"),
        ("\\'", "'\\\\\\''"),
        ("a\nb\rc\td\be\f", "'a\\nb\\rc\\td\\be\\f'"),
        ("') OR Name LIKE '%", "'\\') OR Name LIKE \\'%'"),
    ],
)
def test_quoting(value: str, quoted: str) -> None:
    assert quote_text(value) == quoted


def test_moments_and_days() -> None:
    berlin = datetime(2026, 11, 22, 11, 14, 7, 999_999, timezone(timedelta(hours=1)))

    assert parse_moment("2026-11-22T10:14:07.000+0000") == datetime(2026, 11, 22, 10, 14, 7, tzinfo=UTC)
    assert parse_moment("2026-11-22T11:14:07.000+0100") == datetime(2026, 11, 22, 10, 14, 7, tzinfo=UTC)
    assert moment_literal(berlin) == "2026-11-22T10:14:07Z"
    assert date_literal(date(2026, 1, 31)) == "2026-01-31"


@pytest.mark.parametrize("name", ["Amount", "Contract_Term__c", "ns__Field__c", "Parent.Name", "A.B.C.D.E"])
def test_field_names(name: str) -> None:
    assert field_path(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "1st",
        "_x",
        "a b",
        "a,b",
        "a'b",
        "a;b",
        "a\n",
        "a.",
        ".a",
        "a..b",
        "A.B.C.D.E.F",
        "Ámount",
        "Amount\u200b",
        "COUNT()",
        "(SELECT Id FROM Contacts)",
        "Id FROM Lead--",
    ],
)
def test_what_is_no_field_name(name: str) -> None:
    with pytest.raises(ValueError, match="is no Salesforce field name"):
        field_path(name)
