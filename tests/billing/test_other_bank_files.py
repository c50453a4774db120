"""Files of banks as they come: each is read in one way, or says why it is not."""

import re

import pytest

from billing.receivables.bank_files import (
    ask_columns,
    ask_day_order,
    ask_decimal_mark,
    head_currency,
    read_table,
    roles_of,
)
from billing.receivables.bank_formats import UnreadableFile, decoded
from billing.receivables.payment_rows import read_file
from billing.values import Choice, DayOrder, DecimalMark, Role

HEAD = "invoice;amount;currency;date;reference\n"
PAID = ("INV-2026-000001", "100.00", "EUR", "2026-11-21")
NUMBERED = "Date;Description;{};Balance\n"
OUT = "The money went out, so it is no payment of an invoice."
READINGS: dict[str, tuple[bytes, list[tuple[str, ...] | str]]] = {
    "day with its month as a word": (f"{HEAD}INV-2026-000001;100.00;EUR;21-Nov-26;x\n".encode(), [PAID]),
    "French month": (f"{HEAD}INV-2026-000001;100.00;EUR;21 nov. 2026;x\n".encode(), [PAID]),
    "Japanese day": (f"{HEAD}INV-2026-000001;100.00;EUR;2026年11月21日;x\n".encode(), [PAID]),
    "weekday, text mark and end of file": (
        f"{HEAD}INV-2026-000001;'+100.00;€;Samstag, 21. November 2026;x\n\x1a".encode(),
        [PAID],
    ),
    "marks nobody sees": (f"{HEAD}INV-2026-000001;100.00;EUR;\u200e21.11.2026;x\n".encode(), [PAID]),
    "two byte order marks": (f"\ufeff\ufeff{HEAD}INV-2026-000001;100.00;EUR;2026-11-21;x\n".encode(), [PAID]),
    "UTF-16 without a mark": (f"{HEAD}INV-2026-000001;100.00;EUR;2026-11-21;x\n".encode("utf-16-be"), [PAID]),
    "currency in the head": (b"Invoice,Amount (EUR),Date\nINV-2026-000001,100.00,2026-11-21\n", [PAID]),
    "no head words": (b"INV-2026-000001,100.00,EUR,2026-11-21\n", ["asked"]),
    "decimal comma that separates": (
        b"invoice,date,currency,amount\nINV-2026-000001,2026-11-21,EUR,100,50\n",
        ["The row has more cells than there are columns, as when a number holds the separator."],
    ),
    "minus among the money out": (
        b"invoice;date;currency;debit;credit\nINV-2026-000001;2026-11-21;EUR;-100.00;\n",
        [("INV-2026-000001", "-100.00", "EUR", "2026-11-21")],
    ),
    "zero in the column that does not count": (
        b"invoice;date;currency;debit;credit\nINV-2026-000001;2026-11-21;EUR;0.00;100.00\n",
        [PAID],
    ),
    "money in and out": (
        b"invoice;date;currency;debit;credit\nINV-2026-000001;2026-11-21;EUR;5.00;100.00\n",
        ["It says that 100.00 came in and that 5.00 went out."],
    ),
    "two currencies": (
        f"{HEAD}INV-2026-000001;USD 100.00;EUR;2026-11-21;x\n".encode(),
        ["It names two currencies, EUR and USD."],
    ),
    "side in a column of its own": (
        b"invoice;amount;currency;date;Soll/Haben\n"
        b"INV-2026-000001;100.00;EUR;2026-11-21;H\nINV-2026-000002;100.00;EUR;2026-11-21;S\n",
        [PAID, ("INV-2026-000002", "-100.00", "EUR", "2026-11-21")],
    ),
    "quoted line break": (f'{HEAD}INV-2026-000001;100.00;EUR;2026-11-21;"a\nb; c"\n'.encode(), [PAID]),
    "quotation mark left open": (
        f'{HEAD}INV-2026-000001;100.00;EUR;2026-11-21;"Acme\nINV-2026-000002;5.00;EUR;2026-11-21;x\n'.encode(),
        ["is not closed"],
    ),
    "quotation mark closed lines later": (
        f'{HEAD}INV-2026-000001;1.00;EUR;2026-11-21;"A\nINV-2026-000002;5.00;EUR;2026-11-21;B"\n'.encode(),
        ["is not closed"],
    ),
    "only separators": (b";;;\n;;;\n", ["The file is no table with columns."]),
    "web page": (b"<html><table><tr><td>Date</td></tr></table></html>", ["The file is a web page"]),
    "QIF": (b"!Type:Bank\nD11/21/2026\nT100.00\n^\n", ["The file is QIF"]),
    "OFX 2": (b'<?xml version="1.0"?><?OFX OFXHEADER="200"?><OFX></OFX>', ["The file is OFX"]),
    "MT942": (b":20:X\r\n:25:1/2\r\n:34F:EUR0,\r\n", ["The file is MT942"]),
    "MT940": (b":20:X\r\n:25:1/2\r\n:60F:C261120EUR0,\r\n", ["The file is MT940"]),
    "BAI2": (b"01,A,B,261130,1200,1,80,1,2/\n02,C,D,1,261130,,EUR,2/\n", ["The file is BAI2"]),
    "JSON": (b'[{"amount": 1}]', ["The file is JSON"]),
    "CAMT in UTF-16": ('<Document xmlns="x:camt.053.001.08"/>'.encode("utf-16"), ["The file is CAMT.053"]),
    "archive with a byte that is no letter": (b"PK\x03\x04\x81\x90", ["The file is a spreadsheet"]),
    "one column": (b"hello\nworld\n", ["The file is no table with columns."]),
}


