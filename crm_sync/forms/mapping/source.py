"""A CRM field as people see and type it, such as "Contract Term (Opportunity: Contract_Term__c)"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crm_sync.deals import CrmField
from crm_sync.enums import SourceObject
from crm_sync.mapping.rules import MappingSettings
from crm_sync.mapping.wording import object_words

FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*){0,4}")
SHOWN = re.compile(r".* \(([^():]+): ([^()]*)\)", re.DOTALL)
Source = tuple[SourceObject, str]


class NoSuchField(Exception):
    """What was typed names no field. The text is a sentence with what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """What the forms of one connection's mapping know of its CRM."""

    provider: str
    settings: MappingSettings
    fields: Sequence[CrmField]

    def field(self, source: Source) -> CrmField | None:
        place, name = source
        return next(
            (one for one in self.fields if one.source_object is place and one.name.lower() == name.lower()),
            None,
        )

    def shown(self, source: Source) -> str:
        """Label first and API name second; the API name alone of a field that is not in the schema."""
        place, name = source
        if not name:
            return ""
        known = self.field(source)
        return self.shown_field(known) if known else f"{object_words(self.provider)[place]}: {name}"

    def shown_field(self, one: CrmField) -> str:
        return f"{one.label} ({object_words(self.provider)[one.source_object]}: {one.name})"

    def named(self, text: str) -> Source | None:
        """The field that a text means; None for an empty one. Raises NoSuchField."""
        text = text.strip()
        if not text:
            return None
        shown = SHOWN.fullmatch(text)
        place, colon, name = (shown[1], ":", shown[2]) if shown else text.partition(":")
        source = self.spelled_out(place, name.strip()) if colon else self.alone(text)
        known = self.field(source)
        return (known.source_object, known.name) if known else source

    def spelled_out(self, place: str, name: str) -> Source:
        chosen = self.object_named(place)
        if chosen is None or not FIELD_NAME.fullmatch(name):
            raise NoSuchField(f"\u201c{name or place}\u201d is no API name of a field.")
        return chosen, name

    def alone(self, text: str) -> Source:
        """A name or a label on its own, as long as it can only mean one field."""
        for told in (names_of, labels_of):
            found = [one for one in self.fields if told(one) == text.casefold()]
            if len(found) == 1:
                return found[0].source_object, found[0].name
            if found:
                where = " and ".join(object_words(self.provider)[one.source_object] for one in found)
                raise NoSuchField(f"\u201c{text}\u201d is in {where}. Choose one from the list.")
        if not FIELD_NAME.fullmatch(text):
            raise NoSuchField(
                f"\u201c{text}\u201d is no field of the CRM. Choose one from the list, or type its API name."
            )
        place, point, path = text.partition(".")
        chosen = self.object_named(place) if point else None
        return (chosen, path) if chosen else (SourceObject.DEAL, text)

    def object_named(self, word: str) -> SourceObject | None:
        wanted = word.strip().casefold()
        for place, shown in object_words(self.provider).items():
            if wanted in (shown.casefold(), place.value):
                return place
        return None


def names_of(one: CrmField) -> str:
    return one.name.casefold()


def labels_of(one: CrmField) -> str:
    return one.label.casefold()
