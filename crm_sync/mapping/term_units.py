"""Whether the plain numbers in a CRM's field are months or years. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from crm_sync.deals import CrmField
from crm_sync.enums import TermUnit
from crm_sync.mapping import synonyms
from crm_sync.mapping.crm_types import Kind, kind_of
from crm_sync.mapping.durations import months_of_text
from crm_sync.mapping.readers import read_number
from crm_sync.mapping.words import words_in

MOST_YEARS = 10
"""No contract of more years is taken for one by its number alone."""
YEAR_NAMES = synonyms.YEAR_WORDS - {"an", "ar"} | {"yearly"}
MONTH_NAMES = synonyms.MONTH_WORDS
OTHER_NAMES = (
    synonyms.DAY_WORDS
    | synonyms.WEEK_WORDS
    | synonyms.QUARTER_WORDS
    | synonyms.HALF_YEAR_WORDS
    | {"quarterly"}
)
"""Of units in which no plain number is read."""


class Proof(StrEnum):
    """What tells the unit."""

    NAME = "name"
    OTHER_NAME = "other name"
    CHOICES = "choices"
    VALUES = "values"
    NOTHING = "nothing"
    DOUBT = "doubt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """`unit` None: nothing tells it, or it is another one. `proof` DOUBT: the values can be both."""

    unit: TermUnit | None
    proof: Proof
    example: str = ""


def evidence_of(field: CrmField) -> Evidence:
    """What a field's label, API name, choices and samples say of the unit of its plain numbers."""
    texts = (field.label, api_words(field.name))
    named = {unit for text in texts for unit in units_named(text)}
    other = next((word for text in texts for word in words_in(text) if word in OTHER_NAMES), "")
    if other and not named and has_plain_numbers(field):
        return Evidence(unit=None, proof=Proof.OTHER_NAME, example=other)
    if len(named) == 1 and not other:
        return Evidence(unit=named.pop(), proof=Proof.NAME)
    chosen = set(units_chosen(field))
    if len(chosen) == 1 and not named:
        return Evidence(unit=chosen.pop(), proof=Proof.CHOICES)
    numbers = list(plain_numbers(field))
    if not numbers:
        doubtful = named or chosen or has_plain_numbers(field)
        return Evidence(unit=None, proof=Proof.NOTHING if doubtful else Proof.VALUES)
    largest = max(numbers)
    if named or chosen or largest <= MOST_YEARS:
        return Evidence(unit=None, proof=Proof.DOUBT, example=f"{largest.normalize():f}")
    return Evidence(unit=TermUnit.MONTHS, proof=Proof.VALUES, example=f"{largest.normalize():f}")


def has_plain_numbers(field: CrmField) -> bool:
    """Or will have them, as far as its type tells."""
    is_written = any(months_of_text(value) for value in values_of(field))
    return any(plain_numbers(field)) or (not is_written and kind_of(field.type) is Kind.NUMBER)


def api_words(name: str) -> str:
    """An API name as its words: SBQQ__TermInYears__c is Term In Years."""
    plain = name.removesuffix("__c").rpartition("__")[2].rpartition(".")[2]
    parted = "".join(f" {one}" if one.isupper() and before.islower() else one for before, one in pairs(plain))
    return parted.replace("_", " ")


def pairs(text: str) -> Iterator[tuple[str, str]]:
    return zip(f" {text}", text, strict=False)


def units_named(text: str) -> set[TermUnit]:
    words = set(words_in(text))
    found = {TermUnit.YEARS} if words & YEAR_NAMES else set()
    return found | ({TermUnit.MONTHS} if words & MONTH_NAMES else set())


def units_chosen(field: CrmField) -> Iterator[TermUnit]:
    """Of choices that hold a number and show it with its unit."""
    for value, label in field.options:
        number, months = read_number(value), months_of_text(label)
        if number and months == number:
            yield TermUnit.MONTHS
        elif number and months == number * 12:
            yield TermUnit.YEARS


def values_of(field: CrmField) -> Iterable[str]:
    return [*(value for value, _ in field.options), *field.samples]


def plain_numbers(field: CrmField) -> Iterator[Decimal]:
    for value in values_of(field):
        number = read_number(value)
        if number is not None and number.is_finite() and 0 < number < 10_000:
            yield number
