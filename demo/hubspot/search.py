"""Answers a search from the index."""

from collections.abc import Hashable

from demo.hubspot.associations import TARGET_OF_PSEUDO_PROPERTY
from demo.hubspot.portal import Portal
from demo.hubspot.property_definitions import PropertyType
from demo.hubspot.records import Record
from demo.hubspot.refusals import invalid
from demo.hubspot.search_filters import Filter, Predicate, UnusableValue, predicate, reader
from demo.hubspot.search_index import Plan, Sort
from demo.hubspot.search_request import Groups, SearchRequest

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
    compiled = [[_predicate(portal, object_type, wanted) for wanted in group] for group in groups]
    if request.query:
        holds = _contains_text(SEARCHED_TEXT[object_type], request.query)
        compiled = [[holds, *group] for group in compiled or [[]]]
    return Plan(key=key, groups=compiled, sort=_sort(portal, object_type, request), above=above)


def _without_keyset(groups: Groups) -> tuple[Groups, int | None]:
    """Takes `hs_object_id GT` out of a single group: all pages of a walk share one remembered answer."""
    if len(groups) != 1:
        return groups, None
    bounds = [wanted for wanted in groups[0] if _is_keyset(wanted)]
    rest = tuple(wanted for wanted in groups[0] if not _is_keyset(wanted))
    return ((rest,) if rest else ()), max((int(bound.value) for bound in bounds), default=None)


def _is_keyset(wanted: Filter) -> bool:
    return wanted.property == "hs_object_id" and wanted.operator == "GT" and wanted.value.isdigit()


def _predicate(portal: Portal, object_type: str, wanted: Filter) -> Predicate:
    if wanted.property.startswith("associations."):
        return _associated(portal, object_type, wanted)
    try:
        return predicate(wanted, kind=_kind(portal, object_type, wanted.property))
    except UnusableValue as error:
        raise invalid(f"{error} is not a valid value for the property {wanted.property}") from error


def _kind(portal: Portal, object_type: str, name: str) -> PropertyType:
    known = portal.properties[object_type].get(name)
    if known is None or known.archived_at:
        raise invalid(f'Property "{name}" does not exist')
    return known.type


def _associated(portal: Portal, object_type: str, wanted: Filter) -> Predicate:
    target = TARGET_OF_PSEUDO_PROPERTY.get(wanted.property)
    members = {wanted.value} if wanted.operator == "EQ" else set(wanted.values)
    if target is None or wanted.operator not in ("EQ", "IN"):
        raise invalid(f"{wanted.property} cannot be searched with {wanted.operator}")
    linked = portal.associations
    return lambda record: any(other in members for other in linked.of((object_type, target), record.id))


def _contains_text(names: tuple[str, ...], query: str) -> Predicate:
    words = query.lower().split()

    def holds(record: Record) -> bool:
        text = " ".join(record.properties.get(name) or "" for name in names).lower()
        return all(word in text for word in words)

    return holds


def _sort(portal: Portal, object_type: str, request: SearchRequest) -> Sort | None:
    if request.sort is None:
        return None
    kind = _kind(portal, object_type, request.sort.property)
    return Sort(read=reader(request.sort.property, kind=kind), descending=request.sort.descending)
