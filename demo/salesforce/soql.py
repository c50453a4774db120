"""Reads the part of SOQL that the simulator answers. Everything else is a MALFORMED_QUERY, with its place."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NoReturn, TypeVar

from demo.salesforce.values import Value, moment_text

TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))
      | (?P<date>\d{4}-\d\d-\d\d)
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
COMPARISONS = frozenset({"=", "!=", "<>", "<", "<=", ">", ">="})
SNIPPET = 40
MAXIMUM_OFFSET = 2000
T = TypeVar("T")


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
class FieldPath:
    names: tuple[str, ...]
    position: int

    @property
    def text(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """`kind`: string, number, date, datetime, boolean or null. `pattern`: a string as LIKE reads it."""

    kind: str
    value: Value
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    field: FieldPath
    operator: str
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Junction:
    """`word`: AND, OR, or NOT with a single part."""

    word: str
    parts: tuple["Condition", ...]


Condition = Comparison | Junction


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    field: FieldPath
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """`fields` is empty for COUNT()."""

    text: str
    fields: tuple[FieldPath, ...]
    entity: Token
    where: Condition | None
    order: tuple[Order, ...]
    limit: int | None
    offset: int


def parse(text: str) -> Query:
    if not text.strip():
        raise QueryError("MALFORMED_QUERY", "A query string has to be specified")
    return _Parser(text).query()


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


def _tokens(text: str) -> list[Token]:
    found = [
        Token(kind=str(match.lastgroup), text=match.group(), position=match.start())
        for match in TOKEN.finditer(text)
        if match.lastgroup != "space"
    ]
    return [*found, Token(kind="end", text="<EOF>", position=len(text))]


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0

    def query(self) -> Query:
        self._keyword("SELECT")
        fields = self._select()
        self._keyword("FROM")
        entity = self._take("name")
        where = self._condition() if self._accept("WHERE") else None
        order = self._order() if self._accept("ORDER") else ()
        limit = self._whole_number() if self._accept("LIMIT") else None
        offset = self._whole_number() if self._accept("OFFSET") else 0
        if self._next.kind != "end":
            self._unexpected()
        if offset > MAXIMUM_OFFSET:
            raise QueryError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAXIMUM_OFFSET}")
        return Query(
            text=self._text,
            fields=fields,
            entity=entity,
            where=where,
            order=order,
            limit=limit,
            offset=offset,
        )

    def _select(self) -> tuple[FieldPath, ...]:
        is_count = self._next.text.upper() == "COUNT" and self._tokens[self._at + 1].text == "("
        if not is_count:
            return self._separated(self._field)
        self._at += 1
        self._mark("(")
        self._mark(")")
        return ()

    def _order(self) -> tuple[Order, ...]:
        self._keyword("BY")
        return self._separated(self._order_key)

    def _order_key(self) -> Order:
        path = self._field()
        descending = self._accept("DESC")
        if not descending:
            self._accept("ASC")
        nulls_last = False
        if self._accept("NULLS"):
            nulls_last = self._accept("LAST")
            if not nulls_last:
                self._keyword("FIRST")
        return Order(field=path, descending=descending, nulls_last=nulls_last)

    def _condition(self) -> Condition:
        """SOQL wants brackets where AND meets OR, and around a NOT that is not alone."""
        if self._accept("NOT"):
            return Junction(word="NOT", parts=(self._simple(),))
        first = self._simple()
        for word in ("AND", "OR"):
            parts = [first]
            while self._accept(word):
                parts.append(self._simple())
            if len(parts) > 1:
                return Junction(word=word, parts=tuple(parts))
        return first

    def _simple(self) -> Condition:
        if self._next.text == "(":
            self._mark("(")
            inner = self._condition()
            self._mark(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Comparison:
        path = self._field()
        if self._next.kind == "operator":
            operator = self._take("operator").text.replace("<>", "!=")
            return Comparison(field=path, operator=operator, values=(self._literal(),))
        if self._accept("LIKE"):
            return Comparison(field=path, operator="LIKE", values=(self._literal(),))
        operator = "NOT IN" if self._accept("NOT") else "IN"
        self._keyword("IN")
        self._mark("(")
        values = self._separated(self._literal)
        self._mark(")")
        return Comparison(field=path, operator=operator, values=values)

    def _literal(self) -> Literal:
        token = self._next
        self._at += 1
        try:
            return _literal(token)
        except ValueError:
            self._at -= 1
            self._unexpected()

    def _field(self) -> FieldPath:
        token = self._take("name")
        return FieldPath(names=tuple(token.text.split(".")), position=token.position)

    def _whole_number(self) -> int:
        if not self._next.text.isdigit():
            self._unexpected()
        return int(self._take("number").text)

    def _separated(self, read: Callable[[], T]) -> tuple[T, ...]:
        found = [read()]
        while self._next.text == ",":
            self._mark(",")
            found.append(read())
        return tuple(found)

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _accept(self, word: str) -> bool:
        if self._next.kind != "name" or self._next.text.upper() != word:
            return False
        self._at += 1
        return True

    def _keyword(self, word: str) -> None:
        if not self._accept(word):
            self._unexpected()

    def _mark(self, mark: str) -> None:
        if self._next.text != mark or self._next.kind != "mark":
            self._unexpected()
        self._at += 1

    def _take(self, kind: str) -> Token:
        token = self._next
        if token.kind != kind:
            self._unexpected()
        self._at += 1
        return token

    def _unexpected(self) -> NoReturn:
        token = self._next
        raise QueryError(
            "MALFORMED_QUERY", f"unexpected token: '{token.text}'", text=self._text, position=token.position
        )


def _literal(token: Token) -> Literal:
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
