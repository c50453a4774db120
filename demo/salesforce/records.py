"""The records of the org: adding, changing and deleting them, with the stamps that Salesforce would set."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from demo.salesforce import opportunities
from demo.salesforce.columns import Row
from demo.salesforce.defaults import ROW_DEFAULTS
from demo.salesforce.ids import PREFIXES, numbered_id, to18
from demo.salesforce.schema import Schema
from demo.salesforce.values import moment_text, stored

FIRST_NUMBER = 4_700_000
OWNED = ("Account", "Opportunity")


def utc_now() -> datetime:
    return datetime.now(UTC)


class Records:
    """Every change happens under `lock` and is counted in `changes`. Fields go by their API names."""

    admin_id: str = ""
    currency: str = "EUR"

    def __init__(self, *, seed: int, clock: Callable[[], datetime]) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.changes = 0
        self.schema = Schema()
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in self.schema.object_names}
        self.numbers = dict.fromkeys([*PREFIXES, "locator"], FIRST_NUMBER + 1000 * seed)

    def now(self) -> datetime:
        """The org's time, in whole seconds of UTC."""
        return self.clock().astimezone(UTC).replace(microsecond=0)

    def add(self, object_name: str, *, modified_at: datetime | None = None, **fields: Any) -> str:
        """Adds a record and returns its id; `modified_at` back-dates its stamps."""
        at = modified_at or self.now()
        with self.lock:
            record_id = numbered_id(prefix=PREFIXES[object_name], number=self.next_number(object_name))
            author = self.admin_id or record_id
            row: Row = {
                each.name: False if each.type == "boolean" else None
                for each in self.schema.all_fields(object_name)
            }
            row |= ROW_DEFAULTS.get(object_name, {})
            row |= {"Id": record_id, "CreatedDate": moment_text(at), "CreatedById": author}
            if object_name in OWNED:
                row |= {"OwnerId": author, "CurrencyIsoCode": self.currency}
            if object_name == "Opportunity":
                row |= {"StageName": "Prospecting", "CloseDate": self.now().date().isoformat()}
            self._save(object_name, row | self._stored(object_name, fields), before={}, at=at)
            return record_id

    def edit(self, record_id: str, *, modified_at: datetime | None = None, **fields: Any) -> None:
        """Changes a record and moves its stamps, to now unless told otherwise."""
        with self.lock:
            object_name, before = self.find(record_id)
            row = before | self._stored(object_name, fields)
            self._save(object_name, row, before=before, at=modified_at or self.now())

    def close_won(self, record_id: str) -> None:
        self.edit(record_id, StageName="Closed Won")

    def delete(self, record_id: str) -> None:
        """Into the recycle bin: gone from `query`, still there for `queryAll`."""
        self.edit(record_id, IsDeleted=True)

    def touch(self, record_id: str, *, at: datetime | None = None) -> None:
        """Moves SystemModstamp alone, as platform processes do. An earlier moment makes a late arrival."""
        with self.lock:
            self.find(record_id)[1]["SystemModstamp"] = moment_text(at or self.now())
            self.changes += 1

    def record(self, record_id: str) -> Row:
        """A copy of a record; KeyError when there is none."""
        with self.lock:
            return dict(self.find(record_id)[1])

    def records(self, object_name: str) -> list[Row]:
        with self.lock:
            return list(self.tables[object_name].values())

    def find(self, record_id: str) -> tuple[str, Row]:
        object_name = next((name for name, prefix in PREFIXES.items() if record_id[:3] == prefix), "")
        try:
            return object_name, self.tables[object_name][to18(record_id)]
        except (KeyError, ValueError):
            raise KeyError(f"No record {record_id}") from None

    def next_number(self, counter: str) -> int:
        with self.lock:
            self.numbers[counter] += 1
            return self.numbers[counter]

    def _stored(self, object_name: str, fields: dict[str, Any]) -> Row:
        types = {each.name: each.type for each in self.schema.all_fields(object_name)}
        return {name: stored(types[name], value) for name, value in fields.items()}

    def _save(self, object_name: str, row: Row, *, before: Row, at: datetime) -> None:
        if object_name == "Opportunity":
            stages = self.tables["OpportunityStage"].values()
            stage = next((stage for stage in stages if stage["ApiName"] == row["StageName"]), None)
            opportunities.complete(row, before=before, stage=stage, now=at)
        row |= {
            "LastModifiedDate": moment_text(at),
            "LastModifiedById": self.admin_id or row["Id"],
            "SystemModstamp": moment_text(at),
        }
        self.tables[object_name][str(row["Id"])] = row
        self.changes += 1
