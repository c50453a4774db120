"""Imports point one way: between apps, and inside an app down the layers. Every module has its layer."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
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
READS_THE_CLOCK = {"crm_sync.runs", "crm_sync.run_ends", "contracts.clock"}
"""To stamp a run; to compare with the database's."""


class Layer(IntEnum):
    VALUES = 1  # enums, errors, value types
    PURE = 2  # functions of values; clients
    MODELS = 3
    DOMAIN = 4
    SYNC = 5
    INTERFACES = 6


# A module of a package has the package's layer unless it has one of its own. A new module needs a line here.
LAYERS: dict[str, dict[Layer, str]] = {
    "fincelo": {
        Layer.VALUES: "rights database_errors enums env logs redaction validators",
        Layer.PURE: "dev_secrets ending embedded_postgres invariants json_cache navigation origin pagination postgres_programs randomness settings spreadsheets states",
        Layer.MODELS: "embedded_backend migrations models",
        Layer.DOMAIN: "closed_triggers role_age database_rights awaited background checking health health_parts lane_processes lane_supervisor lanes purging queue_packages recipients schedules startup task_guard task_history",
        Layer.INTERFACES: (
            "admin apps checks context finished form_renderer management middleware odd_requests one_sentence once password_again refused roles templatetags urls views wsgi"
        ),
    },
    "access": {
        Layer.MODELS: "migrations models",
        Layer.DOMAIN: "attempts limits passwords role_changes sessions unlocking",
        Layer.INTERFACES: "adapter admin apps forms management middleware tasks urls views",
    },
    "contracts": {
        Layer.VALUES: "addresses countries currencies custom_values drafts enums money sentences tax_ids terms writing",
        Layer.MODELS: "bulk migrations models party_columns transactions triggers",
        Layer.DOMAIN: (
            "sealing approving audit check_mails clock contacts custom_fields custom_filters exporting invariants operations particulars queries reopening "
            "staff_mails story suspending workspace"
        ),
        Layer.INTERFACES: "admin amount_fields apps audited_form checks forms management middleware party_forms tasks templatetags urls views",
    },
    "billing": {
        Layer.VALUES: "bank_files bank_formats bank_values enums limit_proposals payment_rows values periods split tax",
        Layer.PURE: "documents witness",
        Layer.MODELS: "migrations models",
        Layer.DOMAIN: (
            "confirming control_mails controls activation approving banners bounds changing crediting customer_terms drafting due first_renderings "
            "foretelling "
            "health interruptions invariants invoicing issuing letterheads lifecycle locks mailing numbering "
            "overview paying payment_imports policy previewing printability queries rendering restoring searching story voiding waiting"
        ),
        Layer.INTERFACES: (
            "admin apps bank_forms checks customer_forms legal_entity_admin document_admin forms mail_forms management settings_forms settling_forms tasks templatetags "
            "urls views"
        ),
    },
    "crm_sync": {
        Layer.VALUES: "causes crm_types deals enums errors findings rhythms spellings synonyms words",
        Layer.PURE: (
            "clients deal_references durations field_gaps mail_addresses mapped mapping mapping_changes mapping_lint "
            "choice_labels mapping_rules mapping_words near_misses origins pacing problems proposals readers rhythm_words "
            "safe_links selection term_units transforms"
        ),
        Layer.MODELS: "fields migrations models",
        Layer.DOMAIN: (
            "accounts adopting alerts change_mails backfill_progress backfill_rows backfill_totals changes connecting "
            "connection_settings credentials cursor_bounds custom_fields deal_links diagnosis due_checks fetching foretelling foretold_warnings "
            "health health_parts held_summary history hold_groups hold_lists hold_mails hold_reminders holds invariants "
            "deciding_billing key_canary known_deals leaving loose_grants revoking mapped_pages mapping_rows mapping_versions mappings merge_chains merging new_deals "
            "org_facts overrides pages pausing "
            "preflight previewing reapplying recent_deals records rereading run_ends runs samples stages starting story suspects tie_out timing unclear_deals "
            "tie_out_checks told watch writing"
        ),
        Layer.SYNC: "backfill preview sweeping sync trying",
        Layer.INTERFACES: "admin apps checks context forms management tasks templatetags urls views",
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


def layer_of(module: str) -> Layer | None:
    app, _, rest = module.partition(".")
    if not rest:
        return Layer.VALUES
    for layer, names in LAYERS[app].items():
        if rest.split(".")[0] in names.split():
            return layer
    return None


PRODUCT = modules(*LAYERS)
IMPORTS = [found for name, path in PRODUCT.items() for found in imports(name, path)]
OURS = [found for found in IMPORTS if found.of.partition(".")[0] in LAYERS]


def test_every_module_has_a_layer() -> None:
    unknown = sorted(name for name in PRODUCT if layer_of(name) is None)

    assert unknown == [], "give these modules a layer in tests/test_imports.py"


def test_table_names_only_what_exists_or_is_usual() -> None:
    usual = {"admin", "checks", "forms", "management", "roles", "templatetags", "urls", "views"}
    named = {
        f"{app}.{name}" for app, table in LAYERS.items() for names in table.values() for name in names.split()
    }
    existing = {".".join(name.split(".")[:2]) for name in PRODUCT}

    gone = sorted(name for name in named - existing if name.partition(".")[2] not in usual)

    assert gone == []


@pytest.mark.parametrize("app", LAYERS)
def test_apps_import_one_way(app: str) -> None:
    wrong = [
        str(found)
        for found in IMPORTS
        if found.by.partition(".")[0] == app
        and found.by not in MAY_IMPORT_ANY_APP
        and found.of.partition(".")[0] in set(MAY_IMPORT) - MAY_IMPORT[app]
    ]

    assert wrong == []


def test_layers_import_down() -> None:
    wrong = [
        f"{found} ({by.name} from {of.name})"
        for found in OURS
        if (by := layer_of(found.by)) and (of := layer_of(found.of)) and of > by
    ]

    assert wrong == []


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


def test_one_module_imports_requests() -> None:
    assert {found.by for found in IMPORTS if found.of.partition(".")[0] == "requests"} <= IMPORTS_REQUESTS


def test_import_inside_a_function_has_its_reason_beside_it() -> None:
    assert [str(found) for found in IMPORTS if found.nested and not found.has_reason] == []


def test_clock_is_read_by_interfaces_only() -> None:
    wrong = [
        f"{name}:{node.lineno} calls {node.func.attr}()"
        for name, path in PRODUCT.items()
        if name not in READS_THE_CLOCK and (layer_of(name) or Layer.INTERFACES) < Layer.INTERFACES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("timezone", "datetime", "date")
        and node.func.attr in ("now", "today", "localdate", "localtime", "utcnow")
    ]

    assert wrong == []
