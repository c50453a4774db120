"""The records of a portal: made, changed, linked, archived, merged, deleted, and when search sees them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from demo.hubspot import deal_rules, line_item_rules
from demo.hubspot.associations import Links
from demo.hubspot.portal_base import FIRST_IDS, merged_ids, modified_property
from demo.hubspot.records import Change, Record
from demo.hubspot.schema_keeping import SchemaKeeping
from demo.hubspot.timestamps import write_moment

Values = Mapping[str, str | None]


class RecordKeeping(SchemaKeeping):
    def archive(self, object_type: str, record_id: str) -> None:
        """Into the recycle bin."""
        with self.lock:
            record = self.objects[object_type].records[record_id]
            self._put(object_type, replace(record, archived_at=self.clock()))

    def restore(self, object_type: str, record_id: str) -> None:
        with self.lock:
            record = self.objects[object_type].records[record_id]
            self._put(object_type, replace(record, archived_at=None))

    def delete_for_good(self, object_type: str, record_id: str) -> None:
        """As a privacy (GDPR) delete does."""
        with self.lock:
            self.associations.drop(object_type, record_id)
            self._remove(object_type, record_id, merged_into=None)

    def merge(self, object_type: str, primary_id: str, other_id: str) -> str:
        """Makes a third record, as HubSpot does; both old ids lead to it and keep no associations.

        With the habit `merge_keeps_primary_id` the first record lives on instead, under its own id."""
        with self.lock:
            records = self.objects[object_type].records
            first, second = records[primary_id].properties, records[other_id].properties
            values = {name: first.get(name) or second.get(name) for name in {**second, **first}}
            before = (
                ([], []) if self.habits.merge_lists_last_only else (merged_ids(first), merged_ids(second))
            )
            if self.habits.merge_keeps_primary_id:
                merged = [*before[0], *before[1], other_id]
                kept = {name: values[name] for name in values if not first.get(name)}
                self.change(object_type, primary_id, kept | {"hs_merged_object_ids": ";".join(merged)})
                new_id, old_ids = primary_id, [other_id]
            else:
                merged = [*before[0], primary_id, *before[1], other_id]
                new_id = self.add(object_type, values | {"hs_merged_object_ids": ";".join(merged)})
                old_ids = [other_id, primary_id]
            for old_id in old_ids:
                wins = old_id == primary_id or not self._has_primary_company(object_type, new_id)
                self.associations.move(object_type, old_id, new_id, primary=wins)
                self._remove(object_type, old_id, merged_into=new_id)
            if object_type == "deals" and self.associations.of(("deals", "line_items"), new_id):
                self._refigure_deal(("deals", "line_items"), new_id, "")
            return new_id

    # Associations, which do not touch a record's modification date

    def link(
        self,
        ends: tuple[str, str],
        from_id: str,
        to_id: str,
        *,
        primary: bool = False,
        label: str | None = None,
    ) -> None:
        with self.lock:
            self.associations.link(ends, from_id, to_id, primary=primary, label=label)
            self._refigure_deal(ends, from_id, to_id)

    def unlink(self, ends: tuple[str, str], from_id: str, to_id: str) -> None:
        with self.lock:
            self.associations.unlink(ends, from_id, to_id)
            self._refigure_deal(ends, from_id, to_id)

    def linked(self, ends: tuple[str, str], from_id: str) -> Links:
        with self.lock:
            return dict(self.associations.of(ends, from_id))

    # Search

    def delay_in_search(self, record_id: str, *, minutes: float, object_type: str = "deals") -> None:
        """Its changes stay out of the index so long; right after it is made, the record itself does."""
        with self.lock:
            until = self.clock() + timedelta(minutes=minutes)
            self.objects[object_type].index.hold(int(record_id), until=until)

    @contextmanager
    def indexed_after(self, *, minutes: float) -> Iterator[None]:
        """What is changed meanwhile reaches search so much later, each change for itself."""
        with self.lock:
            before, self._index_lag = self._index_lag, timedelta(minutes=minutes)
            try:
                yield
            finally:
                self._index_lag = before

    def catch_up_search(self, object_type: str) -> None:
        moment = self.clock()
        until = moment - timedelta(seconds=self.search_lag)
        self.objects[object_type].index.catch_up(until=until, now=moment)

    # Making and changing

    def add(
        self,
        object_type: str,
        properties: Values,
        *,
        created_at: datetime | None = None,
        modified_at: datetime | None = None,
    ) -> str:
        """Nothing but the given properties and those that HubSpot always sets itself."""
        with self.lock:
            modified = modified_at or self.clock()
            created = created_at or modified
            record_id = str(self.objects[object_type].next_id or FIRST_IDS[object_type])
            values = {**properties, "hs_object_id": record_id, "createdate": write_moment(created)}
            record = Record(id=record_id, properties=values, created_at=created, updated_at=modified)
            self._put(object_type, self._stamped(object_type, record, at=modified))
            return record_id

    def change(self, object_type: str, record_id: str, properties: Values) -> None:
        with self.lock:
            before = self.objects[object_type].records[record_id]
            changed = replace(before, properties={**before.properties, **properties})
            self._put(object_type, self._stamped(object_type, changed, at=self.clock()))
            if object_type == "line_items":
                for deal_id in self.associations.of(("line_items", "deals"), record_id):
                    self._refigure_deal(("deals", "line_items"), deal_id, record_id)

    def _stamped(self, object_type: str, record: Record, *, at: datetime) -> Record:
        """With what HubSpot calculates, and the change in its history."""
        values = {**record.properties, modified_property(object_type): write_moment(at)}
        if object_type == "deals":
            stage = self.stage(values.get("dealstage"))
            values |= deal_rules.calculated(values, stage=stage, created_at=record.created_at)
        if object_type == "line_items":
            values["amount"] = line_item_rules.net_price(values)
        before = self.objects[object_type].records.get(record.id)
        known: Values = before.properties if before else {}
        new = (
            {name: value for name, value in values.items() if value != known.get(name)} if before else values
        )
        change = Change(at=at, values=new, source=self._source)
        return replace(record, properties=values, updated_at=at, changes=(*record.changes, change), keys={})

    def _refigure_deal(self, ends: tuple[str, str], from_id: str, to_id: str) -> None:
        """The amounts of a deal that come from its line items."""
        if "line_items" not in ends:
            return
        deal_id = from_id if ends[0] == "deals" else to_id
        if deal_id in self.objects["deals"].records:
            ids = self.associations.of(("deals", "line_items"), deal_id)
            records = self.objects["line_items"].records
            items = [records[item_id].properties for item_id in ids if item_id in records]
            self.change("deals", deal_id, line_item_rules.deal_amounts(items))

    def _has_primary_company(self, object_type: str, record_id: str) -> bool:
        ends = (object_type, "companies")
        return object_type in ("deals", "contacts") and self.associations.has_primary(ends, record_id)

    def _put(self, object_type: str, record: Record) -> None:
        stays = self.habits.archived_stay_in_index
        at = self.clock()
        self.objects[object_type].put(record, at=at, stays_in_index=stays, seen_at=at + self._index_lag)
        self.note_change(object_type, record.id)

    def _remove(self, object_type: str, record_id: str, *, merged_into: str | None) -> None:
        at = self.clock()
        self.objects[object_type].remove(
            record_id, merged_into=merged_into, at=at, seen_at=at + self._index_lag
        )
        self.note_change(object_type, record_id)
