"""Choices of a field whose value says something else than what people see. Pure.

A deal holds the value, and people chose the label: where both can be read and differ, neither is taken.
"""

from collections.abc import Iterator, Mapping

from crm_sync.deals import CrmField
from crm_sync.enums import Target, Transform
from crm_sync.mapping.durations import months_of_text
from crm_sync.mapping.readers import Unreadable
from crm_sync.mapping.rhythm_words import Misread, NoRhythm, rhythm_of, timing_beside, timing_of
from crm_sync.mapping.rhythms import Rhythm, Timing
from crm_sync.mapping.rules import FieldRule, MappingSettings
from crm_sync.mapping.transforms import reader_of
from crm_sync.mapping.words import same_words

CONTRADICT = frozenset({Misread.NOT_BILLED, Misread.SEVERAL, Misread.LEAD})
"""What a label is understood to say, and no value can mean."""


def contradictions(
    rule: FieldRule, *, source: CrmField, table: Mapping[str, str], settings: MappingSettings
) -> Iterator[tuple[str, str]]:
    """(value, label) of the choices that are read as something else than their label says."""
    if rule.applied is Transform.CONSTANT:
        return
    read = reader_of(rule, settings=settings, table=table)
    for value, label in source.options:
        if same_words(value) == same_words(label) or same_words(value) in table:
            continue
        try:
            found = read(value)[0]
        except Unreadable:
            continue  # its deals are held, with the cure
        if says_otherwise(label, target=rule.target, found=found):
            yield value, label


def says_otherwise(label: str, *, target: Target, found: object) -> bool:
    if target is Target.DURATION:
        months = months_of_text(label)
        return bool(months) and months != found
    if target is Target.BILLING_TIMING and isinstance(found, Timing):
        timing = timing_of(label)
        return timing is not None and timing.contradicts(found)
    return isinstance(found, Rhythm) and is_other_rhythm(label, found=found)


def is_other_rhythm(label: str, *, found: Rhythm) -> bool:
    said, timing = rhythm_of(label), timing_beside(label)
    if isinstance(timing, NoRhythm):
        return True
    if timing is not None and (found.timing is None or timing.contradicts(found.timing)):
        return True
    if isinstance(said, NoRhythm):
        return said.why in CONTRADICT
    return said.cycle is not found.cycle
