"""The changes that are tried, and that each explanation of a survivor is about one of them."""

import ast
from pathlib import Path

from tests.mutants.__main__ import explained
from tests.mutants.changes import changes_of, read
from tests.mutants.modules import MODULES

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLE = '''
def due(rows, day):
    """Not changed."""
    lock(rows)
    if day > FIRST and rows:
        raise ValueError(f"No sentence is changed: {day}.")
    return [row for row in rows.filter(day__lte=day) if row.open]

OPEN = "SELECT id FROM row WHERE day <= %s AND held IS NULL"
'''
WHERE = "SELECT id FROM row WHERE day <="
CHANGES = [
    ("due", "lock(rows) -> pass"),
    ("due", "if day > FIRST and rows -> if False"),
    ("due", "if day > FIRST and rows -> if True"),
    ("due", "day > FIRST and rows -> rows"),
    ("due", "day > FIRST and rows -> day > FIRST"),
    ("due", "day > FIRST and rows -> day > FIRST or rows"),
    ("due", "day > FIRST -> day >= FIRST"),
    ("due", "if row.open -> no condition"),
    ("due", "rows.filter(day__lte=day) -> rows.exclude(day__lte=day)"),
    ("due", "rows.filter(day__lte=day) -> rows"),
    ("due", "rows.filter(day__lte=day) -> rows.filter(day__lt=day)"),
    ("OPEN", "SELECT id FROM row WHERE day <= -> SELECT id FROM row WHERE day <"),
    ("OPEN", f"{WHERE} %s AND held IS NULL -> {WHERE} %s AND held IS NOT NULL"),
    ("OPEN", f"{WHERE} %s -> SELECT id FROM row WHERE true"),
    ("OPEN", f"{WHERE} %s AND held IS NULL -> {WHERE} %s AND true"),
]


def test_changes_of_a_module() -> None:
    found = [(change.function, change.name) for change in changes_of(tree=ast.parse(SAMPLE))]

    assert found == CHANGES


def test_each_explained_survivor_is_a_change_of_today() -> None:
    changes = {
        (path, change.function, change.name)
        for path in MODULES
        for change in changes_of(tree=read(ROOT / path))
    }

    assert [key for key in explained() if key not in changes] == []
