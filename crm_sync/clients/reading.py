"""The border between what a CRM sent and what we do with it: a value of the wrong kind is the CRM's fault."""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any, ParamSpec, TypeVar, cast

from crm_sync.deals import Check
from crm_sync.errors import TransientError

OF_ANOTHER_KIND = (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError)
LARGEST_COUNT = 2**31 - 1
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a moment that cannot be read: any other answer is newer."""
Call = ParamSpec("Call")
Result = TypeVar("Result")
log = logging.getLogger(__name__)


def reads_answers_of(crm: str) -> Callable[[Callable[Call, Result]], Callable[Call, Result]]:
    """For functions that pick values out of answers, generators too, and do nothing else that may fail.

    They take it for granted that the answer is as documented. Where it is not, the run fails with a sentence
    instead of ending as our bug, and the log says what was expected.
    """

    def decorate(read: Callable[Call, Result]) -> Callable[Call, Result]:
        @wraps(read)
        def value(*args: Call.args, **kwargs: Call.kwargs) -> Result:
            try:
                return read(*args, **kwargs)
            except OF_ANOTHER_KIND as error:
                raise unreadable(crm) from error

        @wraps(read)
        def values(*args: Call.args, **kwargs: Call.kwargs) -> Iterator[Any]:
            try:
                yield from cast(Iterator[Any], read(*args, **kwargs))
            except OF_ANOTHER_KIND as error:
                raise unreadable(crm) from error

        return cast(Callable[Call, Result], values) if isgeneratorfunction(read) else value

    return decorate


def unreadable(crm: str) -> TransientError:
    log.warning("An answer of %s could not be read.", crm, exc_info=True)
    return TransientError(
        f"{crm} answered with something that Fincelo cannot read.",
        next_step="The next poll tries again. If it continues, tell Fincelo's operators: the log has it.",
        code="UNUSABLE_ANSWER",
    )


class RecordReader:
    """Reads the fields of one record. One that cannot be read is noted and does not spoil the others."""

    def __init__(self, crm: str) -> None:
        self.crm = crm
        self.unreadable: list[str] = []

    def read(self, name: str, value: object, *, by: Callable[[Any], Result], instead: Result) -> Result:
        try:
            return by(value)
        except OF_ANOTHER_KIND:
            self.unreadable.append(f"{name} ({one_line(json_text(value))})")
            return instead

    @property
    def sentence(self) -> str:
        """What could not be read; empty when everything could."""
        return (
            f"{self.crm} sent a value that cannot be read: {', '.join(self.unreadable)}."
            if self.unreadable
            else ""
        )


def json_text(value: object) -> str:
    """A value out of an answer, for people to look at."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def text(value: object) -> str:
    """Null is no text. Lists and objects are not to be taken for one."""
    if isinstance(value, dict | list):
        raise TypeError("a text that is none")
    return "" if value is None else str(value)


def one_value(value: object) -> object:
    """A list holds several, and is not to be taken for none: a default would stand in for what was said."""
    if isinstance(value, list):
        raise TypeError("several values")
    return value


def flag(value: object) -> bool | None:
    """True, false or unknown. Any text would count as true."""
    if value is None or isinstance(value, bool):
        return value
    raise TypeError("a flag that is neither true nor false")


def one_line(value: object, *, longest: int = 60) -> str:
    """A name out of an answer, fit to be stored, shown and logged."""
    return "".join(character for character in str(value) if character.isprintable())[:longest]


def options_of(
    entries: object, *, is_shown: Callable[[dict[str, Any]], bool] = lambda one: True
) -> tuple[tuple[str, str], ...]:
    """The choices of a field as (value, label), without those that have no value."""
    listed = [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []
    return tuple(
        (str(one["value"]), str(one.get("label") or one["value"]))
        for one in listed
        if one.get("value") not in (None, "") and is_shown(one)
    )


def is_count(value: object) -> bool:
    """Whether it is a number of rows, and one that can be stored."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_COUNT


def beyond_what_is_needed(scopes: Sequence[str], *, cure: str) -> list[Check]:
    """Names the scopes that Fincelo could do without; no check where there are none."""
    if not scopes:
        return []
    return [
        Check(
            label="Scopes wider than needed",
            ok=True,  # it works; what it could do besides is said
            sentence=f"It may do more than Fincelo needs: {', '.join(scopes)}. {cure}",
            blocking=False,
        )
    ]
