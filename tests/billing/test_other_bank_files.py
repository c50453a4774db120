"""Files of banks as they come: each is read in one way, or says why it is not."""

import re

import pytest

from billing.receivables.bank_formats import UnreadableFile, decoded
from billing.receivables.payment_rows import read_file

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
