"""What a client finds of its access beside the deals: troubles that last until their own cause is gone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class FindingCode(StrEnum):
    """The cause. Whoever looks into it again, and nobody else, ends what was found of it."""

    ZONE_UNKNOWN = "ZONE_UNKNOWN"
    CURRENCY_UNKNOWN = "CURRENCY_UNKNOWN"
    NOT_SIGNED = "NOT_SIGNED"
    OWNERS_UNREADABLE = "OWNERS_UNREADABLE"
    MERGES_UNREADABLE = "MERGES_UNREADABLE"
    STAGES_GONE = "STAGES_GONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    sentence: str
    facts: Mapping[str, str] = field(default_factory=dict)


class Findings:
    """By cause: the trouble, or None where a client has looked and found none."""

    def __init__(self) -> None:
        self.seen: dict[FindingCode, Finding | None] = {}

    def trouble(self, code: FindingCode, sentence: str, **facts: str) -> None:
        """The first trouble of a cause is the one that is told."""
        if self.seen.get(code) is None:
            self.seen[code] = Finding(sentence=sentence, facts=facts)

    def fine(self, code: FindingCode) -> None:
        self.seen.setdefault(code, None)

    @property
    def sentences(self) -> list[str]:
        return [one.sentence for one in self.seen.values() if one is not None]


def standing_after(
    before: Mapping[str, Any], *, seen: Mapping[FindingCode, Finding | None]
) -> dict[str, dict[str, Any]]:
    """What still holds: all that was not looked into, and what was found where somebody looked.

    As it is stored: `{code: {"sentence": ..., "facts": {...}}}`.
    """
    kept = {code: entry for code, entry in before.items() if code not in seen}
    found = {
        code.value: {"sentence": one.sentence, "facts": dict(one.facts)}
        for code, one in seen.items()
        if one is not None
    }
    return {**kept, **found}
