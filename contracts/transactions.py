"""Transactions that outlive a collision with another one, and connections that were lost."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from django.db import Error, connection, transaction

from fincelo.database_errors import Fault, fault_of

T = TypeVar("T")

ATTEMPTS = 5


def may_pass(error: Error) -> bool:
    """Whether the database may take the same transaction within seconds."""
    return fault_of(error).is_worth_another_try


def spread_waits() -> Iterator[float]:
    """The seconds before each further attempt: by chance, so that two who collided part, and ever longer."""
    for attempt in range(1, ATTEMPTS):
        yield random.uniform(0, 0.1) * 2**attempt  # noqa: S311  only spreads the attempts


def repeated(
    transact: Callable[[], T],
    /,
    *,
    passes: Callable[[Error], bool] = may_pass,
    also: tuple[type[Exception], ...] = (),
    waits: Iterable[float] | None = None,
    pause: Callable[[float], None] | None = None,
) -> T:
    """Runs a whole transaction, and once more after each error that may pass. Raises the last error as it is.

    The defaults are the policy of the product: which refusals (`passes`), how often and how long (`waits`, in
    seconds). A caller with another one says why. `also`: errors of the caller's own that pass as well. The
    transaction touches the database only and reads again what it decides by, because after a lost connection
    nobody knows whether it was committed.
    """
    caught: tuple[type[Exception], ...] = (Error, *also)
    wait = time.sleep if pause is None else pause
    for seconds in (*(spread_waits() if waits is None else waits), None):
        try:
            return transact()
        except caught as error:
            if isinstance(error, Error):
                if fault_of(error) is not Fault.RECORD:
                    ensure_connected()
                if not passes(error):
                    raise
            if seconds is None:
                raise
        wait(seconds)
    raise AssertionError("unreachable")


def run_durably(work: Callable[[], T], /) -> T:
    """Does the work in a transaction of its own, and again as `repeated` says."""

    def transact() -> T:
        with transaction.atomic(durable=True):
            return work()

    return repeated(transact)


def ensure_connected() -> None:
    """Lets go of a connection that was lost: the next statement, as to record the end, opens a new one."""
    if connection.connection is not None and not connection.is_usable():
        connection.close()
