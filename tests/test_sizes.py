"""No file is too long to be read in one go, no function too long to be seen as one."""

import ast
from pathlib import Path

from django.conf import settings

ROOT: Path = settings.BASE_DIR
FOLDERS = ("access", "benchmarks", "billing", "contracts", "crm_sync", "demo", "fincelo", "tests")
LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 60


def test_files_and_functions_stay_short() -> None:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    texts = {path.relative_to(ROOT): path.read_text() for path in files if path.parent.name != "migrations"}

    long_files = {path for path, text in texts.items() if text.count("\n") > LINES_OF_A_FILE}
    long_functions = {
        f"{path}:{node.lineno} {node.name}"
        for path, text in texts.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= LINES_OF_A_FUNCTION
    }

    assert (long_files, long_functions) == (set(), set()), "split these by what they are about"