REFUSED_WHOLLY = [
    name
    for name, (_, [wanted, *_]) in READINGS.items()
    if str(wanted).startswith(("is not closed", "The file"))
]


@pytest.mark.parametrize("name", READINGS)
def test_other_files_are_read_in_one_way_or_say_why_not(name: str) -> None:
    content, wanted = READINGS[name]
    if name in REFUSED_WHOLLY:
        with pytest.raises(UnreadableFile, match=re.escape(str(wanted[0]))):
            read_file(content=content)
        return
    read = read_file(content=content)
    if wanted == ["asked"]:
        assert read.questions
        assert len(read.rows) == 1  # the first line is a payment, not the names of columns
        return
    said = [
        (
            row.number,
            str(row.payment.amount.to_decimal()),
            row.payment.amount.currency,
            f"{row.payment.received_date}",
        )
        if row.payment
        else row.problem
        for row in read.rows
    ]
    assert not read.questions
    assert all(
        want == got or (isinstance(want, str) and want in got) for want, got in zip(wanted, said, strict=True)
    )


NUMBERS = ["Column 1", "Column 2"]
LIKE_HEADS = [(1, ["A", "1", "2026-11-21"]), (2, ["Note", "2", "2026-11-22"])]
HEADS, ROW = "invoice;amount;date", "INV-2026-000001;100.00;2026-11-21"


