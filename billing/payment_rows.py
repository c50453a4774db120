"""Reads a file of payments. Pure: bytes in, rows out, each with its payment or with what is wrong with it."""

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from contracts.currencies import UnknownCurrency
from contracts.money import AmountRefused, Money

COPY_NUMBER = re.compile(r"[0-9]{1,5}")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "invoice": ("invoice", "invoice number", "number"),
    "amount": ("amount", "paid", "amount paid"),
    "currency": ("currency",),
    "date": ("date", "received", "payment date", "paid on"),
    "reference": ("reference", "note", "text"),
    "copy": ("copy",),
}
NEEDED = ("invoice", "amount", "currency", "date")
MOST_ROWS = 20_000
MOST_BYTES = 5_000_000
PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
"""Without an exponent: a spreadsheet that writes one has dropped digits."""


class UnreadableFile(ValueError):
    """No table of payments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPayment:
    amount: Money
    received_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    """One row as it stands in the file, with its payment or with the problem why it is none."""

    line: int
    number: str
    values: Mapping[str, str]
    payment: ReadPayment | None = None
    problem: str = ""
    copy: int = 1
    """Equal rows of one file are payments of their own: 1 for the first."""

    @property
    def fingerprint(self) -> str:
        return _hash(f"{_key(self)}|{self.copy}")

    @property
    def copy_mark(self) -> str:
        """For a file that has only the later of equal rows. Void once the row is mended: it is another."""
        return f"{self.copy}/{_hash(_key(self))[:8]}" if self.copy > 1 else ""


def read_payments(*, content: bytes) -> list[PaymentRow]:
    table = _table(content)
    places = _places(table[0][1])
    seen: Counter[str] = Counter()
    rows = []
    for line, cells in table[1:]:
        values = {name: cells[place] if place < len(cells) else "" for name, place in places.items()}
        row = _row(line=line, values=values)
        rows.append(replace(row, copy=_marked_copy(row) or _next_copy(row, seen)))
    return rows


def _next_copy(row: PaymentRow, seen: Counter[str]) -> int:
    seen[_key(row)] += 1
    return seen[_key(row)]


def _marked_copy(row: PaymentRow) -> int | None:
    number, _, key = row.values.get("copy", "").partition("/")
    return int(number) if COPY_NUMBER.fullmatch(number) and key == _hash(_key(row))[:8] else None


def _key(row: PaymentRow) -> str:
    """What makes a payment the same one, however a spreadsheet has written its amount meanwhile."""
    written = (row.values["amount"], row.values["currency"], row.values["date"])
    paid = row.payment
    parts = (str(paid.amount.minor), paid.amount.currency, str(paid.received_date)) if paid else written
    return "|".join((row.number, *parts, row.values.get("reference", "")))


def _row(*, line: int, values: Mapping[str, str]) -> PaymentRow:
    payment, problem = None, ""
    try:
        payment = ReadPayment(
            amount=_amount(values["amount"], values["currency"]), received_date=_day(values["date"])
        )
    except (AmountRefused, UnknownCurrency, UnreadableFile) as wrong:
        problem = str(wrong)
    return PaymentRow(
        line=line,
        number=values["invoice"],
        values=values,
        payment=payment,
        problem=problem,
    )


def _table(content: bytes) -> list[tuple[int, list[str]]]:
    if len(content) > MOST_BYTES:
        raise UnreadableFile("The file has more than 5 MB. Split it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableFile("The file is no text in UTF-8. Save it as CSV UTF-8.") from None
    if "\0" in text:
        raise UnreadableFile("The file is no text. Save it as CSV UTF-8.")
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    table = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                table.append((reader.line_num, [cell.strip()[:500] for cell in cells]))
    except csv.Error:
        raise UnreadableFile(f"Line {reader.line_num + 1} cannot be read. Is it a CSV file?") from None
    if len(table) > MOST_ROWS + 1:
        raise UnreadableFile(f"The file has more than {MOST_ROWS:,} rows. Split it.")
    if not table:
        raise UnreadableFile("The file is empty.")
    return table


def _places(header: Sequence[str]) -> dict[str, int]:
    names = [cell.lower() for cell in header]
    places = {
        column: names.index(alias)
        for column, aliases in COLUMNS.items()
        for alias in aliases[::-1]
        if alias in names
    }
    missing = [name for name in NEEDED if name not in places]
    if missing:
        raise UnreadableFile(
            f"The first line names no column {' and no column '.join(missing)}. "
            "It needs invoice, amount, currency and date; reference is welcome."
        )
    return places


def _amount(text: str, currency: str) -> Money:
    if not PLAIN_NUMBER.fullmatch(text):
        raise UnreadableFile(f"{text!r} is no plain number like 1234.50.")
    return Money.from_decimal(Decimal(text), currency=currency)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UnreadableFile(f"{text!r} is no day like 2026-11-30.") from None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
