"""Tables for spreadsheets, in which no cell is a formula, whichever separator a spreadsheet splits at."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

ROWS_AT_ONCE = 500
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
FORMULA = re.compile(
    r"""(\A|[,;|\t\r\n\v\f\x85\u2028\u2029])(?=[\s"'\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠﹦﹢﹣﹫])"""
)
"""Where a cell could begin with a formula: at the start of the text, and after each separator inside it.
Blanks, quotes and marks that nobody sees may be dropped before the sign by whoever reads the file."""
LEADING_BLANK = re.compile(r"\A[\t\r\n]")


def safe_cell(value: object) -> str:
    """What a spreadsheet would compute becomes a text; numbers stay numbers."""
    text = "" if value is None else str(value).replace("\0", "")
    if NUMBER.fullmatch(text):
        return text
    safe = FORMULA.sub(r"\1'", text)
    return f"'{safe}" if LEADING_BLANK.match(safe) else safe


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A piece at a time, for answers that are sent while they are made. The header is a row like others."""
    file = io.StringIO()
    writer = _writer(file)
    for number, row in enumerate(rows, start=1):
        writer.writerow([safe_cell(cell) for cell in row])
        if number % ROWS_AT_ONCE == 0:
            yield file.getvalue()
            file.seek(0)
            file.truncate()
    yield file.getvalue()


def csv_text(*, header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The whole table at once."""
    return "".join(csv_lines([header, *rows]))


def _writer(file: io.StringIO) -> Any:
    """Quotes every cell: one that holds another separator than ours stays one cell where quotes are read."""
    return csv.writer(file, quoting=csv.QUOTE_ALL)
