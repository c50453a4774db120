"""Pages of long lists, without counting a hundred thousand rows for every click."""

from typing import Any

from django.core.paginator import EmptyPage, Page, Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

PAGE_SIZE = 50
COUNT_CAP = 10_000
REACHABLE_ROWS = 1_000_000


class ListPaginator(Paginator):
    """Of a list that is there as a whole."""

    is_count_exact = True


class CountCappedPage(Page[Any]):
    """A page that knows from one surplus row whether another follows."""

    def __init__(self, object_list: list[Any], number: int, paginator: "CountCappedPaginator") -> None:
        self._has_next = len(object_list) > paginator.per_page
        super().__init__(object_list[: paginator.per_page], number, paginator)

    def has_next(self) -> bool:
        return self._has_next

    def end_index(self) -> int:
        return (self.number - 1) * self.paginator.per_page + len(self.object_list)

    def start_index(self) -> int:
        return (self.number - 1) * self.paginator.per_page + 1 if self.object_list else 0


class CountCappedPaginator(Paginator):
    """Counts to `count_cap` at most; every page up to `REACHABLE_ROWS` can still be turned to.

    Takes an ordered queryset. `count` is exact while `is_count_exact`, else it means "more than".
    """

    def __init__(
        self, object_list: QuerySet[Any], per_page: int = PAGE_SIZE, *, count_cap: int = COUNT_CAP
    ) -> None:
        super().__init__(object_list, per_page)
        self.rows = object_list
        self.count_cap = count_cap

    @cached_property
    def count(self) -> int:
        return min(self._counted, self.count_cap)

    @property
    def is_count_exact(self) -> bool:
        return self._counted <= self.count_cap

    def validate_number(self, number: Any) -> int:
        valid = int(number) if str(number).isdecimal() and len(str(number)) < 10 else 0
        if valid < 1 or valid * self.per_page > REACHABLE_ROWS:
            raise EmptyPage("That page does not exist.")
        return valid

    def page(self, number: Any) -> CountCappedPage:
        number = self.validate_number(number)
        bottom = (number - 1) * self.per_page
        # Keys first: skipping a hundred thousand of those costs little, skipping whole rows would.
        keys = list(self.rows.values_list("pk", flat=True)[bottom : bottom + self.per_page + 1])
        rows = list(self.rows.filter(pk__in=keys)) if keys else []
        if number > 1 and not rows:
            raise EmptyPage("That page is empty.")
        return CountCappedPage(rows, number, self)

    def get_page(self, number: Any) -> CountCappedPage:
        """The page asked for; the first one where there is none."""
        try:
            return self.page(number)
        except EmptyPage:
            return self.page(1)

    @cached_property
    def _counted(self) -> int:
        return self.rows.order_by()[: self.count_cap + 1].count()
