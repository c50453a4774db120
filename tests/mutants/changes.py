"""Small changes of a module, one at a time: what a slip of the hand would leave behind.

Changed are comparisons, conditions, sums, numbers, statements that could be forgotten, the words of queries and
the SQL of what functions do and of the module's constants. Sentences, type hints, decorators, class bodies,
`assert`, `strict=` and `with` blocks are not.
"""

import ast
import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.mutants.statements import IS_SQL, changed_statements

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
BOUNDARIES = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
RENAMED = {
    "min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list", "filter": "exclude", "exclude": "filter",
    "first": "last", "last": "first",
}  # fmt: skip
LEFT_OUT = {"filter", "exclude", "order_by", "select_for_update", "distinct", "strip", "lower", "upper"}
ASKS = LEFT_OUT | {"get", "update", "Q", "create", "aggregate", "get_or_create", "update_or_create"}
ASKED = {"__lte": "__lt", "__lt": "__lte", "__gte": "__gt", "__gt": "__gte"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`name` says it without line numbers, so that an explanation of a survivor stays true."""

    function: str
    lines: frozenset[int]
    """Those of the statement it is in."""
    name: str
    make: Callable[[], None] = field(repr=False)
    """Changes the tree that the change was found in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    node: ast.AST
    name: str
    index: int | None = None

    def put(self, value: ast.AST) -> None:
        if self.index is None:
            setattr(self.node, self.name, value)
        else:
            getattr(self.node, self.name)[self.index] = value


def changes_of(*, tree: ast.Module) -> Iterator[Change]:
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef):
            yield from _inside(statement, function=statement.name)
        elif isinstance(statement, ast.ClassDef):
            for inner in statement.body:
                if isinstance(inner, ast.FunctionDef):
                    yield from _inside(inner, function=f"{statement.name}.{inner.name}")
        elif isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            yield from _of(statement.value, _Place(node=statement, name="value"), ast.unparse(targets[0]))


