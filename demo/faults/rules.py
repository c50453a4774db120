"""The rules of the fault switch: which requests they strike, and how often."""

import re
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from demo.faults import answers, network, paging  # noqa: F401  importing them enters their faults
from demo.faults.answers import check_refusal
from demo.faults.behaviours import Parameter, UnknownFault, find, play
from demo.faults.exchange import Exchange, Memory
from demo.faults.provider import Provider
from demo.messages import Request

OUT_OF_REACH = re.compile(r"/faults(/.*)?|/demo/.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Strikes the requests that `endpoint` is found in: the `nth` of them and then every `every`-th, `times`
    times in all, or for ever with None."""

    id: int
    behaviour: str
    endpoint: str = ""
    nth: int = 1
    every: int = 1
    times: int | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def strikes(self, *, seen: int, struck: int) -> bool:
        """Whether the request that is number `seen` of its kind is struck."""
        is_due = seen >= self.nth and (seen - self.nth) % self.every == 0
        return is_due and (self.times is None or struck < self.times)


@dataclass(slots=True, kw_only=True)
class Counted:
    """A rule, how many requests it looked at, how many it struck, and what its fault remembers."""

    rule: Rule
    pattern: re.Pattern[str]
    seen: int = 0
    struck: int = 0
    memory: Memory = field(default_factory=Memory)

    def described(self) -> dict[str, Any]:
        return {**asdict(self.rule), "seen": self.seen, "struck": self.struck}


class Faults:
    """The switch of one server. Of several rules that would strike a request the oldest does."""

    def __init__(self, *, provider: Provider | None = None) -> None:
        self.provider = provider or Provider()
        self._rules: dict[int, Counted] = {}
        self._last_id = 0
        self._lock = threading.Lock()

    def add(
        self,
        behaviour: str,
        *,
        endpoint: str = "",
        nth: int = 1,
        every: int = 1,
        times: int | None = None,
        **parameters: object,
    ) -> int:
        """Adds a rule and returns its id; UnknownFault when it makes no sense."""
        given = find(behaviour).read(parameters)
        if behaviour == "refusal":
            check_refusal(given.get("name"), sorted(self.provider.refusals))
        if nth < 1 or every < 1 or (times is not None and times < 1):
            raise UnknownFault("nth, every and times count from 1")
        try:
            pattern = re.compile(endpoint)
        except re.error as error:
            raise UnknownFault(f"the endpoint is no pattern: {error}") from None
        with self._lock:
            self._last_id += 1
            rule = Rule(
                id=self._last_id,
                behaviour=behaviour,
                endpoint=endpoint,
                nth=nth,
                every=every,
                times=times,
                parameters=given,
            )
            self._rules[rule.id] = Counted(rule=rule, pattern=pattern)
        return rule.id

    def remove(self, rule_id: int) -> bool:
        """False when there was no such rule."""
        with self._lock:
            return self._rules.pop(rule_id, None) is not None

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    @property
    def rules(self) -> list[dict[str, Any]]:
        """Every rule as plain values, with `seen` and `struck`, the oldest first."""
        with self._lock:
            return [counted.described() for counted in self._rules.values()]

    def handle(self, exchange: Exchange) -> None:
        """Answers as the rules say; without a rule as the application does."""
        looking, striking = self._count(exchange.request)
        if striking:
            exchange.provider, exchange.memory = self.provider, striking.memory
            play(striking.rule.behaviour, exchange, striking.rule.parameters)
            return
        response = exchange.answer()
        for counted in looking:
            counted.memory.last = response
        exchange.send(response)

    def _count(self, request: Request) -> tuple[list[Counted], Counted | None]:
        """The rules that look at this request, each counting it, and the one that strikes it."""
        if not self._rules or OUT_OF_REACH.fullmatch(request.path):
            return [], None
        described = described_request(request)
        striking = None
        with self._lock:
            looking = [each for each in self._rules.values() if each.pattern.search(described)]
            for each in looking:
                each.seen += 1
                if striking is None and each.rule.strikes(seen=each.seen, struck=each.struck):
                    each.struck += 1
                    striking = each
        return looking, striking


def described_request(request: Request) -> str:
    """What patterns are searched in: `GET /services/data/v66.0/query/?q=SELECT Id FROM ...`, decoded."""
    return f"{request.method} {unquote_plus(request.target or request.path)}"
