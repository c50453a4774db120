"""Links records and unlinks them, by the ids of the association types."""

from collections.abc import Iterable, Mapping
from typing import Any

from demo.hubspot.api.associations import direction_of
from demo.hubspot.api.call import TYPE_IDS, Call
from demo.hubspot.associations import STANDARD_LINKS, AssociationType, Direction
from demo.hubspot.portal_base import FIRST_IDS
from demo.hubspot.refusals import invalid, not_found, unreadable_json
from demo.hubspot.timestamps import write_moment
from demo.messages import Response, json_response

CREATE_MAXIMUM = 2_000
ARCHIVE_MAXIMUM = 100
Spec = Mapping[str, Any]


def link_default(call: Call, *, from_type: str, object_id: str, to_type: str, to_id: str) -> Response:
    ends = direction_of(from_type, to_type)
    link_as(call, ends, object_id, to_id, [])
    return _complete(call, [_default_link(ends, object_id, to_id)])


def link_one(call: Call, *, from_type: str, object_id: str, to_type: str, to_id: str) -> Response:
    ends = direction_of(from_type, to_type)
    specs = call.body()
    if not isinstance(specs, list):
        raise unreadable_json("Cannot deserialize instance of `java.util.ArrayList`")
    link_as(call, ends, object_id, to_id, specs)
    return json_response(_link_body(call, ends, object_id, to_id), status=201)


def unlink_one(call: Call, *, from_type: str, object_id: str, to_type: str, to_id: str) -> Response:
    call.portal.unlink(direction_of(from_type, to_type), object_id, to_id)
    return Response(status=204)


def create_batch(call: Call, *, from_type: str, to_type: str) -> Response:
    ends = direction_of(from_type, to_type)
    results = []
    for item in _inputs(call, maximum=CREATE_MAXIMUM):
        from_id, to_id = str(item["from"]["id"]), str(item["to"]["id"])
        link_as(call, ends, from_id, to_id, item.get("types") or [])
        results.append(_link_body(call, ends, from_id, to_id))
    return _complete(call, results, status=201)


def create_default_batch(call: Call, *, from_type: str, to_type: str) -> Response:
    ends = direction_of(from_type, to_type)
    results = []
    for item in _inputs(call, maximum=CREATE_MAXIMUM):
        from_id, to_id = str(item["from"]["id"]), str(item["to"]["id"])
        link_as(call, ends, from_id, to_id, [])
        results.append(_default_link(ends, from_id, to_id))
    return _complete(call, results)


def archive_batch(call: Call, *, from_type: str, to_type: str) -> Response:
    ends = direction_of(from_type, to_type)
    for item in _inputs(call, maximum=ARCHIVE_MAXIMUM):
        for target in item["to"]:
            call.portal.unlink(ends, str(item["from"]["id"]), str(target["id"]))
    return Response(status=204)


def link_as(call: Call, ends: Direction, from_id: str, to_id: str, specs: Iterable[Spec]) -> None:
    """Without a type the plain one, as the call for the default association does."""
    for kind, record_id in zip(ends, (from_id, to_id), strict=True):
        if call.store(kind).find(record_id) is None:
            raise not_found()
    types = [_named(call, ends, spec) for spec in specs]
    label = next((kind.label for kind in types if kind.category == "USER_DEFINED"), None)
    call.portal.link(ends, from_id, to_id, primary=STANDARD_LINKS[ends].primary in types, label=label)


def ends_of(kind: str, specs: Iterable[Spec]) -> Direction:
    """The direction to which the standard types belong; a new record says it by them alone."""
    wanted = {spec.get("associationTypeId") for spec in specs}
    for target in FIRST_IDS:
        standard = STANDARD_LINKS.get((kind, target))
        known = [each.type_id for each in (standard.plain, standard.primary) if each] if standard else []
        if wanted.intersection(known):
            return kind, target
    raise invalid(f"No association type of {kind} among {sorted(map(str, wanted))}")


def _named(call: Call, ends: Direction, spec: Spec) -> AssociationType:
    for kind in call.portal.associations.labels(ends):
        if (kind.category, kind.type_id) == (spec.get("associationCategory"), spec.get("associationTypeId")):
            return kind
    raise invalid(
        f"There is no association type {spec.get('associationTypeId')} between {' and '.join(ends)}"
    )


def _inputs(call: Call, *, maximum: int) -> list[dict[str, Any]]:
    inputs = call.item().get("inputs")
    if not isinstance(inputs, list) or not all(
        isinstance(item, dict) and {"from", "to"} <= item.keys() for item in inputs
    ):
        raise unreadable_json("Cannot build BatchInput, some of required attributes are not set [inputs]")
    if len(inputs) > maximum:
        raise invalid(f"The number of inputs ({len(inputs)}) is above the maximum of {maximum}")
    return inputs


def _link_body(call: Call, ends: Direction, from_id: str, to_id: str) -> dict[str, Any]:
    types = call.portal.linked(ends, from_id)[to_id]
    return {
        "fromObjectTypeId": TYPE_IDS[ends[0]],
        "fromObjectId": int(from_id),
        "toObjectTypeId": TYPE_IDS[ends[1]],
        "toObjectId": int(to_id),
        "labels": [kind.label for kind in types if kind.label],
    }


def _default_link(ends: Direction, from_id: str, to_id: str) -> dict[str, Any]:
    plain = STANDARD_LINKS[ends].plain
    return {
        "from": {"id": from_id},
        "to": {"id": to_id},
        "associationSpec": {"associationCategory": plain.category, "associationTypeId": plain.type_id},
    }


def _complete(call: Call, results: list[dict[str, Any]], *, status: int = 200) -> Response:
    moment = write_moment(call.portal.clock())
    return json_response(
        {"status": "COMPLETE", "results": results, "startedAt": moment, "completedAt": moment}, status=status
    )
