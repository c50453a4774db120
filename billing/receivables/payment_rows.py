"""Reads a file of payments. Pure: bytes in, rows out, each with its payment or with what is wrong with it."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from billing.receivables.bank_files import (
    PENDING,
    Question,
    QuestionCode,
    Table,
    ask_columns,
    ask_day_order,
    ask_decimal_mark,
    head_currency,
    read_table,
)
from billing.receivables.bank_formats import UnreadableFile
from billing.receivables.bank_values import amount_currency, cleaned, read_day, read_number
from billing.values import Choice, DayOrder, DecimalMark, Role
from contracts.currencies import UnknownCurrency
from contracts.money import AmountRefused, Money

COPY_NUMBER = re.compile(r"[0-9]{1,5}")
PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
PLAIN_DAY = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}")
PREFIXES = ("INV",)
OUT = frozenset(
    [
        "s",
        "soll",
        "d",
        "dr",
        "debit",
        "debet",
        "dbit",
        "af",
        "lastschrift",
        "belastung",
        "débit",
        "cargo",
        "dare",
    ]
)
IN = frozenset(["h", "haben", "c", "cr", "credit", "crdt", "bij", "gutschrift", "crédit", "abono", "avere"])
"""What a column of its own says beside an amount without a sign."""
OF_CARDS = ("card", "karte", "carte", "carta", "kaart", "tarjeta")
AMOUNTS = (Role.AMOUNT, Role.CREDIT, Role.DEBIT)
__all__ = ["PaymentRow", "ReadFile", "ReadPayment", "UnreadableFile", "read_file", "read_payments"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """The rows as they are read by a choice, and what has to be answered before any of them is recorded."""

    table: Table
    choice: Choice
    """With what was found in the file where nothing was chosen."""
    questions: Sequence[Question]
    rows: Sequence[PaymentRow]
    skipped: int
    """Rows of a statement that are no money received: what went out, and what is not booked yet."""
    is_plain: bool
    """Known head words, numbers like 1234.50 and days like 2026-11-30: no reading had to be chosen."""
    contradicts: str = ""
    """A number or day that only another choice can read: the file is not written as this bank's were."""


