"""What the tests of answers that cannot be read have in common."""

from collections.abc import Callable
from typing import Any

from crm_sync.models import Hold, SyncRun
from tests.crm_sync.tampering import Body
from tests.crm_sync.told import told_by


def told_of(run: SyncRun, deal: str) -> bool:
    """Held, or named by its id in the Sync History."""
    is_held = Hold.objects.open().filter(crm_deal__external_id=deal).exists()
    return is_held or any(deal in sentence for sentence in told_by(run))


def spoil(
    *, row: Callable[[Body], bool], path: tuple[str, ...], value: Any, rows: str
) -> Callable[[Body], None]:
    def change(body: Body) -> None:
        for record in body.get(rows, ()):
            if row(record):
                place = record
                for name in path[:-1]:
                    place = place[name]
                place[path[-1]] = value

    return change
