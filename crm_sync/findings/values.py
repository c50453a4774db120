"""What was found beside the deals, as codes and facts: by a client of its access, by a run at its end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crm_sync.findings.catalogue import FINDINGS
from crm_sync.findings.codes import FindingCode
from fincelo.catalogue import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`facts`: what its sentence in the catalogue fills in, in a form that JSON keeps."""

    code: FindingCode
    facts: Facts = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        return FINDINGS.sentence(self.code, self.facts)

    @property
    def stored(self) -> dict[str, Any]:
        return {"code": self.code.value, "facts": dict(self.facts)}


Entry = Mapping[str, Any] | str


def finding(code: FindingCode, **facts: Any) -> Finding:
    return Finding(code=code, facts=facts)


def finding_from(entry: Entry) -> Finding:
    """What is stored of one. A worker of an earlier version may store a bare sentence during an upgrade."""
    if isinstance(entry, str):
        return finding(FindingCode.WORDED, sentence=entry)
    return Finding(code=FindingCode(entry["code"]), facts=entry["facts"])


def stored(found: Iterable[Finding]) -> list[dict[str, Any]]:
    return [one.stored for one in found]


def without(entries: Iterable[Entry], *, code: FindingCode) -> list[Entry]:
    """What is stored, less the findings of this code."""
    return [entry for entry in entries if finding_from(entry).code is not code]


def each_once(found: Iterable[Finding]) -> list[Finding]:
    """Without those that are there already, in their order."""
    kept: list[Finding] = []
    for one in found:
        if one not in kept:
            kept.append(one)
    return kept


class Findings:
    """What a client finds of its access. By cause: the trouble, or None where it looked and found none."""

    def __init__(self) -> None:
        self.seen: dict[FindingCode, Finding | None] = {}

    def trouble(self, code: FindingCode, **facts: Any) -> None:
        """The first trouble of a cause is the one that is told."""
        if self.seen.get(code) is None:
            self.seen[code] = Finding(code=code, facts=facts)

    def fine(self, code: FindingCode) -> None:
        self.seen.setdefault(code, None)

    @property
    def sentences(self) -> list[str]:
        return [one.sentence for one in self.seen.values() if one is not None]


Standing = Mapping[str, Facts]
"""Findings that last until their own cause is gone: the facts by code, as they are stored."""


def standing_after(before: Standing, *, seen: Mapping[FindingCode, Finding | None]) -> dict[str, Facts]:
    """What still holds: all that was not looked into, and what was found where somebody looked."""
    kept = {code: facts for code, facts in before.items() if code not in seen}
    return {**kept, **{code.value: dict(one.facts) for code, one in seen.items() if one is not None}}


def lasting(standing: Standing) -> list[Finding]:
    return [Finding(code=FindingCode(code), facts=facts) for code, facts in standing.items()]
