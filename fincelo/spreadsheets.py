"""Tables for spreadsheets, in which no cell is a formula."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def safe_cell(value: object) -> str:
    """What a spreadsheet would compute becomes a text; numbers stay numbers."""
    text = "" if value is None else str(value).replace("\0", "")
    if text.startswith(STARTS_A_FORMULA) and not NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Line by line, for answers that are sent while they are made. The header is a row like the others."""
    writer = csv.writer(_Echo())
    for row in rows:
        yield writer.writerow([safe_cell(cell) for cell in row])


class _Echo:
    """A file that keeps nothing: the writer hands on what it writes."""

    def write(self, text: str) -> str:
        return text


def csv_text(*, header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(header)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return file.getvalue()
