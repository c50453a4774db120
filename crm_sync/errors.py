"""Errors of a sync. The kind decides everything that follows."""

from collections.abc import Iterable
from enum import StrEnum

from django.db import Error

from fincelo.database_errors import fault_of, sqlstate, words


class ErrorKind(StrEnum):
    CONFIG = "config"
    """Reconnect or fix the set-up: no more calls until a person has acted."""
    TRANSIENT = "transient"
    """The next poll tries again."""
    DATA = "data"
    """This one deal: it becomes a hold."""
    INTERNAL = "internal"
    """Our bug: logged with its traceback."""


NEXT_POLL = "The next poll tries again."


class SyncError(Exception):
    """What happened and the next step, in words for the person who can act."""

    kind = ErrorKind.INTERNAL

    def __init__(
        self, sentence: str, *, next_step: str = "", code: str = "", status: int = 0, subject: str = ""
    ) -> None:
        """`subject`: the name of a field or object that the refusal is about, where it says one."""
        super().__init__(f"{sentence} {next_step}".strip())
        self.sentence = sentence
        self.next_step = next_step
        self.code = code
        self.status = status
        self.subject = subject


class ConfigError(SyncError):
    """Only a person can mend this. `breaks`: the CRM has said for good that the access is over.

    `lacks`: the scopes that are missing, where the CRM names them.
    """

    kind = ErrorKind.CONFIG

    def __init__(
        self, sentence: str, *, breaks: bool = False, lacks: Iterable[str] = (), **details: str | int
    ) -> None:
        super().__init__(sentence, **details)  # type: ignore[arg-type]
        self.breaks = breaks
        self.lacks = frozenset(lacks)


class TransientError(SyncError):
    """The CRM or the way to it failed. `retry_after`: seconds until the next call.

    `grows`: nobody told us how long, and the pause doubles while it continues.
    `waits_for_poll`: no other next step was named than that polls continue.
    """

    kind = ErrorKind.TRANSIENT

    def __init__(
        self,
        sentence: str,
        *,
        next_step: str = "",
        retry_after: float | None = None,
        grows: bool = False,
        **details: str | int,
    ) -> None:
        super().__init__(sentence, next_step=next_step or NEXT_POLL, **details)  # type: ignore[arg-type]
        self.waits_for_poll = not next_step
        self.retry_after = retry_after
        self.grows = grows


class SecretsUnreadable(SyncError):
    """No key of this process reads the stored secrets. That says nothing of the connection."""


class InstallationError(ConfigError):
    """The database refuses for a reason that is in no deal: nothing works until it is mended."""


def database_refusal(error: Error) -> SyncError:
    """What a refusal of the database means for a run, whose fault it may be except a deal's."""
    sentence, next_step = words(error)
    code = f"DATABASE {sqlstate(error)}".strip()
    if fault_of(error).passes:
        return TransientError(sentence, code=code)
    return InstallationError(sentence, next_step=next_step, code=code)


class LeaseHeld(Exception):
    """Another run works on this connection."""


class LeaseLost(Exception):
    """Another run has taken over: nothing of this run may be written any more."""
