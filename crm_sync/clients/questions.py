"""What is asked of a CRM beside the sync: deals per stage, the deal of a name, what became of a deal."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from crm_sync.deals import NearMiss


class Questions(Protocol):
    def deals_per_stage(
        self, *, misses: Sequence[NearMiss], selected: Sequence[str], since: date
    ) -> Mapping[str, int]:
        """Deals closed on or after a day, by exact stage name; more names than asked for may be in it."""
        ...

    def ids_named(self, *, name: str, limit: int) -> Sequence[str]:
        """Deals of this name."""
        ...

    def newest_in(self, *, stage_ids: Sequence[str], limit: int) -> Sequence[str]:
        """The deals in these stages that changed last, whenever they were closed."""
        ...

    def was_deleted(self, *, external_id: str) -> bool:
        """Whether a deal that cannot be read lies in the CRM's recycle bin."""
        ...
