"""Answers a search from the index."""

from collections.abc import Hashable

from demo.hubspot.associations import TARGET_OF_PSEUDO_PROPERTY
from demo.hubspot.portal import Portal
from demo.hubspot.property_definitions import PropertyType
from demo.hubspot.records import Record
from demo.hubspot.refusals import invalid
from demo.hubspot.search_filters import Filter, Selection, UnusableValue, remember_keys, selection
from demo.hubspot.search_index import Plan
from demo.hubspot.search_request import Groups, SearchRequest, SortBy

SEARCHED_TEXT = {
    "deals": ("dealname", "pipeline", "dealstage", "description", "dealtype"),
    "companies": ("name", "domain", "website", "phone"),
    "contacts": ("firstname", "lastname", "email", "phone", "company"),
    "line_items": ("name",),
}


def search(portal: Portal, object_type: str, request: SearchRequest) -> list[Record]:
    """All matching records, in order; the caller cuts the page out of them."""
    portal.catch_up_search(object_type)
    return portal.objects[object_type].index.matches(_plan(portal, object_type, request))


def _plan(portal: Portal, object_type: str, request: SearchRequest) -> Plan:
    by_id = request.sort is None or request.sort.property == "hs_object_id"
    groups, above = request.groups, None
    if by_id and not (request.sort and request.sort.descending):
        groups, above = _without_keyset(groups)
    key: Hashable = (groups, request.sort, request.query, portal.associations.version)
    compiled = [[_selection(portal, object_type, wanted) for wanted in group] for group in groups]
    if request.query:
        matching = _contains_text(SEARCHED_TEXT[object_type], request.query)
        compiled = [[matching, *group] for group in compiled or [[]]]
    return Plan(key=key, groups=compiled, order=_order(portal, object_type, request.sort), above=above)


def _without_keyset(groups: Groups) -> tuple[Groups, int | None]:
    """Takes `hs_object_id GT` out of a single group: all pages of a walk share one remembered answer."""
    if len(groups) != 1:
        return groups, None
    bounds = [wanted for wanted in groups[0] if _is_keyset(wanted)]
    rest = tuple(wanted for wanted in groups[0] if not _is_keyset(wanted))
    return ((rest,) if rest else ()), max((int(bound.value) for bound in bounds), default=None)


def _is_keyset(wanted: Filter) -> bool:
    return wanted.property == "hs_object_id" and wanted.operator == "GT" and wanted.value.isdigit()


def _selection(portal: Portal, object_type: str, wanted: Filter) -> Selection:
    if wanted.property.startswith("associations."):
        return _associated(portal, object_type, wanted)
    try:
        return selection(wanted, kind=_kind(portal, object_type, wanted.property))
    except UnusableValue as error:
        raise invalid(f"{error} is not a valid value for the property {wanted.property}") from error


def _kind(portal: Portal, object_type: str, name: str) -> PropertyType:
    known = portal.properties[object_type].get(name)
    if known is None or known.archived_at:
        raise invalid(f'Property "{name}" does not exist')
    return known.type


def _associated(portal: Portal, object_type: str, wanted: Filter) -> Selection:
    target = TARGET_OF_PSEUDO_PROPERTY.get(wanted.property)
    linked = portal.associations
    members = {wanted.value} if wanted.operator == "EQ" else set(wanted.values)
    if target is None or wanted.operator not in ("EQ", "IN"):
        raise invalid(f"{wanted.property} cannot be searched with {wanted.operator}")
    direction = (object_type, target)
    return lambda records: [r for r in records if not members.isdisjoint(linked.of(direction, r.id))]


def _contains_text(names: tuple[str, ...], query: str) -> Selection:
    words = query.lower().split()

    def holds(record: Record) -> bool:
        text = " ".join(record.properties.get(name) or "" for name in names).lower()
        return all(word in text for word in words)

    return lambda records: [record for record in records if holds(record)]


def _order(portal: Portal, object_type: str, sort: SortBy | None) -> Selection | None:
    """Records without the value come last, whatever the direction; equal ones keep the order of their ids."""
    if sort is None:
        return None
    name, kind = sort.property, _kind(portal, object_type, sort.property)

    def order(records: list[Record]) -> list[Record]:
        remember_keys(records, name, kind=kind)
        with_value = [record for record in records if record.keys[name] is not None]
        without = [record for record in records if record.keys[name] is None]
        return sorted(with_value, key=lambda record: record.keys[name], reverse=sort.descending) + without

    return order
