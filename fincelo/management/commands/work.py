import logging
import os
import sys
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error, connections

from fincelo import lanes
from fincelo.background import Lane, queue_of
from fincelo.database_errors import tell
from fincelo.lane_supervisor import LaneSupervisor
from fincelo.startup import refuse_bad_configuration

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Runs the worker: all its lanes, each started again when it ends or freezes. SIGTERM stops it."

    def handle(self, *args: Any, **options: Any) -> None:
        run()


def run() -> None:
    """Refuses a bad configuration, then supervises the lanes until it is told to stop."""
    refuse_bad_configuration()
    LaneSupervisor(
        command=[sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"],
        queues=[queue_of(lane) for lane in Lane],
        environment=os.environ,
        frozen=frozen_queues,
    ).run()


def frozen_queues() -> Collection[str]:
    """None while the database is away: that alone freezes no lane."""
    try:
        return {queue_of(lane) for lane in lanes.frozen()}
    except Error as error:
        tell(error, doing="Looking for frozen lanes")
        return ()
    finally:
        connections.close_all()
