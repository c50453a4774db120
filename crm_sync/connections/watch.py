"""The dead-man alarm, raised by whichever process looks first: the worker or, that being dead, the web."""

import logging

from crm_sync.connections.alerts import send_alerts
from crm_sync.connections.condition import sound_alarms
from crm_sync.models import Connection

log = logging.getLogger(__name__)


def look() -> None:
    """Notes silence and sends what waits. What goes wrong here spoils no page and no other task."""
    try:
        sound_alarms()
        send_alerts()
    except Exception:
        log.exception("The alarms could not be looked after.")


def polls() -> str:
    """For the health page, which a monitor asks while nobody looks at any other."""
    if not Connection.objects.silent().exists():
        return "ok"
    look()
    return "silent"
