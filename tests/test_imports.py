"""Imports point one way: between apps, and inside an app down its floors. Every module has its floor."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

ROOT: Path = settings.BASE_DIR

MAY_IMPORT = {
    "fincelo": {"fincelo"},
    "access": {"fincelo", "contracts", "access"},
    "contracts": {"fincelo", "contracts"},
    "billing": {"fincelo", "contracts", "billing"},
    "crm_sync": {"fincelo", "contracts", "billing", "crm_sync"},
    "demo": {"demo"},
}
MAY_IMPORT_ANY_APP = {"fincelo.urls", "fincelo.templatetags.ui"}  # where all meet, and what prints Money
MAKES_DEMO_USERS = {"demo.users"}
IMPORTS_REQUESTS = {"crm_sync.clients.http"}
READS_THE_CLOCK = {"crm_sync.runs", "crm_sync.importing.run_ends", "contracts.clock"}
"""To stamp a run; to compare with the database's."""


# From the ground up: a floor imports from itself and from those before it. A module of a package belongs to the
# package's floor. A new module needs a line here.
FLOORS: dict[str, dict[str, str]] = {
    "fincelo": {
        "values": "catalogue rights database_errors enums env logs redaction validators",
        "pure": (
            "dev_secrets ending embedded_postgres invariants json_cache navigation origin pagination "
            "postgres_programs randomness settings spreadsheets states"
        ),
        "models": "embedded_backend migrations models",
        "domain": (
            "awaited background checking closed_triggers database_rights health health_parts lane_processes "
            "lane_supervisor lanes purging queue_packages recipients role_age schedules startup task_guard task_history"
        ),
        "interfaces": (
            "admin apps checks components context finished form_renderer management middleware odd_requests one_sentence once "
            "password_again refused roles templatetags urls views wsgi"
        ),
    },
    "access": {
        "models": "migrations models",
        "domain": "attempts limits passwords role_changes sessions unlocking",
        "interfaces": "adapter admin apps forms management middleware tasks urls views",
    },
    "contracts": {
        "values": "addresses countries currencies custom_values drafts enums money sentences tax_ids terms writing",
        "models": "bulk migrations models party_columns transactions triggers",
        "domain": (
            "approving audit check_mails clock contacts custom_fields custom_filters exporting invariants operations "
            "particulars queries reopening sealing staff_mails story suspending workspace"
        ),
        "interfaces": (
            "admin amount_fields apps audited_form checks forms management middleware party_forms tasks templatetags urls views"
        ),
    },
    "billing": {
        "ground": "enums locks migrations models tax values",
        "documents": "documents",
        "schedules": "schedules",
        "changing": "changing",
        "issuing": "issuing",
        "mailing": "mailing",
        "receivables": "receivables",
        "invariants": "invariants",
        "overview": "overview",
        "interfaces": "admin apps checks forms management tasks templatetags urls views",
    },
    "crm_sync": {
        "values": "deals enums errors findings selection",
        "clients": "clients",
        "ground": "deciding_billing fields migrations models runs",
        "mapping": "mapping",
        "connections": "connections",
        "importing": "importing",
        "oversight": "oversight",
        "holds": "holds",
        "previews": "previews",
        "the story": "sync",
        "interfaces": "admin apps checks forms management tasks templatetags urls views",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    by: str
    of: str
    line: int
    nested: bool
    has_reason: bool

    def __str__(self) -> str:
        return f"{self.by}:{self.line} imports {self.of}"


def modules(*apps: str) -> dict[str, Path]:
    files = [path for app in apps for path in (ROOT / app).rglob("*.py")]
    return {name_of(path): path for path in files}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(name: str, path: Path) -> Iterator[Import]:
    source = path.read_text()
    lines = source.splitlines()
    tree = ast.parse(source)
    for node, nested in walk(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            targets = [target_of(f"{node.module}.{alias.name}", node.module or "") for alias in node.names]
        else:
            continue
        has_reason = any("# " in line for line in lines[node.lineno - 1 : node.end_lineno])
        for target in targets:
            yield Import(by=name, of=target, line=node.lineno, nested=nested, has_reason=has_reason)


def walk(node: ast.AST, *, nested: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        yield child, nested
        yield from walk(child, nested=nested or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))


def target_of(longer: str, shorter: str) -> str:
    """`from a import b` imports the module a.b where there is one, else a name out of a."""
    path = ROOT / Path(*longer.split("."))
    return longer if path.with_suffix(".py").exists() or path.is_dir() else shorter


def floor_of(module: str) -> int | None:
    """The number of its floor in its app, from the ground up; None for a module that no floor names."""
    app, _, rest = module.partition(".")
    if not rest:
        return 0
    for number, names in enumerate(FLOORS[app].values()):
        if rest.split(".")[0] in names.split():
            return number
    return None


def is_interface(module: str) -> bool:
    return floor_of(module) == len(FLOORS[module.partition(".")[0]]) - 1


PRODUCT = modules(*FLOORS)
IMPORTS = [found for name, path in PRODUCT.items() for found in imports(name, path)]
OURS = [found for found in IMPORTS if found.of.partition(".")[0] in FLOORS]


def test_every_module_has_a_floor() -> None:
    unknown = sorted(name for name in PRODUCT if floor_of(name) is None)

    assert unknown == [], "give these modules a floor in tests/test_imports.py"


def test_floors_name_only_what_exists_or_is_usual() -> None:
    usual = {"admin", "checks", "forms", "management", "roles", "templatetags", "urls", "views"}
    named = {
        f"{app}.{name}"
        for app, floors in FLOORS.items()
        for names in floors.values()
        for name in names.split()
    }
    existing = {".".join(name.split(".")[:2]) for name in PRODUCT}

    gone = sorted(name for name in named - existing if name.partition(".")[2] not in usual)

    assert gone == []


@pytest.mark.parametrize("app", FLOORS)
def test_apps_import_one_way(app: str) -> None:
    wrong = [
        str(found)
        for found in IMPORTS
        if found.by.partition(".")[0] == app
        and found.by not in MAY_IMPORT_ANY_APP
        and found.of.partition(".")[0] in set(MAY_IMPORT) - MAY_IMPORT[app]
    ]

    assert wrong == []


def test_floors_import_down() -> None:
    assert upward(OURS) == []


def test_an_import_up_the_ladder_is_found() -> None:
    up = Import(
        by="crm_sync.mapping.mapper", of="crm_sync.holds.deciding", line=1, nested=False, has_reason=False
    )
    down = Import(by=up.of, of=up.by, line=1, nested=False, has_reason=False)

    assert upward([up, down]) == [str(up)]


def upward(found: Iterable[Import]) -> list[str]:
    return [
        str(one)
        for one in found
        if one.by.partition(".")[0] == one.of.partition(".")[0]
        and (by := floor_of(one.by)) is not None
        and (of := floor_of(one.of)) is not None
        and of > by
    ]


def test_modules_import_without_circles() -> None:
    graph: dict[str, set[str]] = {}
    for found in OURS:
        if found.of != found.by:
            graph.setdefault(found.by, set()).add(found.of)

    assert list(circles(graph)) == []


def circles(graph: dict[str, set[str]]) -> Iterator[list[str]]:
    done: set[str] = set()

    def visit(module: str, trail: list[str]) -> Iterator[list[str]]:
        if module in trail:
            yield [*trail[trail.index(module) :], module]
        elif module not in done:
            for target in sorted(graph.get(module, ())):
                yield from visit(target, [*trail, module])
            done.add(module)

    for module in sorted(graph):
        yield from visit(module, [])


def test_product_knows_no_demo_and_no_tests() -> None:
    assert [str(found) for found in IMPORTS if found.of.partition(".")[0] in ("demo", "tests")] == []


def test_simulators_know_no_product() -> None:
    """Product and simulator must not share one misunderstanding."""
    wrong = [
        str(found)
        for name, path in modules("demo").items()
        if name not in MAKES_DEMO_USERS
        for found in imports(name, path)
        if found.of.partition(".")[0] in ("contracts", "billing", "crm_sync")
    ]

    assert wrong == []


def test_exceptions_have_one_meaning_each() -> None:
    """What is caught by its name in one module is not another thing in the next."""
    places: dict[str, list[str]] = {}
    for name, path in PRODUCT.items():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and node.name.startswith("UnableTo"):
                places.setdefault(node.name, []).append(name)

    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_one_module_imports_requests() -> None:
    assert {found.by for found in IMPORTS if found.of.partition(".")[0] == "requests"} <= IMPORTS_REQUESTS


def test_import_inside_a_function_has_its_reason_beside_it() -> None:
    assert [str(found) for found in IMPORTS if found.nested and not found.has_reason] == []


def test_clock_is_read_by_interfaces_only() -> None:
    wrong = [
        f"{name}:{node.lineno} calls {node.func.attr}()"
        for name, path in PRODUCT.items()
        if name not in READS_THE_CLOCK and not is_interface(name)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("timezone", "datetime", "date")
        and node.func.attr in ("now", "today", "localdate", "localtime", "utcnow")
    ]

    assert wrong == []
