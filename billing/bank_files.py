"""Reads the tables that banks and spreadsheets write. Pure: bytes and a choice in, cells and questions out.

Nothing is guessed where two readings differ: then there is a question, and a person's answer is the choice.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256

MOST_ROWS = 20_000
MOST_BYTES = 5_000_000
HEADER_WITHIN = 40
LONGEST_CELL = 500
SHOWN_VALUES = 3


class UnreadableFile(ValueError):
    """No table of payments."""


class DecimalMark(StrEnum):
    POINT = "point"
    COMMA = "comma"


class DayOrder(StrEnum):
    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


class Role(StrEnum):
    """What a column says."""

    INVOICE = "invoice"
    AMOUNT = "amount"
    CREDIT = "credit"
    DEBIT = "debit"
    CURRENCY = "currency"
    DATE = "date"
    REFERENCE = "reference"
    COPY = "copy"


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
        for line in _HEADS.strip().splitlines()
        if line.startswith(f"{role}:")
        for word in line.partition(":")[2].split(",")
    )
    for role in Role
}
"""Head words by what a column says: English, German, French, Italian, Dutch and Spanish."""
ENCODING_NAMES = {"cp1252": "Windows-1252", "utf-8-sig": "UTF-8"}
PENDING = ("vorgemerkt", "pending", "en attente", "pendiente", "in sospeso")
NAMED_FORMATS: Sequence[tuple[re.Pattern[bytes], str]] = (
    (re.compile(rb"camt\.052"), "CAMT.052"),
    (re.compile(rb"camt\.053"), "CAMT.053"),
    (re.compile(rb"camt\.054"), "CAMT.054"),
    (re.compile(rb"\A\s*<(\?xml|Document)"), "XML"),
    (re.compile(rb"\A\s*(\{1:F01.*)?:20:.*^:(25|60[FM]):", re.S | re.M), "MT940"),
    (re.compile(rb"\APK\x03\x04"), "a spreadsheet or an archive"),
    (re.compile(rb"\A\xd0\xcf\x11\xe0"), "a spreadsheet of the old Excel format"),
    (re.compile(rb"\A%PDF"), "a PDF"),
    (re.compile(rb"\A\s*OFXHEADER|\A\s*<OFX>"), "OFX"),
)
_SPACES = dict.fromkeys(map(ord, "  \u00a0\u2007\u2009\u202f'’"))
_POINT = re.compile(r"(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?")
_COMMA = re.compile(r"(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+)(?:,[0-9]+)?")
_CURRENCY_WORD = re.compile(r"\A[A-Za-z]{3}(?=[-+0-9])|(?<=[0-9-])[A-Za-z]{3}\Z|[€$£¥]")
_DAY = re.compile(r"(?P<a>[0-9]{1,4})(?P<mark>[-./])(?P<b>[0-9]{1,2})(?P=mark)(?P<c>[0-9]{1,4})(?:[ T].*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How one bank writes its files. What is empty is not chosen."""

    encoding: str = ""
    columns: Mapping[Role, str] = field(default_factory=dict)
    """By what it says: the head word of a column."""
    decimal_mark: DecimalMark | None = None
    day_order: DayOrder | None = None
    currency: str = ""


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

    @property
    def key(self) -> str:
        """The same for every file of this bank: its head words in their order."""
        return sha256("\0".join(map(_folded, self.header)).encode()).hexdigest()


def read_table(*, content: bytes, encoding: str = "") -> Table:
    """UnreadableFile names the format where it is another one, or says what is wrong with the table."""
    if len(content) > MOST_BYTES:
        raise UnreadableFile("The file has more than 5 MB. Split it.")
    for pattern, name in NAMED_FORMATS:
        if pattern.search(content[:20_000]):
            raise UnreadableFile(f"The file is {name}, which is not read yet. Export the payments as CSV.")
    used, text = _decoded(content, encoding)
    if "\0" in text:
        raise UnreadableFile("The file is no text. Export the payments as CSV.")
    if not text.strip():
        raise UnreadableFile("The file is empty.")
    told = re.match(r"sep=(.)\r?\n", text)
    delimiters = [told[1]] if told else [",", ";", "\t", "|"]
    if told:
        text = text[told.end() :]
    tables = [(delimiter, _cells(text, delimiter, lines_before=1 if told else 0)) for delimiter in delimiters]
    best = max(tables, key=lambda one: _header_of(one[1])[0])
    _, place = _header_of(best[1])
    rows = best[1]
    if len(rows) - place - 1 > MOST_ROWS:
        raise UnreadableFile(f"The file has more than {MOST_ROWS:,} rows. Split it.")
    return Table(encoding=used, delimiter=best[0], header=rows[place][1], rows=rows[place + 1 :])


