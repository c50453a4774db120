"""Checks the invariants and keeps the last result of each.

A night's round is asked rule by rule and each result is stored at once, so that a round which is killed goes
on where it stood. It is over when every rule was asked since the night began; then people are told.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from django.db.models.functions import Now

from fincelo.invariants import LONGEST, Finding, Invariant, UnableToAsk, ask, registered
from fincelo.models import InvariantCheck, InvariantResult

AT_ONCE = 30
"""Seconds after which a pass begins with no further rule; the next pass continues."""
LONGEST_AT_NIGHT = 180
"""Seconds for one rule, so that a pass ends before the worker would end it."""


def check() -> list[Finding]:
    """Asks every invariant and stores the results in the place of the last ones."""
    for invariant in registered():
        _ask(invariant, seconds=LONGEST)
    return _end_round()


def check_since(*, since: datetime) -> bool:
    """Asks what was not asked since then, for a while; whether the round is over."""
    begun = time.monotonic()
    asked = set(InvariantResult.objects.filter(checked_at__gte=since).values_list("name", flat=True))
    for invariant in registered():
        if invariant.name in asked:
            continue
        if time.monotonic() - begun >= AT_ONCE:
            return False
        _ask(invariant, seconds=LONGEST_AT_NIGHT)
    if not InvariantCheck.objects.filter(checked_at__gte=since).exists():
        _end_round()
    return True


def not_asked() -> list[str]:
    """A line for each rule that could not be asked when it was last tried."""
    return [
        f"{result.number} {result.name}: {result.problem}"
        for result in InvariantResult.objects.exclude(problem="").order_by("name")
    ]


def _ask(invariant: Invariant, *, seconds: int) -> None:
    begun = time.monotonic()
    problem, finding = "", None
    try:
        finding = ask(invariant, seconds=seconds)
    except UnableToAsk as reason:
        problem = str(reason)
    InvariantResult.objects.update_or_create(
        name=invariant.name,
        defaults={
            "number": invariant.number,
            "checked_at": Now(),
            "milliseconds": round((time.monotonic() - begun) * 1000),
            "count": finding.count if finding else 0,
            "sentences": list(finding.sentences) if finding else [],
            "problem": problem,
        },
    )


def _end_round() -> list[Finding]:
    names = [invariant.name for invariant in registered()]
    InvariantResult.objects.exclude(name__in=names).delete()  # of rules that are no longer there
    results = InvariantResult.objects.in_bulk(names)
    found = [results[name].finding for name in names if name in results and results[name].count]
    InvariantCheck.objects.update_or_create(
        pk=InvariantCheck.ONLY,
        defaults={"checked_at": Now(), "findings": [asdict(finding) for finding in found]},
    )
    return found


def lines_of(findings: Sequence[Finding]) -> list[str]:
    """One line for each violation, and one for those that are only counted."""
    lines = []
    for finding in findings:
        lines += [f"{finding.number} {finding.name}: {sentence}" for sentence in finding.sentences]
        if more := finding.count - len(finding.sentences):
            lines.append(f"{finding.number} {finding.name}: {more:,} more of the same kind.")
    return lines
