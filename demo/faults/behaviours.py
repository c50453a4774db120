"""The table of all faults by name, with the parameters that each takes."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from demo.faults.exchange import Exchange

Parameter = str | int | float | bool
Play = Callable[..., None]

WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class UnknownFault(Exception):
    """There is no such fault, or it takes no such parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """`about` says what the caller meets; `parameters` have their default values."""

    name: str
    about: str
    parameters: Mapping[str, Parameter]
    play: Play

    def read(self, given: Mapping[str, object]) -> dict[str, Parameter]:
        """The given parameters, each in the type of its default."""
        unknown = sorted(set(given) - set(self.parameters))
        if unknown:
            raise UnknownFault(f"{self.name} takes no {', '.join(unknown)}")
        return {name: _read(name, value, like=self.parameters[name]) for name, value in given.items()}


BEHAVIOURS: dict[str, Behaviour] = {}


def behaviour(about: str) -> Callable[[Play], Play]:
    """Enters a function into the table. Its keyword-only arguments are the parameters of the fault."""

    def enter(play: Play) -> Play:
        arguments = inspect.signature(play).parameters.values()
        defaults = {each.name: each.default for each in arguments if each.kind is each.KEYWORD_ONLY}
        name: str = play.__name__
        BEHAVIOURS[name] = Behaviour(name=name, about=about, parameters=defaults, play=play)
        return play

    return enter


def find(name: str) -> Behaviour:
    try:
        return BEHAVIOURS[name]
    except KeyError:
        raise UnknownFault(f"there is no fault {name}") from None


def play(name: str, exchange: Exchange, parameters: Mapping[str, Parameter]) -> None:
    BEHAVIOURS[name].play(exchange, **parameters)


def _read(name: str, value: object, *, like: Parameter) -> Parameter:
    text = str(value)
    try:
        return WORDS[text.lower()] if isinstance(like, bool) else type(like)(text)
    except (KeyError, ValueError):
        raise UnknownFault(f"{name} cannot be {text}") from None
