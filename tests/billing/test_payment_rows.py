from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.receivables.payment_rows import ReadPayment, UnreadableFile, read_file, read_payments
from billing.values import Choice, DayOrder, DecimalMark, Role
from contracts.money import Money

HEAD = "invoice,amount,currency,date,reference\n"


@pytest.mark.parametrize(
    "text",
    [
        "invoice,amount,currency,date\nINV-1,1234.50,USD,2026-11-22\n",
        "Invoice Number;Amount;Currency;Received\r\nINV-1;1234.5;USD;2026-11-22\r\n",
        "\ufeffdate\tcurrency\tpaid\tnumber\n2026-11-22\tUSD\t1234.500\tINV-1\n\n",
        'invoice,amount,currency,date\n"INV-1"," 1234.50 ",USD,2026-11-22',
    ],
)
def test_usual_files_are_read(text: str) -> None:
    [row] = read_payments(content=text.encode())

    assert (row.number, row.problem) == ("INV-1", "")
    assert row.payment == ReadPayment(
        amount=Money(minor=123_450, currency="USD"), received_date=date(2026, 11, 22)
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("INV-1,,USD,2026-11-22", "'' is no number like 1234.50."),
        ("INV-1,NaN,USD,2026-11-22", "'NaN' is no number like 1234.50."),
        ("INV-1,1_0,USD,2026-11-22", "'1_0' is no number like 1234.50."),
        ("INV-1,0.0005,USD,2026-11-22", "The amount has more decimals than USD, which has 2."),
        ("INV-1,1.23E+05,USD,2026-11-22", "'1.23E+05' is no number like 1234.50."),
        (f"INV-1,1{'0' * 40},USD,2026-11-22", "USD 1.000E+40 is more than Fincelo can bill."),
        ("INV-1,1,xyz,2026-11-22", "'XYZ' is not an active ISO 4217 currency code."),
        ("INV-1,1,USD,31.11.2026", "'31.11.2026' is no day of the calendar, like 2026-11-30."),
        ("INV-1,1,USD", "'' is no day of the calendar, like 2026-11-30."),
    ],
)
def test_a_row_that_is_no_payment_says_why(line: str, problem: str) -> None:
    [row] = read_payments(content=(HEAD + line).encode())

    assert (row.line, row.payment, row.problem) == (2, None, problem)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"\n\n", "The file is empty."),
        (b"\xff\xfe\x00", "The file is no text in UTF-16. Save it as CSV UTF-8."),
        (b"\x81", "The file is no text in UTF-8 or Windows-1252. Save it as CSV UTF-8."),
        (b"a,b\0,c", "The file is no text. Export the payments as CSV."),
        (b"x" * 5_000_001, "The file has more than 5 MB. Split it."),
        (b"a,b\n" + b"1,2\n" * 20_001, "The file has more than 20,000 rows. Split it."),
        (
            b"invoice,date\nINV-1,2026-11-22\n",
            "The first line names no column for the amount. Which one is it? "
            "No column names the currency. In which currency is this account?",
        ),
    ],
)
def test_a_file_that_is_no_table_of_payments(content: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        read_payments(content=content)

    assert str(refusal.value) == sentence


def test_equal_rows_are_payments_of_their_own_and_stay_themselves() -> None:
    line = "INV-1,5,USD,2026-11-22,Bank\n"
    other = "INV-2,5,USD,2026-11-22,Bank\n"

    once = [row.fingerprint for row in read_payments(content=(HEAD + line + line).encode())]
    mixed = [row.fingerprint for row in read_payments(content=(HEAD + other + line + line + line).encode())]

    assert len(set(once)) == 2
    assert mixed[1:3] == once
    assert len(set(mixed)) == 4


def test_a_payment_stays_itself_when_a_spreadsheet_writes_it_anew() -> None:
    first = read_payments(content=(HEAD + "INV-1,5.50,USD,2026-11-22,Bank\n").encode())
    again = read_payments(content=(HEAD + "INV-1,5.5,USD,20261122,Bank\n").encode())
    bare = read_payments(content=b"invoice,amount,currency,date\nINV-1,5.5,USD,2026-11-22\n")
    empty = read_payments(content=(HEAD + "INV-1,5.5,USD,2026-11-22,\n").encode())

    assert first[0].fingerprint == again[0].fingerprint
    assert bare[0].fingerprint == empty[0].fingerprint != first[0].fingerprint


def test_file_may_say_which_of_equal_rows_it_has() -> None:
    line = "INV-1,5,USD,2026-11-22,Bank"
    whole = read_payments(content=(HEAD + f"{line}\n{line}\n").encode())

    mark = whole[1].copy_mark
    lines = "".join(f"{line},{copy}\n" for copy in (mark, f"x{mark[1:]}", "9"))
    rest = read_payments(content=(HEAD.strip() + f",copy\n{lines}").encode())

    assert (whole[0].copy_mark, mark[:2], len(mark)) == ("", "2/", 10)
    assert [row.fingerprint for row in rest] == [row.fingerprint for row in (whole[1], *whole)]


def test_row_that_was_mended_is_the_first_of_its_kind() -> None:
    """Whether the download or the whole file was mended, it is one payment."""
    line = "INV-1,5,USD,2026-11-22,Bank"
    mark = read_payments(content=(HEAD + f"{line}\n{line}\n").encode())[1].copy_mark
    mended = line.replace("INV-1", "INV-2")

    download = read_payments(content=(HEAD.strip() + f",copy\n{mended},{mark}\n").encode())
    whole = read_payments(content=(HEAD + f"{line}\n{mended}\n").encode())

    assert download[0].fingerprint == whole[1].fingerprint


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_anything_is_read_or_refused(content: bytes) -> None:
    try:
        rows = read_payments(content=HEAD.encode() + content)
    except UnreadableFile:
        rows = []

    assert all((row.payment is None) == bool(row.problem) for row in rows)


PLAIN_ROW = "INV-1;1234.50;USD;2026-11-22"


@pytest.mark.parametrize(
    ("other", "choice", "is_plain"),
    [
        (PLAIN_ROW, Choice(), True),
        ("INV-2;none;USD;never", Choice(), True),
        ("INV-2;1,234.50;USD;2026-11-22", Choice(), False),
        ("INV-2;5.00;USD;22.11.2026", Choice(), False),
        (PLAIN_ROW, Choice(currency="USD"), False),
        (PLAIN_ROW, Choice(columns={Role.REFERENCE: "invoice"}), False),
    ],
)
def test_a_file_is_plain_where_nothing_had_to_be_chosen(other: str, choice: Choice, is_plain: bool) -> None:
    content = f"invoice;amount;currency;date\n{PLAIN_ROW}\n{other}\n".encode()

    assert read_file(content=content, choice=choice).is_plain is is_plain


@pytest.mark.parametrize(
    ("row", "contradicts"),
    [
        (PLAIN_ROW, ""),
        ("INV-1;none;USD;never", ""),
        ("INV-1;1.234,50;USD;2026-11-22", "1.234,50"),
        ("INV-1;5.00;USD;11/22/2026", "11/22/2026"),
        ("INV-1;1.234,50;USD;11/22/2026", "1.234,50"),
    ],
)
def test_what_only_another_choice_reads_contradicts_this_one(row: str, contradicts: str) -> None:
    choice = Choice(decimal_mark=DecimalMark.POINT, day_order=DayOrder.DAY_FIRST)
    content = f"invoice;amount;currency;date\n{row}\n".encode()

    assert read_file(content=content, choice=choice).contradicts == contradicts


@pytest.mark.parametrize(("words", "minor"), [(("debit", "credit"), -500), (("debit", "Acme"), 500)])
def test_a_column_says_which_way_money_went_if_it_says_nothing_else(
    words: tuple[str, str], minor: int
) -> None:
    rows = "".join(f"INV-1;5.00;USD;2026-11-22;{word}\n" for word in words)

    first, _ = read_payments(content=f"invoice;amount;currency;date;kind\n{rows}".encode())

    assert first.payment is not None
    assert first.payment.amount == Money(minor=minor, currency="USD")


BANK = "date;note;{};{}\n"
SIDES = "invoice;amount;currency;date;{};{}\n"


@pytest.mark.parametrize(
    ("text", "choice", "minors"),
    [
        ("invoice;amount;date\nINV-1;5.00;2026-11-22\n", Choice(currency="EUR"), [500]),
        ("invoice;amount (EUR);date\nINV-1;5.00;2026-11-22\n", Choice(), [500]),
        ("invoice;amount (EUR);date\nINV-1;5.00;2026-11-22\n", Choice(currency="JPY"), [500]),
        ("invoice;amount;date\nINV-1;EUR 5.00;2026-11-22\n", Choice(), [500]),
        ("invoice;amount (EUR);currency;date\nINV-1;5.00;;2026-11-22\n", Choice(), [None]),
        (
            SIDES.format("type", "S/H") + "INV-1;5.00;EUR;2026-11-22;cr;H\nINV-1;5.00;EUR;2026-11-22;cr;S\n",
            Choice(),
            [500, -500],
        ),
        (
            SIDES.format("Card type", "x") + "INV-1;5.00;EUR;2026-11-22;debit;\n",
            Choice(),
            [500],
        ),
        (
            BANK.format("credit (EUR)", "debit (EUR)")
            + "2026-11-22;INV-2026-000001;5.00;\n"
            + "2026-11-22;INV-2026-000001 INV-2026-000002;6.00;\n"
            + "2026-11-22;Rent;;9.00\n"
            + "2026-11-22;INV-2026-000003;pending;\n",
            Choice(),
            [500, None],
        ),
    ],
)
def test_each_row_counts_in_one_currency_and_one_way(
    text: str, choice: Choice, minors: list[int | None]
) -> None:
    rows = read_payments(content=text.encode(), choice=choice)

    assert [row.payment and (row.payment.amount.minor, row.payment.amount.currency) for row in rows] == [
        minor and (minor, "EUR") for minor in minors
    ]


@pytest.mark.parametrize(
    "text",
    [
        "invoice;amount;date\n",
        "invoice;amount;date\nINV-1;5.00;2026-11-22\n",
        "invoice;amount;date\nINV-1;EUR 5.00;2026-11-22\nINV-1;5.00;2026-11-22\n",
        BANK.format("credit (EUR)", "debit (USD)") + "2026-11-22;INV-2026-000001;5.00;\n",
    ],
)
def test_the_currency_is_asked_for_where_a_row_names_none(text: str) -> None:
    assert [question.code for question in read_file(content=text.encode()).questions] == ["currency"]


def test_what_is_no_money_received_is_counted_and_left_out() -> None:
    text = (
        "date;note;amount;currency;status\n"
        "2026-11-22;INV-2026-000001;5.00;EUR;booked\n"
        "2026-11-22;Rent;-9.00;EUR;booked\n"
        "2026-11-22;INV-2026-000001;5.00;EUR;Pending\n"
    )

    read = read_file(content=text.encode())

    assert (len(read.rows), read.skipped, read.is_plain) == (1, 2, False)
    assert set(read.rows[0].values) == {"invoice", "amount", "currency", "date", "reference"}


def test_nothing_and_less_than_one_are_no_money_that_went_out() -> None:
    text = BANK.format("credit (EUR)", "debit (EUR)") + "2026-11-22;x;0.00;\n2026-11-22;x;0.50;\n"

    rows = read_payments(content=text.encode())

    assert [row.payment and row.payment.amount.minor for row in rows] == [0, 50]


def test_a_row_that_names_no_currency_says_so() -> None:
    text = "invoice;amount (EUR);currency;date\nINV-1;5.00;;2026-11-22\n"

    [row] = read_payments(content=text.encode())

    assert row.problem == "It names no currency. Choose the currency of the account."


def test_a_row_says_how_numbers_are_written_here_and_which_invoices_it_names() -> None:
    text = (
        f"{HEAD}INV-1,none,EUR,2026-11-22,x\n"
        "INV-2026-000001 and INV-2026-000002,5,EUR,2026-11-22,x\n,5,EUR,2026-11-22,x\n"
    )

    rows = read_payments(content=text.encode(), choice=Choice(decimal_mark=DecimalMark.COMMA))

    assert [(row.number, row.payment and row.payment.amount.minor, row.problem) for row in rows] == [
        ("INV-1", None, "'none' is no number like 1.234,50."),
        (
            "",
            None,
            "The row names several invoices, INV-2026-000001, INV-2026-000002. "
            "Record its parts on the invoices by hand.",
        ),
        ("", 500, ""),
    ]
