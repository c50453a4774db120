"""Which records belong together, both ways, with the types of each link."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Literal

Direction = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationType:
    type_id: int
    label: str | None = None
    category: Literal["HUBSPOT_DEFINED", "USER_DEFINED"] = "HUBSPOT_DEFINED"

    def body(self) -> dict[str, Any]:
        return {"category": self.category, "typeId": self.type_id, "label": self.label}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTypes:
    """The types HubSpot gives the two directions of one kind of link."""

    plain: AssociationType
    primary: AssociationType | None = None


STANDARD_LINKS: dict[Direction, LinkTypes] = {
    ("deals", "companies"): LinkTypes(
        plain=AssociationType(type_id=341), primary=AssociationType(type_id=5, label="Primary")
    ),
    ("companies", "deals"): LinkTypes(
        plain=AssociationType(type_id=342), primary=AssociationType(type_id=6, label="Primary")
    ),
    ("contacts", "companies"): LinkTypes(
        plain=AssociationType(type_id=279), primary=AssociationType(type_id=1, label="Primary")
    ),
    ("companies", "contacts"): LinkTypes(
        plain=AssociationType(type_id=280), primary=AssociationType(type_id=2, label="Primary")
    ),
    ("deals", "contacts"): LinkTypes(plain=AssociationType(type_id=3)),
    ("contacts", "deals"): LinkTypes(plain=AssociationType(type_id=4)),
    ("deals", "line_items"): LinkTypes(plain=AssociationType(type_id=19)),
    ("line_items", "deals"): LinkTypes(plain=AssociationType(type_id=20)),
}
HAS_ONE_PRIMARY = {("deals", "companies"), ("contacts", "companies")}

TARGET_OF_PSEUDO_PROPERTY = {
    "associations.company": "companies",
    "associations.contact": "contacts",
    "associations.deal": "deals",
}

Links = dict[str, list[AssociationType]]


class Associations:
    """Links in the order they were made. `version` changes with every change, for caches; `unsaved` names the
    records whose links the state file has to write."""

    def __init__(self) -> None:
        self._links: dict[Direction, dict[str, Links]] = defaultdict(lambda: defaultdict(dict))
        self._labels: dict[Direction, dict[str, AssociationType]] = defaultdict(dict)
        self.version = 0
        self.unsaved: set[tuple[Direction, str]] = set()

    def of(self, direction: Direction, from_id: str) -> Links:
        return self._links[direction].get(from_id, {})

    def has_primary(self, direction: Direction, from_id: str) -> bool:
        primary = STANDARD_LINKS[direction].primary
        return any(primary in types for types in self.of(direction, from_id).values())

    def link(
        self, direction: Direction, from_id: str, to_id: str, *, primary: bool, label: str | None
    ) -> None:
        """A new primary company takes the place of the old one, as in HubSpot."""
        if direction[::-1] in HAS_ONE_PRIMARY:
            direction, from_id, to_id = (direction[1], direction[0]), to_id, from_id
        if primary:
            self._drop_primary(direction, from_id)
        for way, source, target in _both_ways(direction, from_id, to_id):
            standard = STANDARD_LINKS[way]
            types = [standard.plain]
            if primary and standard.primary:
                types.append(standard.primary)
            if label:
                types.append(self._label(way, label))
            self._set(way, source, target, types)

    def unlink(self, direction: Direction, from_id: str, to_id: str) -> None:
        for way, source, target in _both_ways(direction, from_id, to_id):
            self._links[way][source].pop(target, None)
            self._changed(way, source)

    def move(self, object_type: str, from_id: str, to_id: str, *, primary: bool = True) -> None:
        """All links of one record to another; `primary`: a primary one stays so."""
        for direction in _directions_of(object_type):
            main = STANDARD_LINKS[direction].primary
            for other_id, types in list(self.of(direction, from_id).items()):
                self.unlink(direction, from_id, other_id)
                there = self.of(direction, to_id).get(other_id, [])
                kinds = [*there, *types]
                label = next((kind.label for kind in kinds if kind.category == "USER_DEFINED"), None)
                is_primary = main in there or (primary and main in types)
                self.link(direction, to_id, other_id, primary=is_primary, label=label)

    def drop(self, object_type: str, record_id: str) -> None:
        for direction in _directions_of(object_type):
            for other_id in list(self.of(direction, record_id)):
                self.unlink(direction, record_id, other_id)

    def labels(self, direction: Direction) -> list[AssociationType]:
        standard = STANDARD_LINKS[direction]
        types = [standard.primary, standard.plain, *self._labels[direction].values()]
        return [kind for kind in types if kind]

    def everything(self) -> list[tuple[Direction, str]]:
        """Each direction and record that has links."""
        return [(way, from_id) for way, by_source in self._links.items() for from_id in by_source]

    def restore(self, direction: Direction, from_id: str, links: Links) -> None:
        self._links[direction][from_id] = links
        self.version += 1
        for kind in (kind for types in links.values() for kind in types):
            if kind.category == "USER_DEFINED" and kind.label:
                self._labels[direction][kind.label] = kind

    def _set(self, direction: Direction, from_id: str, to_id: str, types: list[AssociationType]) -> None:
        self._links[direction][from_id][to_id] = types
        self._changed(direction, from_id)

    def _changed(self, direction: Direction, from_id: str) -> None:
        self.unsaved.add((direction, from_id))
        self.version += 1

    def _label(self, direction: Direction, label: str) -> AssociationType:
        known = self._labels[direction]
        number = 37 + sum(len(labels) for labels in self._labels.values())
        return known.setdefault(label, AssociationType(type_id=number, label=label, category="USER_DEFINED"))

    def _drop_primary(self, direction: Direction, from_id: str) -> None:
        for to_id in self.of(direction, from_id):
            for way, source, target in _both_ways(direction, from_id, to_id):
                types = self._links[way][source][target]
                self._set(way, source, target, [t for t in types if t != STANDARD_LINKS[way].primary])


def _both_ways(direction: Direction, from_id: str, to_id: str) -> list[tuple[Direction, str, str]]:
    source, target = direction
    return [(direction, from_id, to_id), ((target, source), to_id, from_id)]


def _directions_of(object_type: str) -> list[Direction]:
    return [direction for direction in STANDARD_LINKS if direction[0] == object_type]
