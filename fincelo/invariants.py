"""What must be true of everything stored. Each app registers its own rules; here they are asked."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection, transaction

SHOWN = 20
LONGEST = 600
"""Seconds that one rule may take where nobody is in a hurry."""
STATEMENT_CANCELLED = "57014"
Row = Mapping[str, Any]


class UnableToAsk(Exception):
    """A rule took longer than it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """A rule and the one statement that finds what breaks it, or the function, where SQL cannot tell.

    Every row that is found is a violation. Its first column is the object's key, by which they are listed;
    the columns fill the sentence, which names the object and the next step.
    """

    number: str
    name: str
    sentence: str
    sql: str = ""
    find: Callable[[], Sequence[Row]] | None = None
    in_words: Callable[[Row], Row] = dict

    @property
    def words(self) -> str:
        return self.name.replace("_", " ").capitalize()


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
    asked = [ask(invariant, seconds=LONGEST) for invariant in registered() if invariant.name not in but]
    return [finding for finding in asked if finding.count]


def ask(invariant: Invariant, *, seconds: int) -> Finding:
    try:
        count, rows = _found(invariant, seconds)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != STATEMENT_CANCELLED:
            raise
        raise UnableToAsk(
            f"It took longer than {seconds} seconds and was stopped. "
            "`manage.py check_invariants` gives it more."
        ) from error
    return Finding(
        number=invariant.number,
        name=invariant.name,
        count=count,
        sentences=[invariant.sentence.format_map(invariant.in_words(row)) for row in rows],
    )


def _found(invariant: Invariant, seconds: int) -> tuple[int, Sequence[Row]]:
    """How many break it, and the first of them."""
    if invariant.find:
        found = invariant.find()
        return len(found), found[:SHOWN]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', %s, true), set_config('work_mem', '128MB', true)",
            [f"{seconds}s"],
        )
        cursor.execute(
            "SELECT count(*) OVER () AS violations, found.* "  # noqa: S608  constants
            f"FROM ({invariant.sql}) found ORDER BY 2 LIMIT {SHOWN}"
        )
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    return (rows[0]["violations"] if rows else 0), rows
