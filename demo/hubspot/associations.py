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
}

TARGET_OF_PSEUDO_PROPERTY = {
    "associations.company": "companies",
    "associations.contact": "contacts",
    "associations.deal": "deals",
}

Links = dict[str, list[AssociationType]]


class Associations:
    """Links in the order they were made. `version` changes with every change, for caches."""

    def __init__(self) -> None:
        self._links: dict[Direction, dict[str, Links]] = defaultdict(lambda: defaultdict(dict))
        self._labels: dict[Direction, dict[str, AssociationType]] = defaultdict(dict)
        self.version = 0

    def of(self, direction: Direction, from_id: str) -> Links:
        return self._links[direction].get(from_id, {})

    def link(
        self, direction: Direction, from_id: str, to_id: str, *, primary: bool, label: str | None
    ) -> None:
        """A new primary takes the place of the old one, as in HubSpot."""
        if primary:
            self._drop_primary(direction, from_id)
        for way, source, target in _both_ways(direction, from_id, to_id):
            standard = STANDARD_LINKS[way]
            types = [standard.plain]
            if primary and standard.primary:
                types.append(standard.primary)
            if label:
                types.append(self._label(way, label))
            self._links[way][source][target] = types
        self.version += 1

    def unlink(self, direction: Direction, from_id: str, to_id: str) -> None:
        for way, source, target in _both_ways(direction, from_id, to_id):
            self._links[way][source].pop(target, None)
        self.version += 1

    def labels(self, direction: Direction) -> list[AssociationType]:
        standard = STANDARD_LINKS[direction]
        types = [standard.primary, standard.plain, *self._labels[direction].values()]
        return [kind for kind in types if kind]

    def rows(self) -> list[tuple[str, str, str, str, list[AssociationType]]]:
        """Every direction of every link, flat, for storage."""
        return [
            (source, target, from_id, to_id, types)
            for (source, target), by_source in self._links.items()
            for from_id, links in by_source.items()
            for to_id, types in links.items()
        ]

    def restore(self, direction: Direction, from_id: str, to_id: str, types: list[AssociationType]) -> None:
        self._links[direction][from_id][to_id] = types
        for kind in types:
            if kind.category == "USER_DEFINED" and kind.label:
                self._labels[direction][kind.label] = kind

    def _label(self, direction: Direction, label: str) -> AssociationType:
        known = self._labels[direction]
        number = 37 + sum(len(labels) for labels in self._labels.values())
        return known.setdefault(label, AssociationType(type_id=number, label=label, category="USER_DEFINED"))

    def _drop_primary(self, direction: Direction, from_id: str) -> None:
        for to_id in self.of(direction, from_id):
            for way, source, target in _both_ways(direction, from_id, to_id):
                types = self._links[way][source][target]
                self._links[way][source][target] = [t for t in types if t != STANDARD_LINKS[way].primary]


def _both_ways(direction: Direction, from_id: str, to_id: str) -> list[tuple[Direction, str, str]]:
    source, target = direction
    return [(direction, from_id, to_id), ((target, source), to_id, from_id)]
