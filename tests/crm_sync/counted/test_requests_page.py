"""docs/requests.md names tests that exist, one in every row of its tables."""

import re
from pathlib import Path

from django.conf import settings


def test_every_formula_names_its_test() -> None:
    page = (settings.BASE_DIR / "docs" / "requests.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| What")]
    sources = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))

    named = [set(re.findall(r"`(test_\w+)`", row)) for row in rows]

    assert [row for row, names in zip(rows, named, strict=True) if not names] == []
    assert {name for names in named for name in names} <= set(re.findall(r"^def (test_\w+)", sources, re.M))
