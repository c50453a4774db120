"""Pipelines and property definitions."""

from demo.http_server import Response, json_response
from demo.hubspot.api.call import Call, object_type_named
from demo.hubspot.refusals import not_found


def list_pipelines(call: Call, *, object_type: str) -> Response:
    pipelines = call.portal.pipelines if object_type_named(object_type) == "deals" else []
    return json_response({"results": [p.body(position=index) for index, p in enumerate(pipelines)]})


def get_pipeline(call: Call, *, object_type: str, pipeline_id: str) -> Response:
    object_type_named(object_type)
    for index, pipeline in enumerate(call.portal.pipelines):
        if pipeline.id == pipeline_id:
            return json_response(pipeline.body(position=index))
    raise not_found()


def list_properties(call: Call, *, object_type: str) -> Response:
    known = call.portal.properties[object_type_named(object_type)].values()
    archived = call.flag("archived")
    shown = [prop for prop in known if (prop.archived_at is not None) == archived]
    return json_response({"results": [prop.body(position=index) for index, prop in enumerate(shown)]})


def get_property(call: Call, *, object_type: str, name: str) -> Response:
    known = call.portal.properties[object_type_named(object_type)]
    for index, prop in enumerate(known.values()):
        if prop.name == name and (prop.archived_at is not None) == call.flag("archived"):
            return json_response(prop.body(position=index))
    raise not_found()