@pytest.mark.parametrize(
    ("text", "header", "rows"),
    [
        ("sep=:\nInvoice:Amount\nA:1", ["Invoice", "Amount"], [(3, ["A", "1"])]),
        ("Invoice;Amount\n\n ; \n A ; 1,5 \n", ["Invoice", "Amount"], [(4, ["A", "1,5"])]),
        ("date;Date;;\n1;2;3;4\n", ["date", "Date (2)", "", ""], [(2, ["1", "2", "3", "4"])]),
        ("A;B\nC;D\n", ["A", "B"], [(2, ["C", "D"])]),
        ("A;B\n", ["A", "B"], []),
        ("2026-11-21;100.00\n", NUMBERS, [(1, ["2026-11-21", "100.00"])]),
        ("2026-11-21;1\n2026-11-22;2\n", NUMBERS, [(1, ["2026-11-21", "1"]), (2, ["2026-11-22", "2"])]),
        ("A;B;C\n2026-11-21;100.00;\n", ["A", "B", "C"], [(2, ["2026-11-21", "100.00", ""])]),
        ("A;B\n2026-11-21;100.00;\n", ["A", "B"], [(2, ["2026-11-21", "100.00", ""])]),
        ("21/11/2026;100.00\n", NUMBERS, [(1, ["21/11/2026", "100.00"])]),
        ("2026-11-21;x\nA;B\n", ["2026-11-21", "x"], [(2, ["A", "B"])]),
        ("A;1;2026-11-21\nNote;2;2026-11-22\n", [*NUMBERS, "Column 3"], LIKE_HEADS),
        ("Bank X\n2026-11-21;100.00\n", NUMBERS, [(2, ["2026-11-21", "100.00"])]),
        ("Bank X\nA;B\n2026-11-21;100.00\n", ["A", "B"], [(3, ["2026-11-21", "100.00"])]),
        ("x;date;y;z,invoice,amount\n1,2,3\n", ["x;date;y;z", "invoice", "amount"], [(2, ["1", "2", "3"])]),
        ("invoice,x;y;z\n2026-11-21;1,00;z\n", ["invoice", "x;y;z"], [(2, ["2026-11-21;1", "00;z"])]),
        ("A;B, C, D\n2026-11-21;1,00\n", ["A", "B, C, D"], [(2, ["2026-11-21", "1,00"])]),
        (f"date;x;y;z\n{HEADS}\n{ROW}\n", HEADS.split(";"), [(3, ROW.split(";"))]),
        (f"{HEADS}\n{HEADS};x\n{ROW}\n", [*HEADS.split(";"), "x"], [(3, ROW.split(";"))]),
        (f"{HEADS}\n{HEADS}\n", HEADS.split(";"), [(2, HEADS.split(";"))]),
        ("Bank X\n" * 39 + f"{HEADS}\n{ROW}", HEADS.split(";"), [(41, ROW.split(";"))]),
    ],
)
def test_head_and_rows_of_a_table(text: str, header: list[str], rows: list[tuple[int, list[str]]]) -> None:
    table = read_table(content=text.encode())

    assert (list(table.header), list(table.rows)) == (header, rows)


def test_heads_below_forty_lines_are_not_looked_for() -> None:
    with pytest.raises(UnreadableFile, match=r"^The file is no table with columns\."):
        read_table(content=("Bank X\n" * 40 + f"{HEADS}\n{ROW}").encode())


def test_a_file_may_be_as_large_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.receivables.bank_files.MOST_ROWS", 1)

    assert len(read_table(content=b"A;B\n1;2\n").rows) == 1
    for text, refusal in (
        ("A;B\n1;2\n1;2", r"^The file has more than 1 rows\."),
        ("x" * 5_000_001, r"^The file has more than 5 MB\."),
        ("x" * 5_000_000, r"^Line 1 cannot be read\."),
        ("sep=;\nA;B\n1;" + "2" * 140_000, r"^Line 3 cannot be read\."),
    ):
        with pytest.raises(UnreadableFile, match=refusal):
            read_table(content=text.encode())


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", r"^The file is empty\."),
        (b"\t\n\x1a", r"^The file is empty\."),
        (b"invoice;amount\nA\0;1\n", r"^The file is no text\."),
    ],
)
def test_what_holds_no_text_says_so(content: bytes, refusal: str) -> None:
    with pytest.raises(UnreadableFile, match=refusal):
        read_table(content=content)


def test_of_a_long_cell_the_beginning_is_kept() -> None:
    table = read_table(content=f"A;B\n{'x' * 501};1\n".encode())

    assert table.rows == [(2, ["x" * 500, "1"])]


