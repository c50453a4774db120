"""Small changes of SQL: a condition left out, a boundary moved, an order forgotten."""

import re
from collections.abc import Iterator

IS_SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|WHERE|JOIN|CASE WHEN|ON CONFLICT)\b")
_COMMENT = re.compile(r"--[^\n]*")
_LEADS = re.compile(r"\b(WHERE|AND|OR|ON|WHEN|NOT)\b")
_ENDS = re.compile(
    r"\b(WHERE|AND|OR|ON|WHEN|THEN|ELSE|END|ORDER|GROUP|LIMIT|OFFSET|RETURNING|JOIN|LEFT|UNION|HAVING|WITH|FOR)\b|[;)]"
)
_SWAPS: tuple[tuple[str, str], ...] = (
    (r"<=", "<"),
    (r"(?<![<>])<(?![=>@])", "<="),
    (r">=", ">"),
    (r"(?<![-<=>])>(?![=>@])", ">="),
    (r"<>", "="),
    (r"(?<= )\+(?= )", "-"),
    (r"(?<= )-(?= )", "+"),
    (r"(?<= )\*(?= )", "+"),
    (r"\bmin(?=\()", "max"),
    (r"\bmax(?=\()", "min"),
    (r"\bgreatest(?=\()", "least"),
    (r"\bleast(?=\()", "greatest"),
    (r"\bLEFT JOIN\b", "JOIN"),
    (r"\bDISTINCT\b", ""),
    (r" DESC\b", ""),
    (r"\bNOT (?=EXISTS|\()", ""),
    (r"\bIS NULL\b", "IS NOT NULL"),
    (r"\bIS NOT NULL\b", "IS NULL"),
    (r"\bFOR (?:NO KEY )?UPDATE\b(?: OF \w+)?", ""),
    (r"\bORDER BY [^()\n]+(?=$|\n|\))", ""),
)


def changed_statements(text: str) -> Iterator[tuple[str, str, str]]:
    """What was there, what is there now, and the statement as a whole."""
    comments = [found.span() for found in _COMMENT.finditer(text)]
    for begin, end, now in (*_swapped(text), *_counted(text), *_without_condition(text)):
        if not any(start <= begin < stop for start, stop in comments):
            around = text[:begin].rpartition("\n")[2].lstrip()[-60:]
            yield f"{around}{text[begin:end]}", f"{around}{now}", text[:begin] + now + text[end:]


def _swapped(text: str) -> Iterator[tuple[int, int, str]]:
    for pattern, now in _SWAPS:
        for found in re.finditer(pattern, text):
            yield found.start(), found.end(), now


def _counted(text: str) -> Iterator[tuple[int, int, str]]:
    for found in re.finditer(r"(?<!SELECT )(?<![\w.$'%\x00])\d+(?![\w.'\x00])", text):  # SELECT 1: any row
        yield found.start(), found.end(), str(int(found[0]) + 1)


def _without_condition(text: str) -> Iterator[tuple[int, int, str]]:
    for lead in _LEADS.finditer(text):
        begin = lead.end()
        end = _end_of_condition(text, begin)
        condition = text[begin:end].strip()
        if lead[0] == "NOT" or condition in ("", "true", "false") or re.match(r"CONFLICT|DELETE", condition):
            continue
        if lead[0] == "AND" and re.search(r"\bBETWEEN\s+\S+\s*$", text[: lead.start()]):
            continue
        yield begin + 1, begin + len(text[begin:end].rstrip()), "false" if lead[0] == "OR" else "true"


def _end_of_condition(text: str, begin: int) -> int:
    depth, place = 0, begin
    while place < len(text):
        if text[place] == "(":
            depth += 1
        elif depth and text[place] == ")":
            depth -= 1
        elif not depth and (found := _ENDS.match(text, place)) and not text[place - 1].isalnum():
            is_between = found[0] == "AND" and re.search(r"\bBETWEEN\s+\S+\s*$", text[begin:place])
            if not is_between and text[begin:place].strip():
                return place
        place += 1
    return len(text)
