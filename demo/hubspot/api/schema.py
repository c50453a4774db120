"""Pipelines with their audit, and property definitions."""

from demo.hubspot.access_refusals import missing_scopes
from demo.hubspot.api.call import Call, object_type_named
from demo.hubspot.pipelines import Pipeline
from demo.hubspot.property_definitions import Property
from demo.hubspot.refusals import invalid, not_found
from demo.hubspot.scopes import sensitivity_requirement
from demo.messages import Response, json_response

SENSITIVITIES = ("non_sensitive", "sensitive", "highly_sensitive")


def list_pipelines(call: Call, *, object_type: str) -> Response:
    pipelines = call.portal.pipelines if object_type_named(object_type) == "deals" else []
    return json_response({"results": [p.body(position=index) for index, p in enumerate(pipelines)]})


def get_pipeline(call: Call, *, object_type: str, pipeline_id: str) -> Response:
    pipeline = pipeline_named(call, object_type, pipeline_id)
    return json_response(pipeline.body(position=call.portal.pipelines.index(pipeline)))


def list_stages(call: Call, *, object_type: str, pipeline_id: str) -> Response:
    return json_response({"results": pipeline_named(call, object_type, pipeline_id).stage_bodies()})


def get_stage(call: Call, *, object_type: str, pipeline_id: str, stage_id: str) -> Response:
    for body in pipeline_named(call, object_type, pipeline_id).stage_bodies():
        if body["id"] == stage_id:
            return json_response(body)
    raise not_found()


def audit_pipeline(call: Call, *, object_type: str, pipeline_id: str) -> Response:
    pipeline_named(call, object_type, pipeline_id)
    return _audit(call, pipeline_id=pipeline_id, stage_id=None)


def audit_stage(call: Call, *, object_type: str, pipeline_id: str, stage_id: str) -> Response:
    """Also of a stage that was deleted."""
    pipeline_named(call, object_type, pipeline_id)
    return _audit(call, pipeline_id=pipeline_id, stage_id=stage_id)


def _audit(call: Call, *, pipeline_id: str, stage_id: str | None) -> Response:
    """The newest change first."""
    bodies = [
        audit.body(portal_id=call.portal.portal_id)
        for audit in reversed(call.portal.audits)
        if (audit.pipeline_id, audit.stage_id) == (pipeline_id, stage_id)
    ]
    return json_response({"results": bodies})


def pipeline_named(call: Call, object_type: str, pipeline_id: str) -> Pipeline:
    pipeline = call.portal.pipeline(pipeline_id) if object_type_named(object_type) == "deals" else None
    if pipeline is None:
        raise not_found()
    return pipeline


def list_properties(call: Call, *, object_type: str) -> Response:
    """`locale` is accepted; labels have no translations here."""
    shown = _definitions(call, object_type)
    return json_response({"results": [prop.body(position=index) for index, prop in shown]})


def get_property(call: Call, *, object_type: str, name: str) -> Response:
    for index, prop in _definitions(call, object_type):
        if prop.name == name:
            return json_response(prop.body(position=index))
    raise not_found()


def _definitions(call: Call, object_type: str) -> list[tuple[int, Property]]:
    kind = object_type_named(object_type)
    sensitivity = call.argument("dataSensitivity", "non_sensitive")
    if sensitivity not in SENSITIVITIES:
        raise invalid(f"dataSensitivity must be one of {', '.join(SENSITIVITIES)}")
    requirement = sensitivity_requirement(kind, sensitivity)
    if sensitivity != "non_sensitive" and not requirement.met_by(call.token.scopes):
        raise missing_scopes(requirement, old_body=call.portal.habits.old_scope_bodies)
    archived = call.flag("archived")
    matching = [
        prop
        for prop in call.portal.properties[kind].values()
        if (prop.archived_at is not None) == archived and prop.sensitivity == sensitivity
    ]
    return list(enumerate(matching))
