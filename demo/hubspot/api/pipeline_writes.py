"""Adds, changes and deletes the stages of a deal pipeline."""

from typing import Any

from demo.hubspot.api.call import Call
from demo.hubspot.api.schema import get_stage, pipeline_named
from demo.hubspot.pipelines import Pipeline, Stage
from demo.hubspot.refusals import invalid, not_found, stage_in_use
from demo.messages import Response


def create_stage(call: Call, *, object_type: str, pipeline_id: str) -> Response:
    pipeline = pipeline_named(call, object_type, pipeline_id)
    body = call.item()
    label = str(body.get("label") or "")
    _refuse_taken(pipeline, label, stage_id="")
    numbers = [int(s.id) for p in call.portal.pipelines for s in p.stages if s.id.isdigit()]
    stage_id = str(max(numbers, default=900) + 1)
    call.portal.add_stage(
        pipeline_id, Stage(id=stage_id, label=label, **_metadata(body, default={"probability": ""}))
    )
    response = get_stage(call, object_type=object_type, pipeline_id=pipeline_id, stage_id=stage_id)
    response.status = 201
    return response


def update_stage(call: Call, *, object_type: str, pipeline_id: str, stage_id: str) -> Response:
    pipeline = pipeline_named(call, object_type, pipeline_id)
    _known(pipeline, stage_id)
    body = call.item()
    values = _metadata(body, default={}) if "metadata" in body else {}
    if "label" in body:
        values["label"] = str(body["label"] or "")
        _refuse_taken(pipeline, values["label"], stage_id=stage_id)
    call.portal.change_stage(stage_id, **values)
    return get_stage(call, object_type=object_type, pipeline_id=pipeline_id, stage_id=stage_id)


def delete_stage(call: Call, *, object_type: str, pipeline_id: str, stage_id: str, version: str) -> Response:
    """The newest version looks for deals in the stage unless told not to, older ones only when told to."""
    _known(pipeline_named(call, object_type, pipeline_id), stage_id)
    by_default = "true" if version == "2026-09" else "false"
    asked = call.argument("validateReferencesBeforeDelete", by_default)
    deals = call.store("deals").records.values()
    count = sum(deal.properties.get("dealstage") == stage_id and not deal.archived_at for deal in deals)
    if asked == "true" and count:
        raise stage_in_use(stage_id, count=count)
    call.portal.delete_stage(stage_id)
    return Response(status=204)


def _known(pipeline: Pipeline, stage_id: str) -> None:
    if all(stage.id != stage_id for stage in pipeline.stages):
        raise not_found()


def _refuse_taken(pipeline: Pipeline, label: str, *, stage_id: str) -> None:
    """A label is unique in its pipeline."""
    if not label:
        raise invalid("label may not be empty")
    if any(stage.label == label and stage.id != stage_id for stage in pipeline.stages):
        raise invalid(f"There is a stage {label} in this pipeline already")


def _metadata(body: dict[str, Any], *, default: dict[str, str]) -> dict[str, Any]:
    """A stage is closed when its probability is that of a sale won or lost."""
    given = {**default, **(body.get("metadata") or {})}
    probability = str(given.get("probability", ""))
    try:
        chance = float(probability)
    except ValueError:
        chance = -1
    if not 0 <= chance <= 1:
        raise invalid("probability must be given, between 0.0 and 1.0")
    return {"probability": probability, "closed": chance in (0.0, 1.0)}
