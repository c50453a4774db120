"""What follows at a connection, said of its state at this moment: at work, paused, or not confirmed."""

from collections.abc import Sequence

from crm_sync.enums import ConnectionMode
from crm_sync.models import Connection

BECOMES = {
    ConnectionMode.LIVE: "imported and billed automatically",
    ConnectionMode.REVIEW: "imported automatically, and their contracts wait for approval",
    ConnectionMode.PREVIEW: "only shown in the Sync History",
}
"""What becomes of won deals in each mode, while the connection is at work."""


def is_at_work(connection: Connection) -> bool:
    return connection.is_live and connection.mapping_version_id is not None


def what_becomes(connection: Connection, *, deals: str) -> str:
    """Of `deals`, such as "Deals that close from that day on"."""
    if is_at_work(connection):
        return f"{deals} are {BECOMES[ConnectionMode(connection.mode)]}."
    if connection.mapping_version_id is None:
        return f"Nothing is imported from {connection} before its field mapping is confirmed."
    return f"Nothing is imported from {connection} until it is at work again."


def read_next(connection: Connection) -> str:
    """When a deal is read that somebody has asked to be read again."""
    if connection.is_live:
        return f"Fincelo was asked to read it again from {connection}."
    return f"It is read again once {connection} is at work again."


def of_all(connections: Sequence[Connection], *, silent: set[int]) -> str:
    """The sentence of the page that lists them. `silent`: keys of those that should have synced."""
    if not connections:
        return "Connect a CRM: its won deals then become contracts."
    is_usual = all(
        is_at_work(one) and one.mode == ConnectionMode.LIVE and one.pk not in silent for one in connections
    )
    if is_usual:
        return "Won deals of the connected CRMs become contracts automatically, within five minutes."
    return "Each connection says what becomes of its won deals, and what keeps them from being imported."
