"""Runs the tests once to see which lines each of them reaches, then again for each change of those lines.

Every change is tried in a process forked after the set-up, in which the changed code takes the place of the
right one; the database is rolled back by the tests themselves.
"""

import ast
import contextlib
import gc
import os
import pickle
import random
import re
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from django.db import connections

from tests.mutants.changes import Change, changes_of, read
from tests.mutants.modules import MODULES

ROOT = Path(__file__).resolve().parent.parent.parent
QUICK = 2.0
"""Seconds. A slower test is asked about no change."""
BUDGET = 4.0
"""Seconds of this process for all the tests of one change."""
PLAIN = (str, int, tuple, frozenset, timedelta, Decimal, re.Pattern)
"""What a constant is, to be another one after a change."""
KILLED, SURVIVED = 1, 0
SEED = 44
"""Of samples, which are compared with those of the last time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    path: str
    change: Change
    is_killed: bool
    by: str
    """The test that noticed it, or why none did."""


@dataclass(slots=True)
class Hunt:
    """A plug-in of pytest, which replaces its loop over the tests."""

    paths: Sequence[str]
    functions: frozenset[str] = frozenset()
    sample: int | None = None
    """How many changes of a module are tried, where it has more: evenly drawn, the same ones each time."""
    memory: Path | None = None
    """A file that keeps which test reaches what, for the next time."""
    on_verdict: Callable[[Verdict], None] = lambda verdict: None
    reached: dict[str, set[tuple[str, int]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def pytest_configure(self, config: pytest.Config) -> None:
        import hypothesis  # not before pytest, whose plug-in of that name wants to be first

        hypothesis.settings.register_profile(
            "mutants", phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate], database=None
        )
        hypothesis.settings.load_profile("mutants")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if not _commits(item)]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = self._try_all(session.items)
        live = _live_functions({str(ROOT / path) for path in self.paths})
        gc.collect()
        gc.freeze()
        for path in self.paths:
            self._hunt(path, items, live)
        return True

    def _try_all(self, items: Sequence[pytest.Item]) -> dict[str, pytest.Item]:
        if self.memory and self.memory.exists():
            self.reached, self.seconds = pickle.loads(self.memory.read_bytes())
        good: dict[str, pytest.Item] = {}
        _passes(items[0])  # sets the session up, which takes long while lines are noted
        for item in items:
            if item.nodeid not in self.seconds:
                self._try_alone(item)
            if self.reached[item.nodeid] and self.seconds[item.nodeid] <= QUICK:
                good[item.nodeid] = item
        if self.memory:
            self.memory.write_bytes(pickle.dumps((self.reached, self.seconds)))
        print(f"{len(good)} tests reach the modules", flush=True)
        return good

    def _try_alone(self, item: pytest.Item) -> None:
        files = {str(ROOT / path): path for path in MODULES}
        lines: set[tuple[str, int]] = set()
        began = time.process_time()
        sys.settrace(_tracer(files, lines))
        try:
            passed = _passes(item)
        finally:
            sys.settrace(None)
        if not passed:
            print(f"fails without a change, so it is not asked: {item.nodeid}", flush=True)
        self.reached[item.nodeid] = lines if passed else set()
        self.seconds[item.nodeid] = time.process_time() - began

    def _hunt(
        self, path: str, items: Mapping[str, pytest.Item], live: Mapping[str, list[FunctionType]]
    ) -> None:
        tree = read(ROOT / path)
        lines = _lines_of_constants(tree)
        favourites: list[str] = []
        for change in self._chosen(tree):
            reach = {(path, line) for line in lines.get(change.function) or change.lines}
            ids = [id_ for id_ in items if not reach.isdisjoint(self.reached[id_])]
            ids = ids or [id_ for id_ in items if any(file == path for file, _ in self.reached[id_])]
            ids.sort(
                key=lambda id_: (
                    favourites.index(id_) if id_ in favourites else len(favourites),
                    not _is_about(items[id_], path),
                    self.seconds[id_],
                )
            )
            killed, by = _try(change, tree=tree, path=path, live=live, items=[items[id_] for id_ in ids])
            if killed and by in items:
                favourites = [by, *(id_ for id_ in favourites if id_ != by)][:4]
            self.on_verdict(Verdict(path=path, change=change, is_killed=killed, by=by))

    def _chosen(self, tree: ast.Module) -> list[Change]:
        changes = [
            change
            for change in changes_of(tree=tree)
            if not self.functions or change.function in self.functions
        ]
        if self.sample is None or len(changes) <= self.sample:
            return changes
        places = random.Random(SEED).sample(range(len(changes)), self.sample)
        return [changes[place] for place in sorted(places)]


def _is_about(test: pytest.Item, path: str) -> bool:
    """By the name of its file, or what that imports of the module. What is locked has a file of its own."""
    if f"/test_{Path(path).stem[:6]}" in test.nodeid or "/test_locks.py" in test.nodeid:
        return True
    module = path.removesuffix(".py").replace("/", ".")
    names = vars(getattr(test, "module", object)).values()
    return any(getattr(value, "__module__", None) == module for value in names)


def _commits(item: pytest.Item) -> bool:
    """Its transactions are real, so that it would leave rows behind if it was stopped."""
    mark = item.get_closest_marker("django_db")
    names = getattr(item, "fixturenames", ())
    return bool(mark and mark.kwargs.get("transaction")) or "transactional_db" in names


def _passes(item: pytest.Item) -> bool:
    """What the session set up is kept."""
    following: Any = item.session
    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=following))


def _tracer(files: Mapping[str, str], lines: set[tuple[str, int]]) -> Any:
    def in_file(frame: FrameType, event: str, arg: Any) -> Any:
        if event == "line":
            lines.add((files[frame.f_code.co_filename], frame.f_lineno))
        return in_file

    def anywhere(frame: FrameType, event: str, arg: Any) -> Any:
        return in_file if frame.f_code.co_filename in files else None

    return anywhere


def _lines_of_constants(tree: ast.Module) -> dict[str, set[int]]:
    """By constant, the lines of the functions that name it, by way of other constants too."""
    named_in: defaultdict[str, set[str]] = defaultdict(set)
    lines: defaultdict[str, set[int]] = defaultdict(set)
    for statement in tree.body:
        names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            for name in names:
                lines[name] |= set(range(statement.lineno, (statement.end_lineno or 0) + 1))
        elif isinstance(statement, ast.Assign):
            for name in names:
                named_in[name].add(ast.unparse(statement.targets[0]))
    constants = [
        ast.unparse(statement.targets[0]) for statement in tree.body if isinstance(statement, ast.Assign)
    ]
    for _ in constants:  # as long as a chain of them can be
        for name in constants:
            lines[name] |= {line for other in named_in[name] - {name} for line in lines[other]}
    everything = {line for found in lines.values() for line in found}
    return {name: lines[name] or everything for name in constants}


def _live_functions(files: set[str]) -> dict[str, list[FunctionType]]:
    """Those that are kept from the collector too: it lists no others."""
    gc.unfreeze()
    live: defaultdict[str, list[FunctionType]] = defaultdict(list)
    for found in gc.get_objects():
        if type(found) is FunctionType and found.__code__.co_filename in files:
            live[f"{found.__code__.co_filename}:{found.__code__.co_qualname}"].append(found)
    if not live:
        raise LookupError(f"No function of {', '.join(sorted(files))} is loaded, so none can be changed.")
    return dict(live)


def _try(
    change: Change,
    *,
    tree: ast.Module,
    path: str,
    live: Mapping[str, list[FunctionType]],
    items: Sequence[pytest.Item],
) -> tuple[bool, str]:
    if not items:
        return False, "no test reaches it"
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        _in_child(change, tree=tree, path=path, live=live, items=items, write_end=write_end)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as answers:
        said = answers.read().decode().split("\n")
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True, f"{said[-2] if len(said) > 1 else items[0].nodeid} (without an end)"
    if os.WEXITSTATUS(status) == KILLED:
        return True, said[-2] if len(said) > 1 else "cannot be loaded"
    return False, f"{len(said) - 1} tests pass"


def _in_child(
    change: Change,
    *,
    tree: ast.Module,
    path: str,
    live: Mapping[str, list[FunctionType]],
    items: Sequence[pytest.Item],
    write_end: int,
) -> None:
    """Ends the process. It writes the name of each test before it runs."""
    status = KILLED
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        kept = [_forgotten(alias) for alias in connections]
        change.make()
        _put_in_place(compile(tree, str(ROOT / path), "exec"), path=path, live=live)
        until = time.process_time() + BUDGET
        for item in items:
            os.write(write_end, f"{item.nodeid}\n".encode())
            signal.setitimer(signal.ITIMER_REAL, 60)
            if not _passes(item):
                break
            if time.process_time() > until:
                status = SURVIVED
                break
        else:
            status = SURVIVED
        assert kept is not None
    finally:
        os._exit(status)


def _forgotten(alias: str) -> Any:
    """The parent's connection, which the child must neither use nor close."""
    wrapper = connections[alias]
    inherited, wrapper.connection = wrapper.connection, None
    return inherited


