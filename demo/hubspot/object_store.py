"""The records of one object type, with the search index that follows them."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from datetime import datetime

from demo.hubspot.records import Record
from demo.hubspot.search_index import SearchIndex


class ObjectStore:
    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.aliases: dict[str, str] = {}
        self.index = SearchIndex()
        self._numbers: list[int] = []
        self._highest = 0

    def put(
        self, record: Record, *, at: datetime, stays_in_index: bool = False, seen_at: datetime | None = None
    ) -> None:
        """An archived record leaves the index, unless it is said to stay. `seen_at`: when search sees it."""
        if record.id not in self.records:
            insort(self._numbers, int(record.id))
            self.reserve(record.id)
        self.records[record.id] = record
        gone = record.archived_at is not None and not stays_in_index
        self.index.enqueue(record, at=at, gone=gone, seen_at=seen_at)

    def remove(
        self, record_id: str, *, merged_into: str | None, at: datetime, seen_at: datetime | None = None
    ) -> None:
        """It is gone for good. The id of a merged record leads to the one it was merged into."""
        record = self.records.pop(record_id)
        del self._numbers[bisect_left(self._numbers, int(record_id))]
        if merged_into:
            self.aliases[record_id] = merged_into
        self.index.enqueue(record, at=at, gone=True, seen_at=seen_at)

    def reserve(self, record_id: str) -> None:
        """No later record gets this id or a lower one."""
        self._highest = max(self._highest, int(record_id))

    def find(self, record_id: str, *, archived: bool = False) -> Record | None:
        record = self.records.get(record_id)
        return record if record and (record.archived_at is not None) == archived else None

    def current_id(self, record_id: str) -> str:
        """Follows merges to the id that the record has now."""
        while record_id in self.aliases:
            record_id = self.aliases[record_id]
        return record_id

    def from_id(self, record_id: int, *, archived: bool) -> Iterator[Record]:
        """Records in id order, beginning with the one at or after an id."""
        for number in self._numbers[bisect_left(self._numbers, record_id) :]:
            if record := self.find(str(number), archived=archived):
                yield record

    @property
    def next_id(self) -> int | None:
        return self._highest + 11 if self._highest else None
