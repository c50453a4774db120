"""Tables for spreadsheets, in which no cell is a formula."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
ROWS_AT_ONCE = 500
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def safe_cell(value: object) -> str:
    """What a spreadsheet would compute becomes a text; numbers stay numbers."""
    text = "" if value is None else str(value).replace("\0", "")
    if text.startswith(STARTS_A_FORMULA) and not NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A piece at a time, for answers that are sent while they are made. The header is a row like others."""
    file = io.StringIO()
    writer = csv.writer(file)
    for number, row in enumerate(rows, start=1):
        writer.writerow([safe_cell(cell) for cell in row])
        if number % ROWS_AT_ONCE == 0:
            yield file.getvalue()
            file.seek(0)
            file.truncate()
    yield file.getvalue()


def csv_text(*, header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(header)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return file.getvalue()
