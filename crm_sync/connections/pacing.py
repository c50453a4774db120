"""How often a CRM may be called when its day's calls run short. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from crm_sync.deals import Allowance

SLOW_SHARE = 0.80
STOP_SHARE = 0.95
SLOW_PAUSE = timedelta(minutes=30)
STOP_PAUSE = timedelta(hours=1)
LONGEST_BACKOFF = timedelta(hours=4)
SLOW = f"Fincelo polls every 30 minutes until it is less than {SLOW_SHARE:.0%}."
STOP = "Fincelo leaves the rest to other programs and looks again in an hour."
MOST_DOUBLINGS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long the connection is left alone after a run, and the sentence that says so."""

    pause: timedelta
    sentence: str


def pace_of(allowance: Allowance | None, *, provider: str) -> Pace | None:
    """None while there is enough: polls go on as usual."""
    if allowance is None or allowance.share < SLOW_SHARE:
        return None
    used = f"{allowance.used:,} of the day's {allowance.limit:,} API calls of this {provider} are used"
    if is_spent(allowance):
        return Pace(
            pause=STOP_PAUSE,
            sentence=f"{used}. {STOP}",
        )
    return Pace(
        pause=SLOW_PAUSE,
        sentence=f"{used}. {SLOW}",
    )


def tells_a_pace(warning: str) -> bool:
    return warning.endswith((SLOW, STOP))


def is_spent(allowance: Allowance | None) -> bool:
    """So little is left that a run stops at the end of its page."""
    return allowance is not None and allowance.share >= STOP_SHARE


def backed_off(seconds: float, *, failures: int) -> timedelta:
    """A pause that we have guessed doubles with each failure since the last success."""
    return min(timedelta(seconds=seconds * (1 << min(failures, MOST_DOUBLINGS))), LONGEST_BACKOFF)
