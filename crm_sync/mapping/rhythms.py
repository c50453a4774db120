"""When a contract is billed: the cycle, and in advance or in arrears where that is said. Values only."""

from dataclasses import dataclass

from contracts.enums import BillingCycle, BillingTiming, LeadDays


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """`lead_days` None: so many as the connection bills ahead."""

    timing: BillingTiming
    lead_days: int | None = None

    @property
    def code(self) -> str:
        """As it is stored; `timing_of` in `rhythm_words` reads it."""
        if self.lead_days is None or self.timing is BillingTiming.IN_ARREARS:
            return self.timing.value
        return f"{self.timing.value} {self.lead_days} days before"

    @property
    def label(self) -> str:
        said = str(self.timing.label)
        if not self.lead_days or self.timing is BillingTiming.IN_ARREARS:
            return said
        return f"{said}, {self.lead_days} days before"

    def contradicts(self, other: "Timing") -> bool:
        """Days ahead contradict only other ones."""
        known = {self.lead_days, other.lead_days} - {None}
        return self.timing is not other.timing or len(known) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """A billing cycle, and its timing where the words name one."""

    cycle: BillingCycle
    timing: Timing | None = None

    @property
    def code(self) -> str:
        """As it is stored; `rhythm_of` in `rhythm_words` reads it."""
        return f"{self.cycle.value} {self.timing.code}" if self.timing else self.cycle.value

    @property
    def label(self) -> str:
        cycle = str(self.cycle.label)
        return f"{cycle}, {self.timing.label[0].lower()}{self.timing.label[1:]}" if self.timing else cycle


def rhythm_choices() -> list[tuple[str, str]]:
    """What a person may choose, as (code, label): each cycle without a timing and with each that there is."""
    ahead = [Timing(timing=BillingTiming.IN_ADVANCE, lead_days=days) for days in LeadDays.values if days]
    timings = [None, Timing(timing=BillingTiming.IN_ADVANCE), *ahead, Timing(timing=BillingTiming.IN_ARREARS)]
    rhythms = [Rhythm(cycle=cycle, timing=timing) for cycle in BillingCycle for timing in timings]
    return [(rhythm.code, rhythm.label) for rhythm in rhythms]


def timing_choices() -> list[tuple[str, str]]:
    """Every timing as it is stored for one contract, as (code, label)."""
    ahead = [Timing(timing=BillingTiming.IN_ADVANCE, lead_days=days) for days in LeadDays.values]
    return [(one.code, one.label) for one in (*ahead, Timing(timing=BillingTiming.IN_ARREARS))]
