"""A walk by id through what searches find. What is announced and not shown is noticed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm_sync.clients.hubspot.api import Found, HubSpotApi, id_of, short
from crm_sync.clients.hubspot.windows import bounds, changed_after, out_of_order

Record = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Part:
    """One of the searches that take turns in a walk, and its last page.

    `rest`: how many rows are to come after those taken. `slack`: so many of them may lie behind us, because
    the page counted them and did not show them.
    """

    groups: Sequence[Sequence[Record]]
    rest: int = 0
    slack: int = 0
    asked_after: str = ""
    rows: dict[str, Record] = field(default_factory=dict)
    is_last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Rows by id, in the order of ids, up to `last_id`. `total`: what was left, these included."""

    rows: dict[str, Record]
    last_id: str
    total: int
    is_last: bool


class Walk:
    """Continues after `last_id`. With a window, only through what was not changed after its end.

    Rows that are counted and not shown, twice in the same way, are taken for such as HubSpot's index still
    holds and its store does not: `unseen` counts them. Every other difference raises TransientError.
    """

    def __init__(
        self,
        *,
        api: HubSpotApi,
        searches: Sequence[Sequence[Sequence[Record]]],
        properties: Sequence[str],
        last_id: str,
        window_end: datetime | None,
        has_window: bool,
    ) -> None:
        self.api = api
        self.parts = [Part(groups=groups) for groups in searches]
        self.properties = properties
        self.last_id = last_id
        self.window_end = window_end
        self.has_window = has_window
        self.began_at: datetime | None = window_end
        self.shown = self.unseen = self.nameless = 0

    def steps(self) -> Iterator[Step]:
        waiting = self.parts
        while waiting:
            for part in waiting:
                self.turn_page(part)
            reached = horizon(waiting, before=self.last_id)
            total = sum(part.rest for part in waiting)
            found: dict[str, Record] = {}
            for part in waiting:
                taken = {key: row for key, row in part.rows.items() if int(key) <= reached}
                part.rest -= len(taken)
                part.is_last = part.is_last and len(taken) == len(part.rows)
                found |= taken
            waiting = [part for part in waiting if not part.is_last]
            self.shown += len(found)
            self.last_id = str(reached)
            yield Step(
                rows={key: found[key] for key in sorted(found, key=int)},
                last_id=self.last_id,
                total=total,
                is_last=not waiting,
            )

    def turn_page(self, part: Part) -> None:
        found = self.search(part, after=self.last_id)
        rows = self.rows_of(found)
        if part.asked_after:
            self.compare(part, total=found.total)
        if found.total and not rows and not self.are_hidden(part, found):
            raise out_of_order()
        part.rest, part.slack, part.rows, part.asked_after = found.total, found.unseen, rows, self.last_id
        part.is_last = not rows or (not found.has_more and found.total <= found.until and not found.unseen)

    def search(self, part: Part, *, after: str) -> Found:
        limits = bounds(last_id=after, window_end=self.window_end)
        found = self.api.search_deals(
            groups=[[*filters, *limits] for filters in part.groups], properties=self.properties
        )
        if self.began_at is None:
            self.began_at = found.answer.clock()
        if self.has_window:
            self.window_end = self.began_at
        return found

    def rows_of(self, found: Found) -> dict[str, Record]:
        """By id, in order and beyond what was read: a page that repeats is no progress."""
        ids = [id_of(record) for record in found.results]
        numbers = [int(key) for key in ids if key]
        self.nameless += len(ids) - len(numbers)
        if numbers != sorted(set(numbers)) or (numbers and numbers[0] <= int(self.last_id)):
            raise out_of_order()
        return {key: record for key, record in zip(ids, found.results, strict=True) if key}

    def compare(self, part: Part, *, total: int) -> None:
        """What is left with what was to be left. A deal that was changed meanwhile has left the window."""
        lost = part.rest - total
        if lost > 0:
            lost -= self.changed_meanwhile()
        if lost <= 0:
            return
        if lost > part.slack or list(self.rows_of_page_before(part)) != list(part.rows):
            raise short("deals")
        self.unseen += lost

    def rows_of_page_before(self, part: Part) -> dict[str, Record]:
        found = self.search(part, after=part.asked_after)
        return {key: record for record in found.results if (key := id_of(record))}

    def changed_meanwhile(self) -> int:
        assert self.began_at is not None  # a page was read
        return self.api.search_deals(
            groups=[changed_after(self.began_at)], properties=["dealname"], limit=1
        ).total

    def are_hidden(self, part: Part, found: Found) -> bool:
        """A few rows at the end that are counted and, asked for once more, still not shown.

        Raises TransientError where the second answer is another one: the first was short.
        """
        if found.has_more or found.results or found.total > max(1, self.shown):
            return False
        again = self.search(part, after=self.last_id)
        if again.results or again.total != found.total:
            raise short("deals")
        self.unseen += found.total
        return True


def horizon(parts: Sequence[Part], *, before: str) -> int:
    """Up to which id all the pages are complete."""
    ends = {id(part): int(next(reversed(part.rows))) for part in parts if part.rows}
    incomplete = [ends[id(part)] for part in parts if part.rows and not part.is_last]
    return min(incomplete) if incomplete else max(ends.values(), default=int(before))