def read(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def _inside(node: ast.FunctionDef, *, function: str) -> Iterator[Change]:
    for index, statement in enumerate(node.body):
        yield from _of(statement, _Place(node=node, name="body", index=index), function)


def _of(node: ast.AST, place: _Place, function: str, lines: frozenset[int] = frozenset()) -> Iterator[Change]:
    if isinstance(node, ast.Assert) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return
    if isinstance(node, ast.stmt):
        lines = _head(node)
    for now in _variants(node):
        yield _change(node, place, now, function, lines)
    if isinstance(node, ast.JoinedStr):
        yield from _statements(node, place, function, lines)
        if not IS_SQL.search("".join(_texts(node))):
            return  # a sentence
    for name, value in ast.iter_fields(node):
        if isinstance(node, ast.keyword) and node.arg == "strict":
            continue  # a guard, which never speaks
        if name in ("annotation", "returns", "decorator_list", "format_spec", "type_comment"):
            continue
        if isinstance(value, ast.AST):
            yield from _of(value, _Place(node=node, name=name), function, lines)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                is_part = isinstance(node, ast.JoinedStr) and isinstance(inner, ast.Constant)
                if isinstance(inner, ast.AST) and not is_part:
                    yield from _of(inner, _Place(node=node, name=name, index=index), function, lines)


def _head(node: ast.stmt) -> frozenset[int]:
    """The lines of a statement without those of the statements in it."""
    body = getattr(node, "body", None)
    end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
    return frozenset(range(node.lineno, max(end, node.lineno) + 1))


def _change(
    node: ast.AST, place: _Place, now: ast.AST, function: str, lines: frozenset[int], name: str = ""
) -> Change:
    return Change(
        function=function,
        lines=lines,
        name=name or getattr(now, "name", "") or f"{_shown(node)} -> {_shown(now)}",
        make=lambda: place.put(ast.fix_missing_locations(_at(now, node))),
    )


def _at(now: ast.AST, node: ast.AST) -> ast.AST:
    return ast.copy_location(now, node) if hasattr(node, "lineno") else now


def _shown(node: ast.AST) -> str:
    if isinstance(node, ast.If | ast.While):
        text = f"{'if' if isinstance(node, ast.If) else 'while'} {ast.unparse(node.test)}"
    elif isinstance(node, ast.comprehension):
        text = "".join(f" if {ast.unparse(test)}" for test in node.ifs).strip() or "no condition"
    else:
        text = ast.unparse(node)
    return re.sub(r"\s+", " ", text)


def _variants(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare():
            yield from _compared(node)
        case ast.BoolOp():
            yield from _without_one(node)
            yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.BinOp() if type(node.op) in COUNTED and not _is_text(node):
            yield _with(node, op=COUNTED[type(node.op)]())
        case ast.AugAssign() if type(node.op) in COUNTED:
            yield _with(node, op=COUNTED[type(node.op)]())
            yield ast.Pass()
        case ast.Constant(value=bool()):
            yield ast.Constant(value=not node.value)
        case ast.Constant(value=int()):
            yield ast.Constant(value=node.value + 1)
        case ast.Constant(value=str()) if IS_SQL.search(node.value):
            for was, now, text in changed_statements(node.value):
                yield _Sql(value=text, was=was, now=now)
        case ast.IfExp():
            yield node.body
            yield node.orelse
        case ast.If() | ast.While():
            yield _with(node, test=ast.Constant(value=False))
            if isinstance(node, ast.If):
                yield _with(node, test=ast.Constant(value=True))
        case ast.comprehension():
            for index in range(len(node.ifs)):
                yield _with(node, ifs=[*node.ifs[:index], *node.ifs[index + 1 :]])
        case ast.Call():
            yield from _called(node)
        case ast.Expr(value=ast.Call()) | ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()


class _Sql(ast.Constant):
    """A changed statement, which is known by the words around the change."""

    def __init__(self, *, value: str, was: str, now: str) -> None:
        super().__init__(value=value)
        self.name = re.sub(r"\s+", " ", f"{was} -> {now}")


def _with(node: ast.AST, **fields: object) -> ast.AST:
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def _compared(node: ast.Compare) -> Iterator[ast.AST]:
    for index, op in enumerate(node.ops):
        yield _with(node, ops=[*node.ops[:index], COMPARED[type(op)](), *node.ops[index + 1 :]])


def _without_one(node: ast.BoolOp) -> Iterator[ast.AST]:
    for index in range(len(node.values)):
        left = [*node.values[:index], *node.values[index + 1 :]]
        yield left[0] if len(left) == 1 else _with(node, values=left)


def _is_text(node: ast.BinOp) -> bool:
    sides = (node.left, node.right)
    return any(
        isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in sides
    )


def _called(node: ast.Call) -> Iterator[ast.AST]:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if called in RENAMED:
        if isinstance(node.func, ast.Attribute):
            yield _with(node, func=_with(node.func, attr=RENAMED[called]))
        else:
            yield _with(node, func=ast.Name(id=RENAMED[called], ctx=ast.Load()))
    if called in LEFT_OUT and isinstance(node.func, ast.Attribute):
        yield node.func.value
    if called not in ASKS:
        return
    for index, keyword in enumerate(node.keywords):
        others = node.keywords[:index], node.keywords[index + 1 :]
        if len(node.keywords) + len(node.args) > 1:
            yield _with(node, keywords=[*others[0], *others[1]])
        for end, now in ASKED.items():
            if keyword.arg and keyword.arg.endswith(end):
                other = ast.keyword(arg=keyword.arg.removesuffix(end) + now, value=keyword.value)
                yield _with(node, keywords=[*others[0], other, *others[1]])


def _texts(node: ast.JoinedStr) -> list[str]:
    return [
        str(value.value) if isinstance(value, ast.Constant) else f"\x00{index}\x00"
        for index, value in enumerate(node.values)
    ]


def _statements(node: ast.JoinedStr, place: _Place, function: str, lines: frozenset[int]) -> Iterator[Change]:
    """SQL with constants in it is changed as one text, in which the constants are marks."""
    text = "".join(_texts(node))
    if not IS_SQL.search(text):
        return

    def named(part: str) -> str:
        return re.sub(
            r"\x00(\d+)\x00",
            lambda mark: "{" + ast.unparse(node.values[int(mark[1])].value) + "}",  # type: ignore[attr-defined]
            part,
        )

    for was, now, changed in changed_statements(text):
        parts = re.split(r"\x00(\d+)\x00", changed)
        values = [
            ast.Constant(value=part) if number % 2 == 0 else node.values[int(part)]
            for number, part in enumerate(parts)
        ]
        name = re.sub(r"\s+", " ", named(f"{was} -> {now}"))
        yield _change(node, place, ast.JoinedStr(values=values), function, lines, name)