HELD, OPEN = 'invoice;date;amount\nA;2026-11-21;"5.00\n', "2026-11-22;6.00"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f'{HELD}B;{OPEN}"\n', "before line 3"),
        (f'{HELD}x\nB;{OPEN}"\n', "before line 4"),
        (f"{HELD}B;{OPEN}\n", "in the file"),
        (f'{HELD}x"\nB;2026-11-22;"6\nC;2026-11-23;7\n', "in the file"),
        ('x;"A\n', "in the file"),
    ],
)
def test_a_quotation_mark_takes_in_no_payment(text: str, place: str) -> None:
    with pytest.raises(UnreadableFile, match=f"^A quotation mark {place} is not closed"):
        read_table(content=text.encode())


def test_a_quotation_mark_may_take_in_a_text() -> None:
    assert len(read_table(content=f'{HELD}x"\n'.encode()).rows) == 1


@pytest.mark.parametrize(
    ("text", "places", "asked"),
    [
        ("Konto;Art", {}, ["invoice", "amount", "date"]),
        ("invoice;Art", {"invoice": 0}, ["amount", "date"]),
        ("reference;Art", {"reference": 0}, ["amount", "date"]),
        ("invoice;amount", {"invoice": 0, "amount": 1}, ["date"]),
        ("credit;invoice;date", {"credit": 0, "invoice": 1, "date": 2}, []),
        ("debit;invoice;date", {"debit": 0, "invoice": 1, "date": 2}, ["amount"]),
        ("invoice;amount;date;valuta\nA;1;2026-11-21", {"invoice": 0, "amount": 1}, ["date"]),
        ("invoice;amount;date;valuta\nA;1;2;2", {"invoice": 0, "amount": 1, "date": 2}, []),
        ("invoice;date;note;text\nA;2;3;4", {"invoice": 0, "date": 1, "reference": 2}, ["amount"]),
        ("invoice;number;date;amount\nA;1;2;3", {"date": 2, "amount": 3}, ["invoice"]),
        ("invoice;betrag;umsatz;date\nA;1;2;3", {"invoice": 0, "date": 3}, ["amount"]),
    ],
)
def test_each_column_is_found_or_asked_for(text: str, places: dict[str, int], asked: list[str]) -> None:
    found, questions = ask_columns(read_table(content=f"{text}\n".encode()), Choice())

    assert ({role.value: place for role, place in found.items()}, [one.role for one in questions]) == (
        places,
        asked,
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("invoice;amount", "The first line names no column for the date. Which one is it?"),
        ("A;1.00;2026-11-21", "Which column is the date?"),
        ("invoice;amount;date;valuta\nA;1;2;3", "Which column is the date: date or valuta?"),
    ],
)
def test_a_column_that_is_not_named_is_asked_for_in_words(text: str, sentence: str) -> None:
    _, questions = ask_columns(read_table(content=f"{text}\n".encode()), Choice())

    assert questions[-1].sentence == sentence


def test_a_chosen_column_is_taken_and_one_that_is_gone_asked_for() -> None:
    table = read_table(content=b"invoice;amount;date;Valuta\nA;1;2;3\n")

    places, _ = ask_columns(table, Choice(columns={Role.DATE: "VALUTA:"}))
    _, asked = ask_columns(table, Choice(columns={Role.DATE: "Wert"}))

    assert (places[Role.DATE], [one.role for one in asked]) == (3, [Role.DATE])


@pytest.mark.parametrize(
    ("amounts", "mark", "asked"),
    [
        (["n/a", "1,50"], DecimalMark.COMMA, ""),
        (["n/a", "1.50"], DecimalMark.POINT, ""),
        (["12", "n/a"], DecimalMark.POINT, ""),
        (["1.234", "5.678"], DecimalMark.POINT, "'1.234' can be read as 1.234 or as 1,234. Which is meant?"),
    ],
)
def test_only_an_amount_of_two_readings_is_asked_about(
    amounts: list[str], mark: DecimalMark, asked: str
) -> None:
    found, questions = ask_decimal_mark(amounts, Choice())

    assert (found, [one.sentence for one in questions]) == (mark, [asked] if asked else [])


