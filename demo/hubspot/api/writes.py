"""Makes, changes, archives, merges and deletes records, one or many at a time."""

from typing import Any

from demo.hubspot.api.association_writes import ends_of, link_as
from demo.hubspot.api.call import Call, batch_inputs, object_type_named
from demo.hubspot.api.record_bodies import DEFAULT_PROPERTIES, shown
from demo.hubspot.portal import Portal
from demo.hubspot.records import Record
from demo.hubspot.refusals import invalid, not_found, unreadable_json
from demo.hubspot.timestamps import write_moment
from demo.hubspot.written_values import Values, check_values
from demo.messages import Response, json_response

BATCH_MAXIMUM = 100
NO_CONTENT = 204


def create_object(call: Call, *, object_type: str) -> Response:
    kind = object_type_named(object_type)
    return json_response(_created(call, kind, call.item()), status=201)


def update_object(call: Call, *, object_type: str, object_id: str) -> Response:
    kind = object_type_named(object_type)
    return json_response(_updated(call, kind, object_id, call.item()))


def archive_object(call: Call, *, object_type: str, object_id: str) -> Response:
    """Archiving what is archived already changes nothing."""
    kind = object_type_named(object_type)
    if object_id not in call.store(kind).records:
        raise not_found()
    _archive(call.portal, kind, object_id)
    return Response(status=NO_CONTENT)


def create_batch(call: Call, *, object_type: str) -> Response:
    kind = object_type_named(object_type)
    inputs = _batch(call, key="properties")
    return _complete(call, [_created(call, kind, item) for item in inputs], status=201)


def update_batch(call: Call, *, object_type: str) -> Response:
    kind = object_type_named(object_type)
    inputs = batch_inputs(call.item(), maximum=BATCH_MAXIMUM)
    return _complete(call, [_updated(call, kind, str(item["id"]), item) for item in inputs], status=200)


def archive_batch(call: Call, *, object_type: str) -> Response:
    """Ids that do not exist are passed over."""
    kind = object_type_named(object_type)
    for item in batch_inputs(call.item(), maximum=BATCH_MAXIMUM):
        if str(item["id"]) in call.store(kind).records:
            _archive(call.portal, kind, str(item["id"]))
    return Response(status=NO_CONTENT)


def merge_objects(call: Call, *, object_type: str) -> Response:
    kind = object_type_named(object_type)
    body = call.item()
    primary_id, other_id = (str(body.get(name) or "") for name in ("primaryObjectId", "objectIdToMerge"))
    if primary_id == other_id:
        raise invalid("An object cannot be merged with itself")
    for object_id in (primary_id, other_id):
        _living(call, kind, object_id)
    merged_id = call.portal.merge(kind, primary_id, other_id)
    return json_response(_body(call, kind, merged_id, names=()))


def delete_for_good(call: Call, *, object_type: str) -> Response:
    """The privacy delete."""
    kind = object_type_named(object_type)
    object_id = str(call.item().get("objectId") or "")
    if object_id not in call.store(kind).records:
        raise not_found()
    call.portal.delete_for_good(kind, object_id)
    return Response(status=NO_CONTENT)


def _created(call: Call, kind: str, item: dict[str, Any]) -> dict[str, Any]:
    portal = call.portal
    values = check_values(portal, kind, _properties(item))
    if kind == "deals":
        record_id = portal.add_deal(company_id=None, created_at=None, modified_at=None, **values)
    else:
        record_id = portal.add(kind, values)
    for link in item.get("associations") or ():
        types = link.get("types") or []
        link_as(call, ends_of(kind, types), record_id, str(link["to"]["id"]), types)
    return _body(call, kind, record_id, names=values)


def _updated(call: Call, kind: str, object_id: str, item: dict[str, Any]) -> dict[str, Any]:
    _living(call, kind, object_id)
    values = check_values(call.portal, kind, _properties(item))
    if kind == "deals":
        call.portal.update_deal(object_id, **values)
    else:
        call.portal.change(kind, object_id, values)
    return _body(call, kind, object_id, names=values)


def _archive(portal: Portal, kind: str, object_id: str) -> None:
    if portal.objects[kind].records[object_id].archived_at is None:
        portal.archive(kind, object_id)


def _living(call: Call, kind: str, object_id: str) -> Record:
    record = call.store(kind).find(object_id)
    if record is None:
        raise not_found()
    return record


def _properties(item: dict[str, Any]) -> dict[str, Any]:
    properties = item.get("properties")
    if not isinstance(properties, dict):
        raise unreadable_json(
            "Cannot build SimplePublicObjectInput, some of required attributes are not set [properties]"
        )
    return properties


def _batch(call: Call, *, key: str) -> list[dict[str, Any]]:
    inputs = call.item().get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(item, dict) and key in item for item in inputs):
        raise unreadable_json("Cannot build BatchInput, some of required attributes are not set [inputs]")
    if len(inputs) > BATCH_MAXIMUM:
        raise invalid(f"The number of inputs ({len(inputs)}) is above the maximum of {BATCH_MAXIMUM}")
    return inputs


def _complete(call: Call, results: list[dict[str, Any]], *, status: int) -> Response:
    moment = write_moment(call.portal.clock())
    return json_response(
        {"status": "COMPLETE", "results": results, "startedAt": moment, "completedAt": moment}, status=status
    )


def _body(call: Call, kind: str, record_id: str, *, names: Values | tuple[str, ...]) -> dict[str, Any]:
    wanted = shown(call, kind, asked=[*DEFAULT_PROPERTIES[kind], *names])
    return wanted.body(call.store(kind).records[record_id])
