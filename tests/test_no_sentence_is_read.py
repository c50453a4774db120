"""Decisions hang on codes (ADR 29): no code compares, searches or takes apart a sentence of ours."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from django.conf import settings

from tests.test_imports import modules

APPS = ("fincelo", "access", "contracts", "billing", "crm_sync")
PROSE = re.compile(r"[^\W\d_]{2,}[,.;:'’]* [^\W\d_]{2,}")
"""Two words beside each other."""
READING = frozenset(
    {
        *("startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition"),
        *("find", "index", "fullmatch", "match", "search"),
    }
)
TOLD = frozenset({"sentence", "sentences", "state_reason", "next_step", "help_text", "detail", "refusal"})
"""Attributes, keys and names that hold what people read."""
MAY_READ: Mapping[tuple[str, str], str] = {
    ("contracts.countries", "words in AMBIGUOUS"): "names of countries as customers write them",
    (
        "crm_sync.management.commands.sync_crm",
        "result['state'] not in (RunState.DONE, DRY_RUN)",
    ): "a state, in the JSON that programs read",
    (
        "crm_sync.management.commands.sync_crm",
        "result['state'] == DRY_RUN",
    ): "a state, in the JSON that programs read",
    (
        "crm_sync.clients.hubspot.errors",
        "'your secondly' in message",
    ): "HubSpot names this limit in words only",
    (
        "crm_sync.clients.salesforce.errors",
        "'access declined' in message.lower()",
    ): "Salesforce's proxy answers without a code",
}
"""By module and line as written: why it may."""


def is_prose(value: object) -> bool:
    return isinstance(value, str) and PROSE.search(value) is not None


class Reader(ast.NodeVisitor):
    """Collects the lines of one module on which a sentence is read. `named`: constants that hold prose."""

    def __init__(self, *, named: set[str]) -> None:
        self.named = named
        self.found: list[ast.expr] = []

    def visit_Compare(self, node: ast.Compare) -> None:
        compared = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)
        sides = [node.left, *node.comparators]
        if any(isinstance(one, compared) for one in node.ops) and not any(map(is_empty, sides)):
            self.note(node, sides)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        method = node.func
        if isinstance(method, ast.Attribute) and method.attr in READING:
            self.note(node, [method.value, *node.args])
        if isinstance(method, ast.Attribute) and method.attr in ("get", "pop"):
            self.note(node, node.args[:1])
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Load) and not isinstance(node.slice, ast.Constant):
            self.note(node, [node.slice])
        self.generic_visit(node)

    def visit_Match(self, node: ast.Match) -> None:
        self.note(node.subject, [node.subject])
        self.generic_visit(node)

    def note(self, node: ast.expr, parts: list[ast.expr]) -> None:
        if any(self.is_sentence(part) for part in parts):
            self.found.append(node)

    def is_sentence(self, node: ast.expr) -> bool:
        match node:
            case ast.Constant():
                return is_prose(node.value)
            case ast.Name():
                return node.id in self.named or node.id in TOLD
            case ast.Attribute():
                return node.attr in TOLD or node.attr in self.named
            case ast.Tuple() | ast.List() | ast.Set():
                return any(self.is_sentence(one) for one in node.elts)
            case ast.Dict():
                return any(key is not None and self.is_sentence(key) for key in node.keys)
            case ast.Subscript(slice=ast.Constant(value=str(key))):
                return key in TOLD
            case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id=name)]):
                return name in ("error", "problem", "refusal", "reason", "exception", "wrong")
            case ast.Call(func=ast.Name(id="str"), args=[ast.Attribute(attr="label")]):
                return True
            case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(key)), *_]):
                return key in TOLD
            case ast.JoinedStr():
                return any(self.is_sentence(one) for one in node.values)
        return False


def is_empty(node: ast.expr) -> bool:
    """Whether there is a sentence at all may be asked."""
    return isinstance(node, ast.Constant) and not node.value


def constants_of(tree: ast.Module) -> set[str]:
    """Names of the module's constants that are sentences, or collections and keys of them."""
    reader = Reader(named=set())
    found = set()
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names = [one.id for one in node.targets if isinstance(one, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
            names = [node.target.id]
        else:
            continue
        value = node.value
        if isinstance(value, ast.Call) and value.args and isinstance(value.func, ast.Name):
            value = value.args[0]  # frozenset({...})
        if value is not None and not is_sql(value) and reader.is_sentence(value):
            found |= set(names)
    return found


def is_sql(node: ast.expr) -> bool:
    texts = [
        one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]
    return any(re.search(r"\b(SELECT|UPDATE|INSERT|FROM|WHERE|BEGIN)\b", text) for text in texts)


def reads(path: Path, *, everywhere: set[str]) -> Iterator[tuple[int, str]]:
    """(line, its text) of each place in a module at which a sentence is read."""
    source = path.read_text()
    tree = ast.parse(source)
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if f"{node.module}.{alias.name}" in everywhere
    }
    reader = Reader(named=imported | constants_of(tree))
    reader.visit(tree)
    for node in reader.found:
        yield node.lineno, ast.unparse(node)


def sources() -> dict[str, Path]:
    return {name: path for name, path in modules(*APPS).items() if ".migrations" not in name}


def test_no_decision_reads_a_sentence() -> None:
    everywhere = {
        f"{name}.{constant}"
        for name, path in sources().items()
        for constant in constants_of(ast.parse(path.read_text()))
    }
    found = {
        (name, text): f"{path.relative_to(settings.BASE_DIR)}:{line}: {text}"
        for name, path in sources().items()
        for line, text in reads(path, everywhere=everywhere)
    }

    assert [told for place, told in found.items() if place not in MAY_READ] == []
    assert MAY_READ.keys() - found.keys() == set()


@pytest.mark.parametrize(
    "line",
    [
        'error.next_step == "The next poll tries again."',
        'warning.endswith(ASKS.partition("}")[2])',
        "warning.endswith((SLOW, STOP))",
        'step.source == "Default value"',
        "step.field == str(Target.CURRENCY.label)",
        "[one for one in problems if one.sentence not in told]",
        "known.get(one.sentence)",
        "cures[problem['sentence']]",
        'str(error).startswith("No")',
        "row.problem == MONEY_OUT",
        "{PAUSED: 1}.get(text) or text in (PAUSED, '')",
    ],
)
def test_places_of_this_kind_are_seen(line: str) -> None:
    reader = Reader(named={"ASKS", "SLOW", "STOP", "MONEY_OUT", "PAUSED"})
    reader.visit(ast.parse(line))

    assert reader.found


@pytest.mark.parametrize(
    "line",
    [
        "if one.sentence == '': pass",
        "f'{one.sentence} {one.cure}'",
        "code in CODES",
        "names['a b']",
        "x.get('sentence')",
    ],
)
def test_what_only_shows_a_sentence_is_left_alone(line: str) -> None:
    reader = Reader(named=set())
    reader.visit(ast.parse(line))

    assert reader.found == []
