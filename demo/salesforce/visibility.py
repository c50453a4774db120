"""Which rows the connecting user sees, and in which state, at a moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from demo.salesforce.columns import Row, Tables
from demo.salesforce.ids import PREFIXES
from demo.salesforce.values import parse_moment

RECYCLE_BIN_DAYS = timedelta(days=15)
OBJECTS = {prefix: name for name, prefix in PREFIXES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncommitted:
    """A change whose transaction still runs: until `commits_at` others see `before`, or no such row."""

    commits_at: datetime
    before: Row | None


@dataclass(slots=True, kw_only=True)
class Visibility:
    """`deleted_at`: when each row went into the recycle bin. `unshared`: rows that sharing rules withhold."""

    uncommitted: dict[str, Uncommitted] = field(default_factory=dict)
    deleted_at: dict[str, str] = field(default_factory=dict)
    unshared: set[str] = field(default_factory=set)

    def hold_back(self, record_id: str, *, before: Row | None, commits_at: datetime) -> None:
        """A row that is held back already keeps the state that others still see."""
        earlier = self.uncommitted.get(record_id)
        self.uncommitted[record_id] = Uncommitted(
            commits_at=commits_at, before=earlier.before if earlier else before
        )

    def see(self, tables: Mapping[str, dict[str, Row]], *, now: datetime) -> Tables:
        """The tables as a query sees them."""
        self.uncommitted = {key: each for key, each in self.uncommitted.items() if each.commits_at > now}
        emptied = {key for key, at in self.deleted_at.items() if now - parse_moment(at) >= RECYCLE_BIN_DAYS}
        if not (self.uncommitted or self.unshared or emptied):
            return tables
        shown: dict[str, Row | None] = {key: each.before for key, each in self.uncommitted.items()}
        shown |= dict.fromkeys(self.unshared | emptied)
        touched = {OBJECTS[key[:3]] for key in shown}
        return {name: _overlaid(rows, shown) if name in touched else rows for name, rows in tables.items()}

    def oldest_change(self, tables: Mapping[str, dict[str, Row]], *, now: datetime) -> datetime | None:
        """The earliest stamp among the rows that are not committed yet."""
        stamps = [
            str(tables[OBJECTS[key[:3]]][key]["SystemModstamp"])
            for key, each in self.uncommitted.items()
            if each.commits_at > now and key in tables[OBJECTS[key[:3]]]
        ]
        return parse_moment(min(stamps)) if stamps else None


def _overlaid(rows: Mapping[str, Row], shown: Mapping[str, Row | None]) -> dict[str, Row]:
    seen = {key: shown.get(key, row) for key, row in rows.items()}
    return {key: row for key, row in seen.items() if row is not None}
