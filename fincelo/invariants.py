"""What must be true of everything stored. Each app registers its own rules; here they are asked."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

SHOWN = 20
LONGEST_MINUTES = 10
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """A rule and the one statement that finds what breaks it.

    Every row that the statement finds is a violation. Its first column is the object's key, by which they are
    listed; the columns fill the sentence, which names the object and the next step.
    """

    number: str
    name: str
    sql: str
    sentence: str
    in_words: Callable[[Row], Row] = dict


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What breaks one invariant: how many, and a sentence for each of the first."""

    number: str
    name: str
    count: int
    sentences: Sequence[str]


_registered: dict[str, Invariant] = {}


def register(invariants: Iterable[Invariant]) -> None:
    for invariant in invariants:
        if _registered.setdefault(invariant.name, invariant) != invariant:
            raise ValueError(f"There are two invariants called {invariant.name}.")


def registered() -> list[Invariant]:
    return sorted(_registered.values(), key=lambda one: (int(one.number[1:]), one.name))


def find_violations(*, but: Collection[str] = ()) -> list[Finding]:
    """Asks every invariant, except those named in `but`. Reads only, each in a transaction of its own."""
    asked = [_ask(invariant) for invariant in registered() if invariant.name not in but]
    return [finding for finding in asked if finding.count]


def _ask(invariant: Invariant) -> Finding:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', %s, true), set_config('work_mem', '128MB', true)",
            [f"{LONGEST_MINUTES}min"],
        )
        cursor.execute(
            "SELECT count(*) OVER () AS violations, found.* "  # noqa: S608  constants
            f"FROM ({invariant.sql}) found ORDER BY 2 LIMIT {SHOWN}"
        )
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    return Finding(
        number=invariant.number,
        name=invariant.name,
        count=rows[0]["violations"] if rows else 0,
        sentences=[invariant.sentence.format_map(invariant.in_words(row)) for row in rows],
    )
