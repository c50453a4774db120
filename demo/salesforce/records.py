"""The records of the org: adding, changing and deleting them, with the stamps that Salesforce would set."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from demo.salesforce import opportunities
from demo.salesforce.columns import Row, Tables
from demo.salesforce.defaults import ROW_DEFAULTS
from demo.salesforce.ids import PREFIXES, numbered_id, to18
from demo.salesforce.schema import Schema
from demo.salesforce.values import Value, moment_text, stored
from demo.salesforce.visibility import Visibility

FIRST_NUMBER = 4_700_000
OWNED = ("Account", "Contact", "Opportunity")
HISTORY_OF = ("StageName", "Amount", "Probability", "CloseDate")


def utc_now() -> datetime:
    return datetime.now(UTC)


class Records:
    """Every change happens under `lock` and is counted in `changes`. Fields go by their API names.

    `merge_moves_deals`: whether re-parenting by a merge moves the stamp of an opportunity. That is not known;
    it does not here, so that a client must find out for itself. `deletion_moves_stamp`: the same of deleting
    a record and bringing it back.
    """

    admin_id: str = ""
    currency: str = "EUR"
    merge_moves_deals: bool = False
    deletion_moves_stamp: bool = True

    def __init__(self, *, seed: int, clock: Callable[[], datetime]) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.changes = 0
        self.schema = Schema()
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in self.schema.object_names}
        self.visibility = Visibility()
        self.numbers = dict.fromkeys([*PREFIXES, "locator"], FIRST_NUMBER + 1000 * seed)

    def now(self) -> datetime:
        """The org's time, in whole seconds of UTC."""
        return self.clock().astimezone(UTC).replace(microsecond=0)

    def add(
        self,
        object_name: str,
        *,
        modified_at: datetime | None = None,
        visible_in: timedelta | None = None,
        **fields: Any,
    ) -> str:
        """Adds a record and returns its id. `modified_at` back-dates its stamps; `visible_in` is how long its
        transaction still runs, so that it appears later with the stamp of now."""
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
            row |= self._stored(object_name, fields)
            if object_name == "Contact":
                row["Name"] = " ".join(
                    filter(None, [str(row["FirstName"] or ""), str(row["LastName"] or "")])
                )
            self._save(object_name, row, before={}, at=at, visible_in=visible_in)
            return record_id

    def edit(
        self,
        record_id: str,
        *,
        modified_at: datetime | None = None,
        visible_in: timedelta | None = None,
        **fields: Any,
    ) -> None:
        """Changes a record and moves its stamps, to now unless told otherwise. With `visible_in` others see
        the record as it was until then."""
        with self.lock:
            object_name, before = self.find(record_id)
            row = before | self._stored(object_name, fields)
            self._save(object_name, row, before=before, at=modified_at or self.now(), visible_in=visible_in)

    def close_won(self, record_id: str) -> None:
        self.edit(record_id, StageName="Closed Won")

    def delete(self, record_id: str) -> None:
        """Into the recycle bin: gone from `query`, there for `queryAll` during 15 days."""
        with self.lock:
            self._set_deleted(record_id, is_deleted=True)
            self.visibility.deleted_at[to18(record_id)] = moment_text(self.now())

    def undelete(self, record_id: str) -> None:
        with self.lock:
            self._set_deleted(record_id, is_deleted=False)
            self.visibility.deleted_at.pop(to18(record_id), None)

    def _set_deleted(self, record_id: str, *, is_deleted: bool) -> None:
        if self.deletion_moves_stamp:
            self.edit(record_id, IsDeleted=is_deleted)
        else:
            self.find(record_id)[1]["IsDeleted"] = is_deleted
            self.changes += 1

    def purge(self, record_id: str) -> None:
        """Out of the recycle bin for good."""
        with self.lock:
            object_name, row = self.find(record_id)
            del self.tables[object_name][str(row["Id"])]
            self.changes += 1

    def merge_accounts(self, *, winner: str, loser: str) -> None:
        """The loser goes into the recycle bin and names the winner, which takes over all that hung on it."""
        with self.lock:
            winner_id, loser_id = to18(winner), to18(loser)
            for object_name, field in (
                ("Opportunity", "AccountId"),
                ("Contact", "AccountId"),
                ("Account", "ParentId"),
            ):
                for row in self.records(object_name):
                    if row[field] == loser_id:
                        self._re_parent(row, field, winner_id)
            self.edit(winner_id)
            self.edit(loser_id, MasterRecordId=winner_id)
            self.delete(loser_id)

    def _re_parent(self, row: Row, field: str, parent_id: str) -> None:
        if self.merge_moves_deals:
            self.edit(str(row["Id"]), modified_at=None, visible_in=None, **{field: parent_id})
        else:
            row[field] = parent_id

    def share(self, record_id: str) -> None:
        with self.lock:
            self.visibility.unshared.discard(to18(record_id))
            self.changes += 1

    def unshare(self, record_id: str) -> None:
        """Sharing rules withhold the record from the connecting user: it is missing without any error."""
        with self.lock:
            self.visibility.unshared.add(to18(record_id))
            self.changes += 1

    def visible_tables(self) -> Tables:
        return self.visibility.see(self.tables, now=self.now())

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

    def _save(
        self, object_name: str, row: Row, *, before: Row, at: datetime, visible_in: timedelta | None
    ) -> None:
        if object_name == "Opportunity":
            stages = self.tables["OpportunityStage"].values()
            stage = next((stage for stage in stages if stage["ApiName"] == row["StageName"]), None)
            opportunities.complete(row, before=before, stage=stage, now=at)
        row |= {
            "LastModifiedDate": moment_text(at),
            "LastModifiedById": self.admin_id or row["Id"],
            "SystemModstamp": moment_text(at),
        }
        record_id = str(row["Id"])
        self.tables[object_name][record_id] = row
        if visible_in:
            commits_at = self.now() + visible_in
            self.visibility.hold_back(record_id, before=before or None, commits_at=commits_at)
        if object_name == "Opportunity":
            self._keep_history(row, before=before, at=at, visible_in=visible_in)
        self.changes += 1

    def _keep_history(self, row: Row, *, before: Row, at: datetime, visible_in: timedelta | None) -> None:
        """One row for each change of stage, amount, probability or close date, and one for the beginning."""
        changed = {name for name in HISTORY_OF if row[name] != before.get(name)}
        if before and not changed:
            return
        kept: dict[str, Value] = {
            name: row[name]
            for name in (*HISTORY_OF, "ExpectedRevenue", "ForecastCategory", "CurrencyIsoCode")
        }
        history_id = self.add(
            "OpportunityHistory",
            modified_at=at,
            visible_in=visible_in,
            **kept,
            OpportunityId=row["Id"],
            PrevAmount=before.get("Amount"),
            PrevCloseDate=before.get("CloseDate"),
        )
        for name, pointer in (
            ("Amount", "LastAmountChangedHistoryId"),
            ("CloseDate", "LastCloseDateChangedHistoryId"),
        ):
            if before and name in changed:
                row[pointer] = history_id
