"""The words of SOQL: tokens, literals, and where in the text something is wrong."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from demo.salesforce.date_ranges import is_range
from demo.salesforce.values import Value, moment_text

TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))
      | (?P<date>\d{4}-\d\d-\d\d)
      | (?P<range>[A-Za-z]+_[A-Za-z_]+:\d+)
      | (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z]\w*(?:\.[A-Za-z]\w*)*)
      | (?P<string>'(?:[^'\\]|\\.)*')
      | (?P<operator><=|>=|!=|<>|=|<|>)
      | (?P<mark>[(),])
      | (?P<unknown>.)""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)|([%_])|([^\\%_]+)", re.DOTALL)
ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
WILDCARDS = {"%": ".*", "_": "."}
SNIPPET = 40


class QueryError(Exception):
    """A query that Salesforce would refuse: its error code and the message around the place."""

    def __init__(self, code: str, message: str, *, text: str = "", position: int | None = None) -> None:
        self.code = code
        self.message = message if position is None else f"{_place(text, position)}\n{message}"
        super().__init__(self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    kind: str
    text: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """`kind`: string, number, date, datetime, boolean, null, or range for a word such as LAST_N_DAYS:30.
    `pattern`: a string as LIKE reads it."""

    kind: str
    value: Value
    pattern: str = ""


def _place(text: str, position: int) -> str:
    """The query around the place, a caret under it, and its row and column."""
    before = text[:position]
    line = text.split("\n")[before.count("\n")]
    column = position - (before.rfind("\n") + 1)
    start, end = max(0, column - SNIPPET), column + SNIPPET
    while start and start < column and not (line[start - 1].isspace() or line[start - 1] == ","):
        start += 1
    while end < len(line) and not (line[end].isspace() or line[end] == ","):
        end += 1
    row = before.count("\n") + 1
    return f"\n{line[start:end]}\n{' ' * (column - start)}^\nERROR at Row:{row}:Column:{column + 1}"


def read_tokens(text: str) -> list[Token]:
    found = [
        Token(kind=str(match.lastgroup), text=match.group(), position=match.start())
        for match in TOKEN.finditer(text)
        if match.lastgroup != "space"
    ]
    return [*found, Token(kind="end", text="<EOF>", position=len(text))]


def read_literal(token: Token) -> Literal:
    word = token.text.lower()
    if token.kind == "string":
        value, pattern = _unescape(token.text[1:-1])
        return Literal(kind="string", value=value, pattern=pattern)
    if token.kind == "number":
        return Literal(kind="number", value=float(token.text))
    if token.kind == "date":
        return Literal(kind="date", value=date.fromisoformat(token.text).isoformat())
    if token.kind == "datetime":
        return Literal(kind="datetime", value=_moment(token.text))
    if token.kind == "name" and word in ("true", "false"):
        return Literal(kind="boolean", value=word == "true")
    if token.kind == "name" and word == "null":
        return Literal(kind="null", value=None)
    if token.kind in ("name", "range") and is_range(token.text):
        return Literal(kind="range", value=token.text.upper())
    raise ValueError(token.text)


def _moment(text: str) -> str:
    """In the form rows keep, so that text comparison is time comparison; fractions are kept for that."""
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return moment_text(moment).replace(".000", f".{moment.microsecond // 1000:03d}")


def _unescape(body: str) -> tuple[str, str]:
    plain, pattern = [], []
    for match in ESCAPE.finditer(body):
        escaped, wildcard, run = match.groups()
        if wildcard:
            plain.append(wildcard)
            pattern.append(WILDCARDS[wildcard])
            continue
        text = run if run else _escaped(escaped)
        plain.append(text)
        pattern.append(re.escape(text))
    return "".join(plain), "".join(pattern)


def _escaped(code: str) -> str:
    if code.startswith("u") and len(code) == 5:
        return chr(int(code[1:], 16))
    if code in WILDCARDS:
        return code
    if code not in ESCAPED:
        raise ValueError(code)
    return ESCAPED[code]