@pytest.mark.parametrize(
    ("days", "order", "asked"),
    [
        (["soon", "2026-11-21", "21/11/2026"], DayOrder.DAY_FIRST, ""),
        (["11/12/2026", "11/21/2026"], DayOrder.MONTH_FIRST, ""),
        (["soon", "11/11/2026"], DayOrder.DAY_FIRST, ""),
        (
            ["03/04/2026", "05/06/2026"],
            DayOrder.DAY_FIRST,
            "'03/04/2026' can be 2026-04-03 or 2026-03-04. Which is meant?",
        ),
    ],
)
def test_only_a_day_of_two_readings_is_asked_about(days: list[str], order: DayOrder, asked: str) -> None:
    found, questions = ask_day_order(days, Choice())

    assert (found, [one.sentence for one in questions]) == (order, [asked] if asked else [])


def test_what_was_chosen_is_not_asked() -> None:
    chosen = Choice(decimal_mark=DecimalMark.COMMA, day_order=DayOrder.DAY_FIRST)

    assert ask_decimal_mark(["1.50", "1.234"], chosen) == (DecimalMark.COMMA, [])
    assert ask_day_order(["11/21/2026", "03/04/2026"], chosen) == (DayOrder.DAY_FIRST, [])


def test_days_of_both_orders_are_refused() -> None:
    with pytest.raises(UnreadableFile, match=r"^Some days are written day first, others month first\."):
        ask_day_order(["21/11/2026", "11/21/2026"], Choice())


@pytest.mark.parametrize(
    ("head", "roles", "currency"),
    [
        ("Amount (EUR)", [Role.AMOUNT], "EUR"),
        ("Amount [eur]", [Role.AMOUNT], "EUR"),
        ("Amount in XYZ", [Role.AMOUNT], ""),
        (" AMOUNT : ", [Role.AMOUNT], ""),
        ("Date (2)", [Role.DATE], ""),
        ("Income", [], ""),
    ],
)
def test_a_head_word_tells_role_and_currency(head: str, roles: list[Role], currency: str) -> None:
    assert (roles_of(head), head_currency(head)) == (roles, currency)


def test_heads_that_nobody_knows_are_found_below_a_preamble() -> None:
    text = "Bank X;;;\nKonto;123;;\nDzień;Kwota;Opis;Waluta\n21.11.2026;100,00;INV-2026-000001;PLN\n"

    assert list(read_file(content=text.encode()).table.header) == ["Dzień", "Kwota", "Opis", "Waluta"]


@pytest.mark.parametrize(
    ("content", "encoding", "text"),
    [
        (b"\xff\xfea\0", "utf-16", "a"),
        (b"\xef\xbb\xbfa", "utf-8-sig", "a"),
        (b"\xc3\xa4bc", "utf-8", "äbc"),
        (b"\xe4bc", "cp1252", "äbc"),
        (b"a\0b\0c\0d\0", "utf-16-le", "abcd"),
        (b"\0a\0b\0c\0d", "utf-16-be", "abcd"),
        (b"ab\0cd\0ef\0ghi", "utf-8", "ab\0cd\0ef\0ghi"),  # a quarter are zeros, as in no UTF-16
    ],
)
def test_the_encoding_is_found(content: bytes, encoding: str, text: str) -> None:
    assert decoded(content=content, encoding="") == (encoding, text)


def test_the_encoding_that_was_chosen_is_used() -> None:
    assert decoded(content="да".encode("cp1251"), encoding="cp1251") == ("cp1251", "да")
    with pytest.raises(UnreadableFile, match=r"^The file is no text in UTF-16\."):
        decoded(content=b"\xff\xfe\x00", encoding="cp1251")
