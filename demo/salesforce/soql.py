"""Reads the part of SOQL that the simulator answers. Everything else is a MALFORMED_QUERY, with its place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from demo.salesforce.soql_words import Literal, QueryError, Token, read_literal, read_tokens

COMPARISONS = frozenset({"=", "!=", "<>", "<", "<=", ">", ">="})
FUNCTIONS = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
CLAUSES = frozenset({"FROM", "WHERE", "GROUP", "ORDER", "LIMIT", "OFFSET"})
FIELD_GROUPS = ("ALL", "STANDARD", "CUSTOM")
MAXIMUM_OFFSET = 2000
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPath:
    names: tuple[str, ...]
    position: int

    @property
    def text(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldGroup:
    """FIELDS(ALL), FIELDS(STANDARD) or FIELDS(CUSTOM)."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """`SUM(Amount) total`; without an alias the n-th is called expr0, expr1 and so on."""

    function: str
    field: FieldPath
    alias: str


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
    """`select` is empty for COUNT(). Inside another query `entity` names a list of children."""

    text: str
    select: tuple["Selected", ...]
    entity: Token
    where: Condition | None
    group: tuple[FieldPath, ...]
    order: tuple[Order, ...]
    limit: int | None
    offset: int

    @property
    def aggregates(self) -> list[Aggregate]:
        return [each for each in self.select if isinstance(each, Aggregate)]


Selected = FieldPath | FieldGroup | Aggregate | Query


def parse(text: str) -> Query:
    if not text.strip():
        raise QueryError("MALFORMED_QUERY", "A query string has to be specified")
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = read_tokens(text)
        self._at = 0
        self._unnamed = 0

    def whole(self) -> Query:
        query = self._query()
        if self._next.kind != "end":
            self._unexpected()
        if query.offset > MAXIMUM_OFFSET:
            raise QueryError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAXIMUM_OFFSET}")
        return query

    def _query(self) -> Query:
        self._keyword("SELECT")
        select = self._select()
        self._keyword("FROM")
        return Query(
            text=self._text,
            select=select,
            entity=self._take("name"),
            where=self._condition() if self._accept("WHERE") else None,
            group=self._group() if self._accept("GROUP") else (),
            order=self._order() if self._accept("ORDER") else (),
            limit=self._whole_number() if self._accept("LIMIT") else None,
            offset=self._whole_number() if self._accept("OFFSET") else 0,
        )

    def _select(self) -> tuple[Selected, ...]:
        """Nothing for COUNT(), which stands alone."""
        is_count = (
            self._next.text.upper() == "COUNT" and self._following(1) == "(" and self._following(2) == ")"
        )
        if not is_count:
            return self._separated(self._selected)
        self._at += 3
        return ()

    def _selected(self) -> Selected:
        if self._next.text == "(":
            self._mark("(")
            children = self._query()
            self._mark(")")
            return children
        if self._following(1) != "(":
            return self._field()
        word = self._take("name").text.upper()
        if word == "FIELDS":
            return self._field_group()
        if word not in FUNCTIONS:
            self._at -= 1
            self._unexpected()
        self._mark("(")
        field = self._field()
        self._mark(")")
        return Aggregate(function=word, field=field, alias=self._alias())

    def _field_group(self) -> FieldGroup:
        self._mark("(")
        if self._next.text.upper() not in FIELD_GROUPS:
            self._unexpected()
        name = self._take("name").text.upper()
        self._mark(")")
        return FieldGroup(name=name)

    def _alias(self) -> str:
        if self._next.kind == "name" and self._next.text.upper() not in CLAUSES:
            return self._take("name").text
        self._unnamed += 1
        return f"expr{self._unnamed - 1}"

    def _group(self) -> tuple[FieldPath, ...]:
        self._keyword("BY")
        return self._separated(self._field)

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
            return read_literal(token)
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

    def _following(self, steps: int) -> str:
        place = self._at + steps
        return self._tokens[place].text if place < len(self._tokens) else ""

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