def _decoded(content: bytes, encoding: str) -> tuple[str, str]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ["utf-16"]
    elif content.startswith(b"\xef\xbb\xbf"):
        candidates = ["utf-8-sig"]
    else:
        candidates = [encoding] if encoding else ["utf-8", "cp1252"]
    for candidate in candidates:
        try:
            return candidate, content.decode(candidate)
        except UnicodeDecodeError:
            continue
    names = " or ".join(ENCODING_NAMES.get(candidate, candidate.upper()) for candidate in candidates)
    raise UnreadableFile(f"The file is no text in {names}. Save it as CSV UTF-8.")


def _cells(text: str, delimiter: str, *, lines_before: int) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                cut = [cell.strip()[:LONGEST_CELL] for cell in cells]
                rows.append((reader.line_num + lines_before, cut))
    except csv.Error:
        raise UnreadableFile(f"Line {reader.line_num + 1} cannot be read. Is it a CSV file?") from None
    return rows


def _header_of(rows: Sequence[tuple[int, Sequence[str]]]) -> tuple[tuple[int, int], int]:
    """How sure, and which row names the columns: the one with the most known head words, else the first."""
    scored = [
        ((len({role for cell in cells for role in roles_of(cell)}), len(cells)), -place)
        for place, (_, cells) in enumerate(rows[:HEADER_WITHIN])
    ]
    if not scored:
        return (0, 0), 0
    known = max(score[0][0] for score in scored)
    if known == 0:
        return (0, len(rows[0][1])), 0
    score, place = max(scored)
    return score, -place


def roles_of(head: str) -> list[Role]:
    folded = _folded(head)
    return [role for role, aliases in ALIASES.items() if folded in aliases]


def _folded(head: str) -> str:
    return " ".join(head.casefold().strip(" .:").split())


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
    return places, questions + _missing(places, questions)


def _distinct(table: Table, places: Sequence[int]) -> list[int]:
    """Columns that say the same in every row are one."""
    seen: dict[tuple[str, ...], int] = {}
    for place in places:
        seen.setdefault(tuple(_cell(cells, place) for _, cells in table.rows), place)
    return list(seen.values())


def _missing(places: Mapping[Role, int], asked: Iterable[Question]) -> list[Question]:
    roles = {question.role for question in asked}
    lacks = []
    if not {Role.INVOICE, Role.REFERENCE} & ({*places} | roles):
        lacks.append(Role.INVOICE)
    if not {Role.AMOUNT, Role.CREDIT} & ({*places} | roles):
        lacks.append(Role.AMOUNT)
    if Role.DATE not in {*places} | roles:
        lacks.append(Role.DATE)
    sentence = "The first line names no column for the {}. Which one is it?"
    return [Question(code=QuestionCode.COLUMN, role=role, sentence=sentence.format(role)) for role in lacks]


def _cell(cells: Sequence[str], place: int | None) -> str:
    return cells[place] if place is not None and place < len(cells) else ""


def bare_number(text: str) -> tuple[str, str]:
    """The digits and marks of an amount without blanks, apostrophes and currency, and its sign."""
    bare = text.translate(_SPACES).replace("\u2212", "-")
    bare = _CURRENCY_WORD.sub("", bare)
    sign = "-" if bare.startswith("-") or bare.endswith("-") else ""
    return bare.strip("-+") if bare.count("-") + bare.count("+") <= 1 else bare, sign


def amount_currency(text: str) -> str:
    """The code that stands before or after an amount; empty where there is none."""
    found = _CURRENCY_WORD.search(text.translate(_SPACES))
    return found[0].upper() if found and found[0].isalpha() else ""


def read_number(text: str, *, mark: DecimalMark) -> Decimal | None:
    """None where the text is no amount of that form."""
    bare, sign = bare_number(text)
    pattern, group, point = (_POINT, ",", ".") if mark == DecimalMark.POINT else (_COMMA, ".", ",")
    if not pattern.fullmatch(bare):
        return None
    return Decimal(sign + bare.replace(group, "").replace(point, "."))


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


def read_day(text: str, *, order: DayOrder) -> date | None:
    """None where the text is no day of the calendar in that order. Two digits are a year of this century."""
    found = _DAY.fullmatch(text.strip())
    if not found:
        compact = re.fullmatch(r"(20[0-9]{2})([0-9]{2})([0-9]{2})", text.strip())
        return _date(*map(int, compact.groups())) if compact else None
    first, second, third = found["a"], found["b"], found["c"]
    if len(first) == 4:
        return _date(int(first), int(second), int(third)) if len(third) <= 2 else None
    if len(first) > 2 or len(third) not in (2, 4):
        return None
    year = int(third) if len(third) == 4 else 2000 + int(third)
    is_day_first = order == DayOrder.DAY_FIRST or found["mark"] == "."
    day, month = (first, second) if is_day_first else (second, first)
    return _date(year, int(month), int(day))


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


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
