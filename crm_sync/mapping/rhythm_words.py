"""What a text says of how a contract is billed. Pure.

A text is understood when all its words are: whatever is left over or contradicts is told and never dropped.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

from contracts.enums import BillingCycle, BillingTiming, LeadDays
from crm_sync.mapping import synonyms
from crm_sync.mapping.rhythms import Rhythm, Timing
from crm_sync.mapping.synonyms import Phrase, phrases
from crm_sync.mapping.words import is_number, words_in

LONGEST_TEXT = 200
ISO_PERIOD = re.compile(r"P(?:(\d{1,3})Y)?(?:(\d{1,4})M)?", re.ASCII)
NOT_IN_MONTHS = Fraction(0)
"""Stands for weeks and days, which months cannot count."""
CYCLE_OF = {Fraction(cycle.months): cycle for cycle in BillingCycle if cycle.months}
UNITS: Mapping[str, Fraction] = {
    **dict.fromkeys(synonyms.MONTH_WORDS, Fraction(1)),
    **dict.fromkeys(synonyms.QUARTER_WORDS, Fraction(3)),
    **dict.fromkeys(synonyms.HALF_YEAR_WORDS, Fraction(6)),
    **dict.fromkeys(synonyms.YEAR_WORDS, Fraction(12)),
    **dict.fromkeys(synonyms.WEEK_WORDS | synonyms.DAY_WORDS, NOT_IN_MONTHS),
}
SHORT_UNITS = {
    **dict.fromkeys(synonyms.SHORT_MONTHS, Fraction(1)),
    **dict.fromkeys(synonyms.SHORT_YEARS, Fraction(12)),
}
MEANS_NOTHING = synonyms.FILLERS | synonyms.BEFORE_A_UNIT | synonyms.SEPARATORS


class Misread(StrEnum):
    """Why a text names no rhythm that can be billed."""

    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    NOT_BILLED = "not_billed"
    NO_CYCLE = "no_cycle"
    SEVERAL = "several"
    LEAD = "lead"
    MORE = "more"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRhythm:
    """`detail`: what the text can mean, or the words that are left over."""

    why: Misread
    detail: str = ""


@dataclass(slots=True, kw_only=True)
class Said:
    """All that the words of one text say. `months` of each rhythm; 0 where months cannot count it."""

    months: set[Fraction] = field(default_factory=set)
    is_once: bool = False
    is_upfront: bool = False
    is_irregular: bool = False
    names_none: bool = False
    meanings: set[str] = field(default_factory=set)
    timings: set[BillingTiming] = field(default_factory=set)
    leads: set[int] = field(default_factory=set)
    rest: list[str] = field(default_factory=list)

    @property
    def contradicts(self) -> bool:
        return len(self.timings) > 1 or len(self.leads) > 1

    @property
    def asks_other_lead(self) -> bool:
        """Other days ahead than Fincelo offers."""
        return not self.leads <= set(LeadDays.values)

    @property
    def timing(self) -> Timing | None:
        """None where the words name none, or none that can be told for certain."""
        is_denied = not synonyms.DENIALS.isdisjoint(self.rest)
        if self.contradicts or self.asks_other_lead or is_denied or not self.timings:
            return None
        lead_days = next(iter(self.leads), None)
        return Timing(timing=next(iter(self.timings)), lead_days=lead_days)


@lru_cache(maxsize=4096)
def rhythm_of(text: str) -> Rhythm | NoRhythm:
    """The one rhythm that a text names, or why it names none."""
    said = said_in(text)
    if refusal := refusal_of(said):
        return refusal
    cycle = BillingCycle.ONE_TIME if said.is_once else CYCLE_OF[next(iter(said.months))]
    return Rhythm(cycle=cycle, timing=said.timing)


@lru_cache(maxsize=1024)
def timing_of(text: str) -> Timing | None:
    """The timing that a text names, where it names nothing else."""
    said = said_in(text)
    is_upfront_alone = said.is_upfront and said.is_once and not said.months
    others = said.months or said.is_irregular or said.names_none or said.meanings or said.rest
    if others or (said.is_once and not is_upfront_alone):
        return None
    return Timing(timing=BillingTiming.IN_ADVANCE) if is_upfront_alone else said.timing


@lru_cache(maxsize=1024)
def timing_beside(text: str) -> Timing | NoRhythm | None:
    """The timing that is among the words of a text, whatever else it says; None where there is none.

    NoRhythm where the words speak of one and it cannot be told which.
    """
    said = said_in(text)
    if said.timings and said.timing is None:
        return NoRhythm(why=Misread.SEVERAL)
    return said.timing


def said_in(text: str) -> Said:
    """Of a longer text nothing is read."""
    if len(text) > LONGEST_TEXT:
        return Said(rest=[text])
    period = ISO_PERIOD.fullmatch(text.strip().upper())
    if period and (period[1] or period[2]):
        return Said(months={Fraction(int(period[1] or 0) * 12 + int(period[2] or 0))})
    said = Reading(words=words_in(text)).read()
    if said.is_upfront and (said.months or said.is_once):
        said.timings.add(BillingTiming.IN_ADVANCE)
    said.is_once = said.is_once or (said.is_upfront and not said.months)
    return said


def refusal_of(said: Said) -> NoRhythm | None:
    """Why the words do not come to one rhythm; None where they do."""
    billed = said.months & CYCLE_OF.keys()
    is_unbilled = said.months != billed or said.is_irregular
    cycles = len(billed) + said.is_once
    if said.meanings:
        return NoRhythm(why=Misread.AMBIGUOUS, detail=" or ".join(sorted(said.meanings)))
    if is_unbilled and not cycles:
        return NoRhythm(why=Misread.NOT_BILLED)
    if cycles > 1 or is_unbilled or (cycles and (said.contradicts or said.names_none)):
        return NoRhythm(why=Misread.SEVERAL)
    if not cycles:
        is_none = said.names_none and not said.rest
        return NoRhythm(why=Misread.NO_CYCLE if is_none else Misread.UNKNOWN)
    if said.rest:
        return NoRhythm(why=Misread.MORE, detail=" ".join(said.rest))
    return NoRhythm(why=Misread.LEAD) if said.asks_other_lead else None


def longest_first(listed: Iterable[Phrase]) -> Mapping[int, frozenset[Phrase]]:
    """By their number of words, the longest first."""
    found = list(listed)
    sizes = sorted({len(phrase) for phrase in found}, reverse=True)
    return {size: frozenset(phrase for phrase in found if len(phrase) == size) for size in sizes}


CYCLES = {
    phrase: Fraction(cycle.months)
    for cycle, listed in synonyms.CYCLE_PHRASES.items()
    if cycle.months
    for phrase in phrases(listed)
}
AMBIGUOUS = {
    phrase: meaning for meaning, listed in synonyms.AMBIGUOUS_PHRASES.items() for phrase in phrases(listed)
}
TIMINGS = {phrase: timing for timing, listed in synonyms.TIMING_PHRASES.items() for phrase in phrases(listed)}
BY_LENGTH = {
    "cycle": longest_first(CYCLES),
    "ambiguous": longest_first(AMBIGUOUS),
    "timing": longest_first(TIMINGS),
    "once": longest_first(phrases(synonyms.CYCLE_PHRASES[BillingCycle.ONE_TIME])),
    "irregular": longest_first(phrases(synonyms.NOT_BILLED_PHRASES)),
    "none": longest_first(phrases(synonyms.NO_CYCLE_PHRASES)),
    "upfront": longest_first(phrases(synonyms.UPFRONT_PHRASES)),
    "lead": longest_first(phrases(synonyms.LEAD_PHRASES)),
}


@dataclass(slots=True, kw_only=True)
class Reading:
    """Goes through the words once. Each step takes the longest that it knows, from the left."""

    words: Sequence[str]
    said: Said = field(default_factory=Said)

    def read(self) -> Said:
        at = 0
        while at < len(self.words):
            taken = self.take(at)
            if not taken:
                self.said.rest.append(self.words[at])
            at += taken or 1
        return self.said

    def take(self, at: int) -> int:
        """How many words from there on were understood."""
        return (
            self.lead(at)
            or self.times(at)
            or self.phrase(at)
            or self.span(at)
            or self.event(at)
            or self.filler(at)
        )

    def word(self, at: int) -> str:
        return self.words[at] if 0 <= at < len(self.words) else ""

    def number(self, at: int) -> Fraction | None:
        word = self.word(at)
        if word in synonyms.NUMBERS:
            return Fraction(synonyms.NUMBERS[word])
        return number_of(word) if word and is_number(word) else None

    def lead(self, at: int) -> int:
        """30 days before."""
        number = self.number(at)
        if number is None or self.word(at + 1) not in synonyms.DAY_WORDS:
            return 0
        phrase = self.starts("lead", at=at + 2)
        if phrase is None:
            return 0
        self.said.timings.add(BillingTiming.IN_ADVANCE)
        self.said.leads.add(int(number) if number.denominator == 1 else -1)
        return 2 + len(phrase)

    def times(self, at: int) -> int:
        """4 times a year, twice yearly, 2x per year."""
        number, end = self.number(at), at + 2
        if self.word(at) in synonyms.TWICE:
            number, end = Fraction(synonyms.TWICE[self.word(at)]), at + 1
        elif self.word(at + 1) not in synonyms.TIMES:
            return 0
        while self.word(end) in synonyms.BEFORE_A_UNIT:
            end += 1
        unit = UNITS.get(self.word(end), CYCLES.get((self.word(end),)))
        if unit is None or not number:
            return 0
        self.said.months.add(Fraction(unit) / number)
        return end + 1 - at

    def phrase(self, at: int) -> int:
        said = self.said
        if phrase := self.starts("ambiguous", at=at):
            said.meanings.add(AMBIGUOUS[phrase])
        elif phrase := self.starts("irregular", at=at):
            said.is_irregular = True
        elif phrase := self.starts("timing", at=at):
            said.timings.add(TIMINGS[phrase])
        elif phrase := self.starts("upfront", at=at):
            said.is_upfront = True
        elif phrase := self.starts("once", at=at):
            said.is_once = True
        elif phrase := self.starts("cycle", at=at):
            said.months.add(CYCLES[phrase])
        elif phrase := self.starts("none", at=at):
            said.names_none = True
        return len(phrase) if phrase else 0

    def span(self, at: int) -> int:
        """3 months, half a year, or one unit on its own: quarter."""
        number = self.number(at)
        if number is not None:
            word = self.word(at + 1)
            unit = UNITS.get(word, SHORT_UNITS.get(word))
            if unit is None:
                return 0
            self.said.months.add(number * unit)
            return 2
        if self.word(at) == "half":
            place = at + 2 if self.word(at + 1) == "a" else at + 1
            if self.word(place) not in synonyms.YEAR_WORDS:
                return 0
            self.said.months.add(Fraction(6))
            return place + 1 - at
        return self.unit(at)

    def unit(self, at: int) -> int:
        word = self.word(at)
        is_named = word in synonyms.NAMES_A_CYCLE or self.word(at - 1) in synonyms.BEFORE_A_UNIT
        if word not in UNITS or not is_named:
            return 0
        self.said.months.add(UNITS[word])
        return 1

    def event(self, at: int) -> int:
        """On the end of something, which no calendar tells."""
        if not synonyms.EVENT_WORDS.intersection(self.words):
            return 0
        self.said.is_irregular = True
        return 1 if self.word(at) in synonyms.EVENT_WORDS | synonyms.AROUND_EVENTS else 0

    def filler(self, at: int) -> int:
        word = self.word(at)
        return (
            1
            if word in synonyms.FILLERS or word in synonyms.BEFORE_A_UNIT or word in synonyms.SEPARATORS
            else 0
        )

    def starts(self, kind: str, *, at: int) -> Phrase | None:
        """The longest phrase of that kind that stands there."""
        for size, listed in BY_LENGTH[kind].items():
            phrase = tuple(self.words[at : at + size])
            if phrase in listed:
                return phrase
        return None


def number_of(word: str) -> Fraction | None:
    """With at most two decimals: of 1.500 nobody knows whether its point groups thousands."""
    whole, _, decimals = word.replace(",", ".").partition(".")
    if len(whole) > 6 or len(decimals) > 2 or "." in decimals:
        return None
    return Fraction(f"{whole}.{decimals or 0}")
