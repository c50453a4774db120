"""What a run would do, without doing it."""

from collections import Counter
from dataclasses import dataclass, field

from crm_sync.credentials import open_client
from crm_sync.enums import HoldCode
from crm_sync.models import Connection
from crm_sync.pages import map_page
from crm_sync.sync import Order, fetch, look


@dataclass(slots=True, kw_only=True)
class Preview:
    """Counts of what a run would come to. `would_change`: contracts that exist and would be compared."""

    seen: int = 0
    would_create: int = 0
    would_change: int = 0
    would_hold: int = 0
    unchanged: int = 0
    api_calls: int = 0
    reasons: Counter[HoldCode] = field(default_factory=Counter)


def preview(*, connection: Connection, order: Order) -> Preview:
    """Reads and maps like a run. Writes nothing but a renewed access token."""
    found = Preview()
    sight = look(connection=connection, order=order)
    client = open_client(connection=connection)
    try:
        for page in fetch(client=client, sight=sight, order=order):
            ready = map_page(page=page, sight=sight)
            found.seen += len(page.deals)
            found.unchanged += ready.unchanged
            for one in ready.mapped:
                record = ready.known.get(one.deal.external_id)
                if record and record.contract_id:
                    found.would_change += 1
                elif one.problems:
                    found.would_hold += 1
                    found.reasons[one.problems[0].code] += 1
                else:
                    found.would_create += 1
    finally:
        found.api_calls = client.calls
        client.close()
    return found
