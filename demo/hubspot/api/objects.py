"""Deals, companies and contacts: list, get, batch read, search."""

from typing import Any

from demo.http_server import Response, json_response
from demo.hubspot.api.call import Call, batch_inputs, object_type_named
from demo.hubspot.api.record_bodies import record_body, shown_properties
from demo.hubspot.portal import Portal
from demo.hubspot.records import Record
from demo.hubspot.refusals import invalid, not_an_id, not_found
from demo.hubspot.search import search
from demo.hubspot.search_request import read_search
from demo.hubspot.timestamps import write_moment

LIST_MAXIMUM = 100
BATCH_MAXIMUM = 100
SINGULAR = {"deals": "deal", "companies": "company", "contacts": "contact", "line_items": "line_item"}


def list_objects(call: Call, *, object_type: str) -> Response:
    kind = object_type_named(object_type)
    limit = call.limit(default=10, maximum=LIST_MAXIMUM)
    after = call.argument("after", "0")
    if not after.isdigit():
        raise invalid("after must be a number")
    names = shown_properties(call.portal, kind, call.names("properties"))
    records = call.store(kind).from_id(int(after), archived=call.flag("archived"))
    page = [record for record, _ in zip(records, range(limit + 1), strict=False)]
    body: dict[str, Any] = {"results": [_listed(call, kind, record, names) for record in page[:limit]]}
    if len(page) > limit:
        following = page[limit].id
        link = f"https://api.hubapi.com{call.request.path}?limit={limit}&after={following}"
        body["paging"] = {"next": {"after": following, "link": link}}
    return json_response(body)


def get_object(call: Call, *, object_type: str, object_id: str) -> Response:
    kind = object_type_named(object_type)
    if not object_id.isdigit():
        raise not_an_id()
    store = call.store(kind)
    record = store.find(store.current_id(object_id), archived=call.flag("archived"))
    if record is None:
        raise not_found()
    names = shown_properties(call.portal, kind, call.names("properties"))
    return json_response(_listed(call, kind, record, names))


def batch_read(call: Call, *, object_type: str) -> Response:
    """Never in the order asked for. An id that was merged away is missing without an error entry."""
    kind = object_type_named(object_type)
    started_at = call.portal.clock()
    body = call.body()
    ids = [str(item["id"]) for item in batch_inputs(body, maximum=BATCH_MAXIMUM)]
    if body.get("idProperty") not in (None, "hs_object_id"):
        raise invalid(f"{body['idProperty']} is not a unique property")
    names = shown_properties(call.portal, kind, body.get("properties"))
    store, archived = call.store(kind), call.flag("archived")
    found = {object_id: record for object_id in ids if (record := store.find(object_id, archived=archived))}
    missing = [object_id for object_id in ids if object_id not in found and object_id not in store.aliases]
    answer: dict[str, Any] = {
        "status": "COMPLETE",
        "results": [record_body(call.portal, kind, found[key], names=names) for key in _shuffled(found)],
    }
    if missing:
        answer |= {"numErrors": 1, "errors": [_missing(kind, missing)]}
    answer |= {"startedAt": write_moment(started_at), "completedAt": write_moment(call.portal.clock())}
    return json_response(answer, status=207 if missing else 200)


def search_objects(call: Call, *, object_type: str) -> Response:
    kind = object_type_named(object_type)
    request = read_search(call.body())
    matches = search(call.portal, kind, request)
    end = request.after + request.limit
    names = shown_properties(call.portal, kind, request.properties)
    body: dict[str, Any] = {
        "total": len(matches),
        "results": [
            record_body(call.portal, kind, record, names=names) for record in matches[request.after : end]
        ],
    }
    if end < len(matches) and request.limit:
        body["paging"] = {"next": {"after": str(end)}}
    return json_response(body)


def _listed(call: Call, kind: str, record: Record, names: list[str]) -> dict[str, Any]:
    body = record_body(call.portal, kind, record, names=names)
    linked = {
        target: _inline_links(call.portal, kind, object_type_named(target), record.id)
        for target in call.names("associations") or ()
    }
    associations = {target: {"results": results} for target, results in linked.items() if results}
    return {**body, "associations": associations} if associations else body


def _inline_links(portal: Portal, kind: str, target: str, record_id: str) -> list[dict[str, str]]:
    """A primary company is there twice, with and without the label."""
    name = f"{SINGULAR[kind]}_to_{SINGULAR[target]}"
    return [
        {"id": other_id, "type": suffix}
        for other_id, types in portal.associations.of((kind, target), record_id).items()
        for suffix in ([name, f"{name}_unlabeled"] if len(types) > 1 else [f"{name}_unlabeled"])
    ]


def _missing(kind: str, ids: list[str]) -> dict[str, Any]:
    name = SINGULAR[kind].upper()
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": f"Could not get some {name} objects, they may be deleted or not exist."
        " Check that ids are valid.",
        "context": {"ids": ids},
    }


def _shuffled(found: dict[str, Record]) -> list[str]:
    return sorted(found, key=lambda record_id: record_id[::-1])
