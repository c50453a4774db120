import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fincelo.spreadsheets import NUMBER, csv_lines, csv_text, safe_cell


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-cmd", "'-cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("\n=1", "'\n'=1"),
        ("＝1", "'＝1"),
        ("﹦1", "'﹦1"),
        ("\u200b=1", "'\u200b=1"),
        ("a;\ufeff@b", "a;'\ufeff@b"),
        ("\0=1", "'=1"),
        ("-12.50", "-12.50"),
        ("1234", "1234"),
        (-5, "-5"),
        ("-1-1", "'-1-1"),
        ("-1\n", "'-1\n"),
        ("ok;=cmd|'/C calc'!A0;x", "ok;'=cmd|'/C calc'!A0;x"),
        ("a,=1", "a,'=1"),
        ("a\t@b", "a\t'@b"),
        ("a|+1", "a|'+1"),
        ("a\n-1", "a\n'-1"),
        ("a\r=1", "a\r'=1"),
        ('a;"=1"', 'a;\'"=1"'),
        ('"=1"', '\'"=1"'),
        ("a; =1", "a;' =1"),
        ("a;-5", "a;'-5"),
        ("\nAcme", "'\nAcme"),
        ("Acme = Co", "Acme = Co"),
        ("", ""),
        (None, ""),
    ],
)
def test_no_cell_is_a_formula(value: object, cell: str) -> None:
    assert safe_cell(value) == cell


@given(st.lists(st.lists(st.text(alphabet="=+-@,;\"'\n a1"), min_size=2, max_size=2), max_size=5))
def test_what_is_written_is_read_back(rows: list[list[str]]) -> None:
    text = csv_text(header=["a", "b"], rows=rows)

    read = list(csv.reader(io.StringIO(text, newline="")))

    assert read == [["a", "b"], *([safe_cell(cell) for cell in row] for row in rows)]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@given(
    rows=st.lists(
        st.lists(st.text(alphabet="=+-@,;|\t\"'\n\r a1"), min_size=1, max_size=3), min_size=1, max_size=4
    )
)
def test_no_cell_begins_with_a_formula_at_any_separator(separator: str, rows: list[list[str]]) -> None:
    text = "".join(csv_lines(rows))

    for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
        for cell in row:
            assert not cell.lstrip(" \t\r\n").startswith(("=", "+", "@")) or cell.startswith("'")
            assert not cell.startswith("-") or NUMBER.match(cell)


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1_250])
def test_pieces_are_the_whole_table_once(count: int) -> None:
    rows = [("=Head", "Second"), *((number, f"-{number}x") for number in range(count))]

    text = "".join(csv_lines(rows))

    assert list(csv.reader(io.StringIO(text))) == [
        ["'=Head", "Second"],
        *([str(number), f"'-{number}x"] for number in range(count)),
    ]
