"""Reads the tables that banks and spreadsheets write. Pure: bytes and a choice in, cells and questions out.

Nothing is guessed where two readings differ: then there is a question, and a person's answer is the choice.
"""

import csv
import io
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256

from billing.receivables.bank_formats import UnreadableFile, decoded, refuse_other_formats
from billing.receivables.bank_values import cleaned, read_day, read_number
from billing.values import Choice, DayOrder, DecimalMark, Role
from contracts.currencies import is_known

MOST_ROWS = 20_000
MOST_BYTES = 5_000_000
HEADER_WITHIN = 40
LONGEST_CELL = 500
END_OF_FILE = "\x1a\r\n "
"""Blank lines, and the mark that old programs set behind the last one."""


class QuestionCode(StrEnum):
    COLUMN = "column"
    DECIMAL_MARK = "decimal_mark"
    DAY_ORDER = "day_order"
    CURRENCY = "currency"


_HEADS = """
invoice: invoice, invoice number, invoice no, number, rechnung, rechnungsnummer, rechnungsnr, rechnung nr, rechnungs-nr
invoice: facture, numéro de facture, n° facture, fattura, numero fattura, factuur, factuurnummer, factura
amount: amount, paid, amount paid, betrag, umsatz, betrag (eur), umsatz in eur, montant, importo, bedrag, importe, monto
credit: credit, paid in, money in, haben, gutschrift, crédit, avere, accrediti, bij, abono, haber, entrate
debit: debit, paid out, money out, soll, lastschrift, débit, dare, addebiti, af, cargo, debe, uscite
currency: currency, ccy, währung, waehrung, devise, divisa, moneda, munt
date: date, received, payment date, paid on, booking date, value date, transaction date, data, datum, fecha
date: buchungstag, buchungsdatum, buchung, valuta, valutadatum, wertstellung, date opération, date de valeur
date: date comptable, data operazione, data contabile, data valuta, boekdatum, boekingsdatum, transactiedatum
date: fecha operación, fecha valor
reference: reference, note, text, description, details, memo, purpose, verwendungszweck, mitteilung
reference: zahlungsreferenz, zweck, libellé, communication, référence, causale, descrizione, omschrijving, mededelingen
reference: concepto, descripción, referencia
copy: copy
"""  # noqa: E501  a table
ALIASES: Mapping[Role, frozenset[str]] = {
    role: frozenset(
        word.strip()
        for line in _HEADS.splitlines()
        if line.startswith(f"{role}:")
        for word in line.partition(":")[2].split(",")
    )
    for role in Role
}
"""Head words by what a column says: English, German, French, Italian, Dutch and Spanish."""
PENDING = ("vorgemerkt", "pending", "en attente", "pendiente", "in sospeso")
IN_HEAD = re.compile(r"[ ,]*(?:\(|\[|\bin )(?P<code>[a-z]{3})[)\]]?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What two readings of the file differ in, in words: each reading is one of the answers."""

    code: QuestionCode
    role: Role | None
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells as they are written, each line with its number. `header` names the columns."""

    encoding: str
    delimiter: str
    header: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]
    has_heads: bool = True
    """False where the first line is a payment already: then the columns are numbered, and tell no bank."""

    @property
    def key(self) -> str:
        """The same for every file of this bank: its head words in their order."""
        return sha256("\0".join(map(_folded, self.header)).encode()).hexdigest()


def read_table(*, content: bytes, encoding: str = "") -> Table:
    """UnreadableFile names the format where it is another one, or says what is wrong with the table."""
    if len(content) > MOST_BYTES:
        raise UnreadableFile("The file has more than 5 MB. Split it.")
    refuse_other_formats(beginning=content[:20_000].decode("latin-1"))
    used, text = decoded(content=content, encoding=encoding)
    text = text.removeprefix("\ufeff").rstrip(END_OF_FILE)
    refuse_other_formats(beginning=text[:20_000])
    if "\0" in text:
        raise UnreadableFile("The file is no text. Export the payments as CSV.")
    if not text.strip():
        raise UnreadableFile("The file is empty.")
    told = re.match(r"sep=(.)(\r\n|\r|\n)", text, re.IGNORECASE)
    delimiters = [told[1]] if told else [",", ";", "\t", "|"]
    if told:
        text = text[told.end() :]
    tables = [_table(used, text, delimiter, lines_before=1 if told else 0) for delimiter in delimiters]
    _, table, is_whole = max(tables, key=lambda one: one[0])
    if len(table.rows) > MOST_ROWS:
        raise UnreadableFile(f"The file has more than {MOST_ROWS:,} rows. Split it.")
    if len(table.header) < 2:
        raise UnreadableFile("The file is no table with columns. Export the payments as CSV.")
    _refuse_open_quotes(table, is_whole=is_whole)
    return table


def _table(
    encoding: str, text: str, delimiter: str, *, lines_before: int
) -> tuple[tuple[int, bool, int], Table, bool]:
    """How sure the delimiter is, the table, and whether its last quotation mark is closed."""
    end = secrets.token_hex(8)
    rows = _cells(f"{text.rstrip()}\n{end}", delimiter, lines_before=lines_before)
    is_whole = rows[-1][1] == [end]
    rows = rows[:-1] if is_whole else rows
    if not rows:
        return (0, False, 0), Table(encoding=encoding, delimiter=delimiter, header=[], rows=[]), True
    known, place = _header_of(rows)
    has_data = any(is_payment(cells) for _, cells in rows[:HEADER_WITHIN])
    has_heads = not is_payment(rows[place][1])
    header = (
        rows[place][1] if has_heads else [f"Column {number}" for number, _ in enumerate(rows[place][1], 1)]
    )
    table = Table(
        encoding=encoding,
        delimiter=delimiter,
        header=_told_apart(header),
        rows=rows[place + has_heads :],
        has_heads=has_heads,
    )
    return (known, has_data, len(header)), table, is_whole


def _cells(text: str, delimiter: str, *, lines_before: int) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                cut = [cell.strip()[:LONGEST_CELL] for cell in cells]
                rows.append((reader.line_num + lines_before, cut))
    except csv.Error:
        line = reader.line_num + lines_before
        raise UnreadableFile(f"Line {line} cannot be read. Is it a CSV file?") from None
    return rows


def _header_of(rows: Sequence[tuple[int, Sequence[str]]]) -> tuple[int, int]:
    """How many things its head words name, and which row names the columns.

    Where no head word is known it is the row before the first payment, else the first row.
    """
    known = [
        (len({role for cell in cells for role in roles_of(cell)}), len(cells), -place)
        for place, (_, cells) in enumerate(rows[:HEADER_WITHIN])
        if not is_payment(cells)
    ]
    best = max(known, default=None)
    if best and best[0]:
        return best[0], -best[2]
    first = next((place for place, (_, cells) in enumerate(rows[:HEADER_WITHIN]) if is_payment(cells)), 0)
    is_below_heads = first > 0 and len(rows[first - 1][1]) >= len([cell for cell in rows[first][1] if cell])
    return 0, first - 1 if is_below_heads else first


def is_payment(cells: Sequence[str]) -> bool:
    """Tells whether a day and an amount stand in the row, in whatever form: then it names no columns."""
    days = {place for place, cell in enumerate(cells) if any(read_day(cell, order=one) for one in DayOrder)}
    amounts = {
        place for place, cell in enumerate(cells) if any(read_number(cell, mark=one) for one in DecimalMark)
    }
    return bool(days and amounts - days)


def _told_apart(header: Sequence[str]) -> list[str]:
    """Two columns of one name are numbered, so that either can be chosen."""
    seen: Counter[str] = Counter()
    heads = []
    for head in header:
        seen[_folded(head)] += 1
        again = seen[_folded(head)]
        heads.append(f"{head} ({again})" if head and again > 1 else head)
    return heads


def _refuse_open_quotes(table: Table, *, is_whole: bool) -> None:
    """A quotation mark that is never closed takes the lines after it into its cell."""
    for line, cells in table.rows if is_whole else ():
        for cell in cells:
            inner = cell.splitlines()[1:]
            if any(is_payment(one.split(table.delimiter)) for one in inner):
                raise UnreadableFile(
                    f"A quotation mark before line {line} is not closed, so it takes in the lines after it. "
                    "Close it or take it out, then import the file again."
                )
    if not is_whole:
        raise UnreadableFile(
            "A quotation mark in the file is not closed, so the lines after it cannot be told apart. "
            "Close it or take it out, then import the file again."
        )


def roles_of(head: str) -> list[Role]:
    """What a head word says, with or without the currency or the number that stands behind it."""
    folded = _folded(head)
    forms = {folded, IN_HEAD.sub("", folded), re.sub(r" \([0-9]+\)\Z", "", folded)}
    return [role for role, aliases in ALIASES.items() if forms & aliases]


def head_currency(head: str) -> str:
    """The currency that a head word names, as in "Amount (EUR)"; empty where it names none."""
    found = IN_HEAD.search(_folded(head))
    code = found["code"].upper() if found else ""
    return code if is_known(currency=code) else ""


def _folded(head: str) -> str:
    return " ".join(cleaned(head).casefold().strip(" .:").split())


def ask_columns(table: Table, choice: Choice) -> tuple[dict[Role, int], list[Question]]:
    """The place of each column, and the questions where two may be meant or a needed one is missing."""
    places: dict[Role, int] = {}
    questions: list[Question] = []
    folded = [_folded(head) for head in table.header]
    for role in Role:
        if role in choice.columns:
            if _folded(choice.columns[role]) in folded:
                places[role] = folded.index(_folded(choice.columns[role]))
            continue
        found = [place for place, head in enumerate(table.header) if role in roles_of(head)]
        distinct = _distinct(table, found)
        if len(distinct) > 1 and role not in (Role.REFERENCE, Role.COPY):
            heads = " or ".join(table.header[place] for place in distinct)
            questions.append(
                Question(
                    code=QuestionCode.COLUMN, role=role, sentence=f"Which column is the {role}: {heads}?"
                )
            )
        elif found:
            places[role] = found[0]
    return places, questions + _missing(table, places, questions)


def _distinct(table: Table, places: Sequence[int]) -> list[int]:
    """Columns that say the same in every row are one."""
    seen: dict[tuple[str, ...], int] = {}
    for place in places:
        seen.setdefault(tuple(_cell(cells, place) for _, cells in table.rows), place)
    return list(seen.values())


def _missing(table: Table, places: Mapping[Role, int], known: Iterable[Question]) -> list[Question]:
    roles = {question.role for question in known}
    lacks = []
    if not {Role.INVOICE, Role.REFERENCE} & ({*places} | roles):
        lacks.append(Role.INVOICE)
    if not {Role.AMOUNT, Role.CREDIT} & ({*places} | roles):
        lacks.append(Role.AMOUNT)
    if Role.DATE not in {*places} | roles:
        lacks.append(Role.DATE)
    asked = "Which column is the {}?"
    sentence = "The first line names no column for the {}. Which one is it?" if table.has_heads else asked
    return [Question(code=QuestionCode.COLUMN, role=role, sentence=sentence.format(role)) for role in lacks]


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def ask_decimal_mark(amounts: Sequence[str], choice: Choice) -> tuple[DecimalMark, list[Question]]:
    """The one form that fits the whole column. UnreadableFile where rows of both forms are mixed."""
    if choice.decimal_mark:
        return choice.decimal_mark, []
    only: dict[DecimalMark, str] = {}
    either = ""
    for text in amounts:
        point, comma = (read_number(text, mark=mark) for mark in (DecimalMark.POINT, DecimalMark.COMMA))
        if point is not None and comma is None:
            only.setdefault(DecimalMark.POINT, text)
        elif comma is not None and point is None:
            only.setdefault(DecimalMark.COMMA, text)
        elif point != comma:
            either = either or text
    if len(only) == 2:
        raise UnreadableFile(
            f"The amounts are written in two forms, {' and '.join(map(repr, only.values()))}. "
            "Export the file again with one."
        )
    if only:
        return next(iter(only)), []
    if not either:
        return DecimalMark.POINT, []
    readings = [read_number(either, mark=mark) for mark in (DecimalMark.POINT, DecimalMark.COMMA)]
    sentence = f"{either!r} can be read as {_plain(readings[0])} or as {_plain(readings[1])}. Which is meant?"
    return DecimalMark.POINT, [Question(code=QuestionCode.DECIMAL_MARK, role=None, sentence=sentence)]


def _plain(number: Decimal | None) -> str:
    return f"{number:,f}" if number is not None else ""


def ask_day_order(days: Sequence[str], choice: Choice) -> tuple[DayOrder, list[Question]]:
    """The one order that fits the whole column."""
    if choice.day_order:
        return choice.day_order, []
    either, refutes = "", set()
    for text in days:
        readings = {order: read_day(text, order=order) for order in DayOrder}
        missing = {order for order, reading in readings.items() if reading is None}
        if len(missing) == 1:
            refutes |= missing
        elif len(set(readings.values())) == 2:
            either = either or text
    if len(refutes) == 2:
        raise UnreadableFile("Some days are written day first, others month first. Export the file again.")
    if refutes:
        return next(order for order in DayOrder if order not in refutes), []
    if not either:
        return DayOrder.DAY_FIRST, []
    first, second = (read_day(either, order=order) for order in DayOrder)
    sentence = f"{either!r} can be {first} or {second}. Which is meant?"
    return DayOrder.DAY_FIRST, [Question(code=QuestionCode.DAY_ORDER, role=None, sentence=sentence)]
