"""How often a CRM may be called when its day's calls run short. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from crm_sync.deals import Allowance
from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import Finding, finding

SLOW_SHARE = 0.80
STOP_SHARE = 0.95
SLOW_PAUSE = timedelta(minutes=30)
STOP_PAUSE = timedelta(hours=1)
LONGEST_BACKOFF = timedelta(hours=4)
MOST_DOUBLINGS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long the connection is left alone after a run, and what says so."""

    pause: timedelta
    finding: Finding


def pace_of(allowance: Allowance | None, *, provider: str) -> Pace | None:
    """None while there is enough: polls continue as usual."""
    if allowance is None or allowance.share < SLOW_SHARE:
        return None
    facts = {"used": allowance.used, "limit": allowance.limit, "crm": provider}
    if is_spent(allowance):
        return Pace(pause=STOP_PAUSE, finding=finding(FindingCode.CALLS_SPENT, **facts))
    below = round(SLOW_SHARE * 100)
    return Pace(pause=SLOW_PAUSE, finding=finding(FindingCode.CALLS_SHORT, **facts, below=below))


def is_spent(allowance: Allowance | None) -> bool:
    """So little is left that a run stops at the end of its page."""
    return allowance is not None and allowance.share >= STOP_SHARE


def backed_off(seconds: float, *, failures: int) -> timedelta:
    """A pause that we have guessed doubles with each failure since the last success."""
    return min(timedelta(seconds=seconds * (1 << min(failures, MOST_DOUBLINGS))), LONGEST_BACKOFF)
