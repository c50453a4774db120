"""What search sees of one object type: a copy of the records that may lag behind them."""

from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime

from demo.hubspot.records import Record
from demo.hubspot.search_filters import Selection

REMEMBERED_ANSWERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A compiled search. `key` names filters and order; `above` is a keyset bound, kept out of the key."""

    key: Hashable
    groups: list[list[Selection]]
    order: Selection | None = None
    above: int | None = None


class SearchIndex:
    def __init__(self) -> None:
        self._records: dict[int, Record] = {}
        self._numbers: list[int] = []
        self._pending: deque[tuple[datetime, int, Record | None]] = deque()
        self._held_until: dict[int, datetime] = {}
        self._held: dict[int, Record | None] = {}
        self._late: list[tuple[datetime, int, int, Record | None]] = []
        self._seen_change: dict[int, int] = {}
        self._changes = 0
        self._answers: OrderedDict[Hashable, tuple[list[int], list[Record]]] = OrderedDict()

    def enqueue(
        self, record: Record, *, at: datetime, gone: bool = False, seen_at: datetime | None = None
    ) -> None:
        """A change is seen in its turn, or at a moment of its own, unless a later one was seen by then."""
        number, change = int(record.id), None if gone else record
        self._changes += 1
        if seen_at is not None and seen_at > at:
            self._late.append((seen_at, self._changes, number, change))
        else:
            self._pending.append((at, number, change))
            self._seen_change[number] = self._changes

    def hold(self, number: int, *, until: datetime) -> None:
        """Changes of one record stay out of the index until then, those already on their way too."""
        self._held_until[number] = until

    def catch_up(self, *, until: datetime, now: datetime) -> None:
        """Takes in the changes made up to a moment, and what was held back until now."""
        due = [*self._released(now), *self._arrived(now)]
        while self._pending and self._pending[0][0] <= until:
            _, number, record = self._pending.popleft()
            if self._held_until.get(number, now) > now:
                self._held[number] = record
            else:
                due.append((number, record))
        if due:
            self._answers.clear()
        for number, record in due:
            self._take(number, record)

    def _released(self, now: datetime) -> list[tuple[int, Record | None]]:
        free = [number for number in self._held if self._held_until[number] <= now]
        return [(number, self._held.pop(number)) for number in free]

    def _arrived(self, now: datetime) -> list[tuple[int, Record | None]]:
        """Late changes whose moment has come, in the order in which they were made."""
        arrived = sorted((late for late in self._late if late[0] <= now), key=lambda late: late[1])
        self._late = [late for late in self._late if late[0] > now]
        found = []
        for _, change, number, record in arrived:
            if change > self._seen_change.get(number, 0):
                self._seen_change[number] = change
                found.append((number, record))
        return found

    def matches(self, plan: Plan) -> list[Record]:
        """The matching records in order. The answer for one key is kept until a record changes."""
        if plan.key not in self._answers:
            self._answers[plan.key] = self._scan(plan)
        self._answers.move_to_end(plan.key)
        while len(self._answers) > REMEMBERED_ANSWERS:
            self._answers.popitem(last=False)
        numbers, records = self._answers[plan.key]
        return records if plan.above is None else records[bisect_right(numbers, plan.above) :]

    def _take(self, number: int, record: Record | None) -> None:
        if record is None:
            if self._records.pop(number, None):
                del self._numbers[bisect_left(self._numbers, number)]
            return
        if number not in self._records:
            insort(self._numbers, number)
        self._records[number] = record

    def _scan(self, plan: Plan) -> tuple[list[int], list[Record]]:
        records = [self._records[number] for number in self._numbers]
        if plan.groups:
            records = self._any_group(records, plan.groups)
        if plan.order:
            records = plan.order(records)
        return [int(record.id) for record in records], records

    def _any_group(self, records: list[Record], groups: list[list[Selection]]) -> list[Record]:
        answers = []
        for selections in groups:
            found = records
            for select in selections:
                found = select(found)
            answers.append(found)
        if len(answers) == 1:
            return answers[0]
        wanted = {record.id for found in answers for record in found}
        return [record for record in records if record.id in wanted]
