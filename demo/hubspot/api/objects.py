"""Deals, companies, contacts and line items: list, get, batch read, search."""

from typing import Any

from demo.hubspot.api.call import Call, batch_inputs, object_type_named
from demo.hubspot.api.record_bodies import Shown, shown
from demo.hubspot.portal import Portal
from demo.hubspot.records import Record
from demo.hubspot.refusals import invalid, not_an_id, not_found
from demo.hubspot.search import search
from demo.hubspot.search_request import read_search
from demo.hubspot.timestamps import write_moment
from demo.messages import Response, json_response

LIST_MAXIMUM = 100
LIST_MAXIMUM_WITH_HISTORY = 50
BATCH_MAXIMUM = 100
SINGULAR = {"deals": "deal", "companies": "company", "contacts": "contact", "line_items": "line_item"}


def list_objects(call: Call, *, object_type: str) -> Response:
    kind = object_type_named(object_type)
    wanted = _wanted(call, kind)
    limit = call.limit(default=10, maximum=LIST_MAXIMUM_WITH_HISTORY if wanted.history else LIST_MAXIMUM)
    after = call.argument("after", "0")
    if not after.isdigit():
        raise invalid("after must be a number")
    records = call.store(kind).from_id(int(after), archived=call.flag("archived"))
    page = [record for record, _ in zip(records, range(limit + 1), strict=False)]
    body: dict[str, Any] = {"results": [_with_links(call, wanted, record) for record in page[:limit]]}
    if len(page) > limit:
        following = page[limit].id
        link = f"https://api.hubapi.com{call.request.path}?limit={limit}&after={following}"
        body["paging"] = {"next": {"after": following, "link": link}}
    return json_response(body)


def get_object(call: Call, *, object_type: str, object_id: str) -> Response:
    kind = object_type_named(object_type)
    key = call.argument("idProperty")
    if not key and not object_id.isdigit():
        raise not_an_id()
    record = _found(call, kind, object_id, key=key, archived=call.flag("archived"), follow=True)
    if record is None:
        raise not_found()
    return json_response(_with_links(call, _wanted(call, kind), record))


def batch_read(call: Call, *, object_type: str) -> Response:
    """Never in the order asked for. An id that was merged away is missing, by habit without an error."""
    kind = object_type_named(object_type)
    started_at = call.portal.clock()
    body = call.item()
    keys = [str(item["id"]) for item in batch_inputs(body, maximum=BATCH_MAXIMUM)]
    wanted = shown(call, kind, asked=body.get("properties"), history=body.get("propertiesWithHistory"))
    key, archived = str(body.get("idProperty") or ""), call.flag("archived")
    found = {
        text: record for text in keys if (record := _found(call, kind, text, key=key, archived=archived))
    }
    merged = () if call.portal.habits.batch_read_names_merged_ids else call.store(kind).aliases
    missing = [text for text in keys if text not in found and text not in merged]
    answer: dict[str, Any] = {
        "status": "COMPLETE",
        "results": [wanted.body(found[text]) for text in _shuffled(found)],
    }
    if missing:
        answer |= {"numErrors": 1, "errors": [_missing(kind, missing)]}
    answer |= {"startedAt": write_moment(started_at), "completedAt": write_moment(call.portal.clock())}
    return json_response(answer, status=207 if missing else 200)


def search_objects(call: Call, *, object_type: str) -> Response:
    """A match that was archived meanwhile counts in the total and takes its place in the page, unseen."""
    kind = object_type_named(object_type)
    request = read_search(call.item(), refuse_long=call.portal.habits.long_searches_refused)
    matches = search(call.portal, kind, request)
    end = request.after + request.limit
    wanted = shown(call, kind, asked=request.properties)
    page = matches[request.after : end]
    body: dict[str, Any] = {
        "total": len(matches),
        "results": [wanted.body(record) for record in page if call.store(kind).find(record.id)],
    }
    if end < len(matches) and request.limit:
        body["paging"] = {"next": {"after": str(end)}}
    return json_response(body)


def _wanted(call: Call, kind: str) -> Shown:
    return shown(call, kind, asked=call.names("properties"), history=call.names("propertiesWithHistory"))


def _found(
    call: Call, kind: str, text: str, *, key: str, archived: bool, follow: bool = False
) -> Record | None:
    """By id, or by a property whose values are unique; `follow` leads an old id to where it was merged."""
    store = call.store(kind)
    if key in ("", "hs_object_id"):
        return store.find(store.current_id(text) if follow else text, archived=archived)
    prop = call.portal.properties[kind].get(key)
    if prop is None or not prop.unique:
        raise invalid(f"{key} is not a unique property")
    records = store.from_id(0, archived=archived)
    return next((each for each in records if (each.properties.get(key) or "").lower() == text.lower()), None)


def _with_links(call: Call, wanted: Shown, record: Record) -> dict[str, Any]:
    body, kind = wanted.body(record), wanted.object_type
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
