"""Transactions that outlive a collision with another one, and connections that were lost."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import Error, connection, transaction

from fincelo.database_errors import Fault, fault_of

T = TypeVar("T")

ATTEMPTS = 5


def run_durably(work: Callable[[], T], /) -> T:
    """Does the work in a transaction of its own, and again if it collided. It touches only the database."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic(durable=True):
                return work()
        except Error as error:
            if attempt == ATTEMPTS or fault_of(error) is not Fault.COLLISION:
                raise
            time.sleep(random.uniform(0, 0.05 * attempt))  # noqa: S311  only spreads the attempts
    raise AssertionError("unreachable")


def ensure_connected() -> None:
    """Lets go of a connection that was lost: the next statement, as to record the end, opens a new one."""
    if connection.connection is not None and not connection.is_usable():
        connection.close()