class MoneyWentOut(Exception):
    """A row that is no payment of an invoice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    places: Mapping[Role, int]
    mark: DecimalMark
    order: DayOrder
    currency: str
    prefixes: Sequence[str]
    width: int
    """So many columns have a head."""
    side: int | None = None
    """The place of the column that says whether money came in or went out, where there is one."""

    def cell(self, cells: Sequence[str], role: Role) -> str:
        place = self.places.get(role)
        return cells[place] if place is not None and place < len(cells) else ""


def read_payments(
    *, content: bytes, choice: Choice | None = None, prefixes: Sequence[str] = PREFIXES
) -> list[PaymentRow]:
    """The rows of a file in which nothing is left to ask. UnreadableFile with the questions otherwise."""
    read = read_file(content=content, choice=choice, prefixes=prefixes)
    if read.questions:
        raise UnreadableFile(" ".join(question.sentence for question in read.questions))
    return list(read.rows)


def read_file(
    *, content: bytes, choice: Choice | None = None, prefixes: Sequence[str] = PREFIXES
) -> ReadFile:
    choice = choice or Choice()
    table = read_table(content=content, encoding=choice.encoding)
    places, questions = ask_columns(table, choice)
    by_role = _Reading(
        places=places,
        mark=DecimalMark.POINT,
        order=DayOrder.DAY_FIRST,
        currency=_head_currency(table, places) or choice.currency,
        prefixes=prefixes,
        width=len(table.header),
        side=_side(table),
    )
    rows = [(line, cells) for line, cells in table.rows if not _is_pending(cells)]
    amounts = [text for _, cells in rows if (text := _amount_text(by_role, cells)[0])]
    days = [text for _, cells in rows if (text := by_role.cell(cells, Role.DATE))]
    mark, more = ask_decimal_mark(amounts, choice)
    order, days_asked = ask_day_order(days, choice)
    questions = [*questions, *more, *days_asked, *_ask_currency(by_role, rows)]
    reading = replace(by_role, mark=mark, order=order)
    kept, skipped = _rows(rows, reading)
    return ReadFile(
        table=table,
        choice=replace(
            choice,
            encoding=table.encoding,
            columns={role: table.header[place] for role, place in places.items()},
            decimal_mark=mark,
            day_order=order,
        ),
        questions=questions,
        rows=kept,
        skipped=skipped + len(table.rows) - len(rows),
        is_plain=Role.INVOICE in places
        and not choice.columns
        and not choice.currency
        and all(PLAIN_NUMBER.fullmatch(text) or read_number(text, mark=mark) is None for text in amounts)
        and all(PLAIN_DAY.fullmatch(text) or read_day(text, order=order) is None for text in days),
        contradicts=_contradiction(amounts, days, mark=mark, order=order),
    )


def _contradiction(amounts: Sequence[str], days: Sequence[str], *, mark: DecimalMark, order: DayOrder) -> str:
    """The first text that only another form reads; empty where there is none."""
    for text in amounts:
        if read_number(text, mark=mark) is None and any(
            read_number(text, mark=one) is not None for one in DecimalMark
        ):
            return text
    for text in days:
        if read_day(text, order=order) is None and any(read_day(text, order=one) for one in DayOrder):
            return text
    return ""


def _head_currency(table: Table, places: Mapping[Role, int]) -> str:
    """As in "Amount (EUR)"; empty where the heads of the amounts name none, or a column names it."""
    heads = {head_currency(table.header[places[role]]) for role in AMOUNTS if role in places}
    return "".join(heads) if len(heads) == 1 and Role.CURRENCY not in places else ""


def _side(table: Table) -> int | None:
    for place, head in enumerate(table.header):
        said = {_folded_cell(cells, place) for _, cells in table.rows} - {""}
        if said <= IN | OUT and said & OUT and not any(word in head.casefold() for word in OF_CARDS):
            return place
    return None


def _folded_cell(cells: Sequence[str], place: int | None) -> str:
    return cells[place].casefold() if place is not None and place < len(cells) else ""


def _ask_currency(reading: _Reading, rows: Sequence[tuple[int, Sequence[str]]]) -> list[Question]:
    if Role.CURRENCY in reading.places or reading.currency:
        return []
    if rows and all(amount_currency(_amount_text(reading, cells)[0]) for _, cells in rows):
        return []
    sentence = "No column names the currency. In which currency is this account?"
    return [Question(code=QuestionCode.CURRENCY, role=Role.CURRENCY, sentence=sentence)]


def _is_pending(cells: Sequence[str]) -> bool:
    return any(word == cell.casefold() for cell in cells for word in PENDING)


def _amount_text(reading: _Reading, cells: Sequence[str]) -> tuple[str, bool]:
    """What is written as the amount, and whether its column or another says that the money went out."""
    went_out = _folded_cell(cells, reading.side) in OUT
    amount, credit, debit = (reading.cell(cells, role) for role in AMOUNTS)
    if amount:
        return amount, went_out
    if _is_nothing(credit) and debit:
        return debit, True
    return credit, went_out


def _is_nothing(text: str) -> bool:
    """Empty, or a zero as many banks write it into the column that does not count."""
    return not re.search("[1-9]", text)


def _rows(rows: Sequence[tuple[int, Sequence[str]]], reading: _Reading) -> tuple[list[PaymentRow], int]:
    """The rows that are payments or were meant so, and how many are no money received."""
    seen: Counter[str] = Counter()
    kept: list[PaymentRow] = []
    skipped = 0
    for line, cells in rows:
        row = _row(line=line, cells=cells, reading=reading)
        if row is None:
            skipped += 1
            continue
        kept.append(replace(row, copy=_marked_copy(row) or _next_copy(row, seen)))
    return kept, skipped


def _row(*, line: int, cells: Sequence[str], reading: _Reading) -> PaymentRow | None:
    """None where the money went out, so that it is no payment of an invoice."""
    values = {str(role): reading.cell(cells, role) for role in Role if role not in (Role.CREDIT, Role.DEBIT)}
    text, went_out = _amount_text(reading, cells)
    values["amount"] = text
    currency = cleaned(values["currency"] or amount_currency(text) or reading.currency).upper()
    values["currency"] = "EUR" if currency in ("€", "EURO") else currency
    anywhere = " | ".join([values["reference"], *cells])
    number, problem = _number(values["invoice"], anywhere, reading.prefixes)
    payment = None
    try:
        _ensure_one_reading(cells, values, reading)
        payment = _payment(values, reading, went_out=went_out)
    except MoneyWentOut:
        return None
    except (AmountRefused, UnknownCurrency, UnreadableFile) as wrong:
        problem = str(wrong)
    return PaymentRow(
        line=line,
        number=number,
        values={name: values[name] for name in values if name != "copy" or Role.COPY in reading.places},
        payment=None if problem else payment,
        problem=problem,
    )


def _ensure_one_reading(cells: Sequence[str], values: Mapping[str, str], reading: _Reading) -> None:
    """UnreadableFile with the reason where the row says two things."""
    if any(cells[reading.width :]):
        raise UnreadableFile(
            "The row has more cells than there are columns, as when a number holds the separator. "
            "Put that cell into quotation marks."
        )
    credit, debit = (reading.cell(cells, role) for role in (Role.CREDIT, Role.DEBIT))
    if not _is_nothing(credit) and not _is_nothing(debit):
        raise UnreadableFile(f"It says that {credit} came in and that {debit} went out.")
    named = amount_currency(values["amount"])
    if named and named != values["currency"]:
        raise UnreadableFile(f"It names two currencies, {values['currency']} and {named}.")


def _payment(values: Mapping[str, str], reading: _Reading, *, went_out: bool) -> ReadPayment:
    amount = read_number(values["amount"], mark=reading.mark)
    if amount is None:
        like = "1234.50" if reading.mark == DecimalMark.POINT else "1.234,50"
        raise UnreadableFile(f"{values['amount']!r} is no number like {like}.")
    if Role.INVOICE not in reading.places and (went_out or amount < 0):
        raise MoneyWentOut
    day = read_day(values["date"], order=reading.order)
    if day is None:
        raise UnreadableFile(f"{values['date']!r} is no day of the calendar, like 2026-11-30.")
    if not values["currency"]:
        raise UnreadableFile("It names no currency. Choose the currency of the account.")
    money = Money.from_decimal(-abs(amount) if went_out else amount, currency=values["currency"])
    return ReadPayment(amount=money, received_date=day)


def _number(written: str, text: str, prefixes: Sequence[str]) -> tuple[str, str]:
    """The number of the invoice that is meant, or why none can be told."""
    if found := find_numbers(written, prefixes=prefixes):
        return (found[0], "") if len(found) == 1 else ("", _several(found))
    if written:
        return written, ""
    found = find_numbers(text, prefixes=prefixes)
    return ("", _several(found)) if len(found) > 1 else ("".join(found), "")


def _several(found: Sequence[str]) -> str:
    return f"The row names several invoices, {', '.join(found)}. Record its parts on the invoices by hand."


def find_numbers(text: str, *, prefixes: Sequence[str]) -> list[str]:
    """Numbers of ours in a text, as they stand on the documents, however the payer has written them.

    "INV-2026-000001/000002" are two.
    """
    names = "|".join(map(re.escape, prefixes))
    mark = r"[\s\-/.]*"
    more = r"(?:\s*[/,+&]\s*|\s+(?:und|and|et|e|y|en)\s+)0[0-9]{5}(?![0-9])"
    pattern = (
        rf"(?<![A-Za-z0-9])({names}){mark}(20[0-9]{{2}}){mark}([0-9]{{1,9}})(?![A-Za-z0-9])((?:{more})*)"
    )
    found = re.findall(pattern, text, re.IGNORECASE)
    places = [
        (name, year, place)
        for name, year, first, others in found
        for place in (first, *re.findall("[0-9]{6}", others))
    ]
    return list(dict.fromkeys(f"{name.upper()}-{year}-{int(place):06d}" for name, year, place in places))


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


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