def _put_in_place(code: CodeType, *, path: str, live: Mapping[str, list[FunctionType]]) -> None:
    for qualname, changed in _functions_in(code):
        for function in live.get(f"{ROOT / path}:{qualname}", []):
            if function.__code__.co_firstlineno == changed.co_firstlineno:
                function.__code__ = changed
    if "/models/" not in path:  # tables are declared once
        _rebind_constants(code, name=path.removesuffix(".py").replace("/", "."))


def _functions_in(code: CodeType, depth: int = 0) -> Iterator[tuple[str, CodeType]]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner.co_qualname, inner
            if depth == 0 and "<" not in inner.co_name:
                yield from _functions_in(inner, depth + 1)


def _rebind_constants(code: CodeType, *, name: str) -> None:
    """A constant that is another one now, in its module and in those that imported it."""
    before = sys.modules[name]
    after: dict[str, Any] = {"__name__": name, "__file__": before.__file__}
    exec(code, after)
    for constant, value in after.items():
        old = getattr(before, constant, value)
        if constant.startswith("__") or not _is_plain(value) or _same(old, value):
            continue
        for module in list(sys.modules.values()):
            with contextlib.suppress(AttributeError):
                if vars(module).get(constant) is old:
                    setattr(module, constant, value)


def _is_plain(value: Any) -> bool:
    """Mappings too, but not those of objects whose class the changed module declares a second time."""
    if isinstance(value, dict):
        return all(isinstance(part, PLAIN) for pair in value.items() for part in pair)
    return isinstance(value, PLAIN)


def _same(old: Any, value: Any) -> bool:
    return type(old) is not type(value) or old == value
