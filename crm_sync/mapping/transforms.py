"""How a field's raw value is read: the translation table first, then the transform. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from contracts.enums import CustomFieldType
from crm_sync.deals import RawValue
from crm_sync.enums import HoldCode, NumberFormat, Target, TermUnit, Transform
from crm_sync.mapping import readers
from crm_sync.mapping.readers import Unreadable
from crm_sync.mapping.rhythm_words import NoRhythm, timing_beside
from crm_sync.mapping.rhythms import Rhythm, Timing
from crm_sync.mapping.rules import FieldRule, MappingSettings
from crm_sync.mapping.words import same_words

Reading = tuple[Any, str]
"""The value, and in words how it was read."""
Reader = Callable[[RawValue], Reading]

LONGEST = {
    Target.CUSTOMER_NAME: 500,
    Target.ACCOUNT_MANAGER: 320,
    Target.BILLING_EMAIL: 320,
    Target.PO_NUMBER: 100,
    Target.TAX_ID: 64,
    Target.ADDRESS: 2000,
    Target.STREET: 1000,
    Target.STREET_2: 1000,
    Target.POST_CODE: 20,
    Target.CITY: 100,
    Target.REGION: 100,
    Target.CUSTOM: 2000,
}
UNREADABLE = {
    Target.CONTRACT_VALUE: HoldCode.AMOUNT_UNREADABLE,
    Target.START_DATE: HoldCode.DATE_OUT_OF_RANGE,
    Target.DURATION: HoldCode.TERM_UNREADABLE,
    Target.BILLING_CYCLE: HoldCode.FREQUENCY_UNKNOWN,
    Target.BILLING_TIMING: HoldCode.FREQUENCY_UNKNOWN,
    Target.CURRENCY: HoldCode.CURRENCY_UNKNOWN,
    Target.COUNTRY: HoldCode.COUNTRY_UNKNOWN,
}
MISSING = {
    Target.CUSTOMER_NAME: HoldCode.CUSTOMER_NAME_MISSING,
    Target.CONTRACT_VALUE: HoldCode.AMOUNT_MISSING,
    Target.START_DATE: HoldCode.DATE_MISSING,
    Target.DURATION: HoldCode.TERM_MISSING,
    Target.BILLING_CYCLE: HoldCode.FREQUENCY_MISSING,
    Target.CURRENCY: HoldCode.CURRENCY_UNKNOWN,
}


def unreadable_code(target: Target) -> HoldCode:
    return UNREADABLE.get(target, HoldCode.TEXT_INVALID)


def missing_code(rule: FieldRule) -> HoldCode | None:
    """None where a deal may do without."""
    needed = MISSING.get(rule.target)
    return needed or (HoldCode.TEXT_INVALID if rule.is_required else None)


def reader_of(rule: FieldRule, *, settings: MappingSettings, table: Mapping[str, str]) -> Reader:
    """Reads what the CRM sent. Raises Unreadable; nothing is guessed."""
    after = plain_reader(rule, settings=settings)
    if not table and rule.applied is not Transform.TABLE_ONLY:
        return after
    entered = entered_reader(rule, settings=settings)

    def read(raw: RawValue) -> Reading:
        words = same_words(readers.text_of(raw))
        if words in table:
            return with_timing(entered(table[words])[0], raw=raw), "translation"
        if rule.applied is Transform.TABLE_ONLY:
            raise Unreadable(
                unreadable_code(rule.target), "is not in the translation table; add a translation for it"
            )
        return after(raw)

    return read


def with_timing(value: Any, *, raw: RawValue) -> Any:
    """A translation that names a cycle alone leaves the timing to the words that it translates."""
    if not isinstance(value, Rhythm) or value.timing is not None:
        return value
    timing = timing_beside(readers.text_of(raw))
    if isinstance(timing, NoRhythm):
        raise Unreadable(
            HoldCode.FREQUENCY_UNKNOWN,
            "says when it is billed in words that Fincelo cannot tell; choose the timing with the cycle",
        )
    return replace(value, timing=timing)


def beside(words: RawValue, *, reader: Reader) -> Reader:
    """Reads an entry in the place of what the CRM says, whose words may name the timing."""
    if readers.is_missing(words):
        return reader

    def read(entered: RawValue) -> Reading:
        value, how = reader(entered)
        return with_timing(value, raw=words), how

    return read


def entered_reader(rule: FieldRule, *, settings: MappingSettings) -> Reader:
    """Reads what a person entered here: a default, a constant, a translation, an override."""
    canonical = FieldRule(
        target=rule.target,
        custom_label=rule.custom_label,
        custom_type=rule.custom_type,
        term_unit=TermUnit.MONTHS,
    )
    return Canonical(rule=canonical, settings=settings, is_entered=True).read


def has_table(rule: FieldRule) -> bool:
    """Amounts and days are read, not translated: a word for one of them would be the same in every deal."""
    if rule.target is Target.CUSTOM:
        return True
    return rule.target not in (Target.CONTRACT_VALUE, Target.START_DATE)


def stored_form(rule: FieldRule, *, text: str, settings: MappingSettings) -> str:
    """A default, constant or translation as it is kept, the same however it was typed. Raises Unreadable."""
    if readers.is_missing(text):
        return ""
    value = entered_reader(rule, settings=settings)(text)[0]
    if rule.target is Target.DURATION:
        return f"{value} months"
    if isinstance(value, Rhythm | Timing):
        return value.code
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def plain_reader(rule: FieldRule, *, settings: MappingSettings) -> Reader:
    return Canonical(rule=rule, settings=settings).read


@dataclass(frozen=True, slots=True, kw_only=True)
class Canonical:
    """The reading of one field without its table. `is_entered`: here, by a person."""

    rule: FieldRule
    settings: MappingSettings
    is_entered: bool = False

    def read(self, raw: RawValue) -> Reading:
        reading = BY_TARGET.get(self.rule.target, Canonical.text)
        return reading(self, raw)

    def amount(self, raw: RawValue) -> Reading:
        amount = readers.read_amount(readers.ungrouped(raw, form=self.rule.number_format))
        return amount, self.number_words()

    def number_words(self) -> str:
        form = self.rule.number_format
        return "number" if form is NumberFormat.PLAIN else f"number, {form.label[0].lower()}{form.label[1:]}"

    def day(self, raw: RawValue) -> tuple[date, str]:
        is_moment = isinstance(raw, str) and len(raw.strip()) > len("2026-01-01")
        day = readers.read_date(raw, time_zone=self.settings.time_zone)
        return day, f"date in {self.settings.time_zone}" if is_moment else "date"

    def months(self, raw: RawValue) -> Reading:
        unit = self.rule.term_unit or self.settings.term_unit
        months = readers.read_months(raw, unit=unit, is_entered=self.is_entered)
        return months, f"months, plain numbers are {unit.label.lower()}"

    def rhythm(self, raw: RawValue) -> tuple[Rhythm, str]:
        return readers.read_rhythm(raw)

    def timing(self, raw: RawValue) -> tuple[Timing, str]:
        return readers.read_timing(raw)

    def currency(self, raw: RawValue) -> Reading:
        return readers.read_currency(raw), "as is"

    def country(self, raw: RawValue) -> Reading:
        return readers.read_country(raw), "country"

    def rate(self, raw: RawValue) -> Reading:
        return readers.read_tax_rate(raw), "percent"

    def text(self, raw: RawValue) -> Reading:
        if isinstance(raw, bool) and self.rule.target is Target.CUSTOMER_NAME:
            raise Unreadable(HoldCode.TEXT_INVALID, "is an answer of yes or no, and no name")
        return readers.read_text(raw, longest=LONGEST[self.rule.target]), "as is"

    def lines(self, raw: RawValue) -> Reading:
        return readers.read_lines(raw, longest=LONGEST[self.rule.target]), "as is"

    def custom(self, raw: RawValue) -> Reading:
        if self.rule.custom_type is CustomFieldType.NUMBER:
            number: Decimal = readers.read_custom_number(readers.ungrouped(raw, form=self.rule.number_format))
            return number, self.number_words()
        if self.rule.custom_type is CustomFieldType.DATE:
            return self.day(raw)
        if self.rule.custom_type is CustomFieldType.YES_NO:
            return readers.read_yes_no(raw), "yes or no"
        return self.text(raw)


BY_TARGET: Mapping[Target, Callable[[Canonical, RawValue], Reading]] = {
    Target.CONTRACT_VALUE: Canonical.amount,
    Target.START_DATE: Canonical.day,
    Target.DURATION: Canonical.months,
    Target.BILLING_CYCLE: Canonical.rhythm,
    Target.BILLING_TIMING: Canonical.timing,
    Target.CURRENCY: Canonical.currency,
    Target.ADDRESS: Canonical.lines,
    Target.STREET: Canonical.lines,
    Target.STREET_2: Canonical.lines,
    Target.COUNTRY: Canonical.country,
    Target.TAX_RATE: Canonical.rate,
    Target.CUSTOM: Canonical.custom,
}
