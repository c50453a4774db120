"""Which companies belong to which deals, for many deals or for one."""

from itertools import islice
from typing import Any

from demo.hubspot.api.call import Call, batch_inputs, object_type_named
from demo.hubspot.api.objects import SINGULAR
from demo.hubspot.associations import STANDARD_LINKS, Direction
from demo.hubspot.refusals import invalid
from demo.hubspot.timestamps import write_moment
from demo.messages import Response, json_response

BATCH_MAXIMUM = 1_000
SINGLE_MAXIMUM = 500


def read_batch(call: Call, *, from_type: str, to_type: str) -> Response:
    direction = direction_of(from_type, to_type)
    started_at = call.portal.clock()
    inputs = batch_inputs(call.body(), maximum=BATCH_MAXIMUM)
    size = call.portal.association_page_size
    results, errors = [], []
    for item in inputs:
        from_id = str(item["id"])
        targets = _targets(call, direction, from_id)
        if not targets:
            errors.append(_nothing_linked(direction, from_id))
            continue
        page, paging = _page(targets, after=str(item.get("after") or ""), size=size)
        results.append({"from": {"id": from_id}, "to": page, **paging})
    answer: dict[str, Any] = {"status": "COMPLETE", "results": results}
    if errors:
        answer |= {"numErrors": len(errors), "errors": errors}
    answer |= {"startedAt": write_moment(started_at), "completedAt": write_moment(call.portal.clock())}
    return json_response(answer, status=207 if errors else 200)


def read_one(call: Call, *, from_type: str, object_id: str, to_type: str) -> Response:
    direction = direction_of(from_type, to_type)
    limit = call.limit(default=SINGLE_MAXIMUM, maximum=SINGLE_MAXIMUM)
    page, paging = _page(_targets(call, direction, object_id), after=call.argument("after"), size=limit)
    return json_response({"results": page, **paging})


def list_labels(call: Call, *, from_type: str, to_type: str) -> Response:
    kinds = call.portal.associations.labels(direction_of(from_type, to_type))
    return json_response({"results": [kind.body() for kind in kinds]})


def direction_of(from_type: str, to_type: str) -> Direction:
    direction = (object_type_named(from_type), object_type_named(to_type))
    if direction not in STANDARD_LINKS:
        raise invalid(f"{from_type} are not associated with {to_type}")
    return direction


def _targets(call: Call, direction: Direction, from_id: str) -> list[dict[str, Any]]:
    links = call.portal.associations.of(direction, from_id)
    return [
        {"toObjectId": int(to_id), "associationTypes": [kind.body() for kind in types]}
        for to_id, types in links.items()
    ]


def _page(
    targets: list[dict[str, Any]], *, after: str, size: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    start = int(after) if after.isdigit() else 0
    page = list(islice(targets, start, start + size))
    more = start + size < len(targets)
    return page, {"paging": {"next": {"after": str(start + size)}}} if more else {}


def _nothing_linked(direction: Direction, from_id: str) -> dict[str, Any]:
    source, target = (SINGULAR[name] for name in direction)
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {target} is associated with {source} {from_id}.",
        "context": {
            "fromObjectId": [from_id],
            "fromObjectType": [source],
            "toObjectType": [target],
        },
    }
