"""The error bodies of calls that ask for something impossible."""

import json
from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """Ends a call with an error body; the correlation id is added on the way out."""

    def __init__(
        self, status: int, message: str, *, headers: Mapping[str, str] | None = None, **fields: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.fields = {"message": message, **fields}

    def body(self, *, correlation_id: str) -> dict[str, Any]:
        return {"status": "error", **self.fields, "correlationId": correlation_id}


def not_found() -> Refusal:
    return Refusal(404, "resource not found")


def not_an_id() -> Refusal:
    return Refusal(404, "Object not found.  objectId are usually numeric.", category="OBJECT_NOT_FOUND")


def unknown_object_type(name: str) -> Refusal:
    return Refusal(400, f"Unable to infer object type from: {name}", category="VALIDATION_ERROR")


def invalid(message: str, **fields: Any) -> Refusal:
    return Refusal(400, message, category="VALIDATION_ERROR", **fields)


def invalid_properties(problems: list[dict[str, Any]]) -> Refusal:
    """What a write with unusable values gets: the details are JSON inside the message."""
    return invalid(f"Property values were not valid: {json.dumps(problems, separators=(',', ':'))}")


def unreadable_json(problem: str, *, line: int = 1, column: int = 1) -> Refusal:
    """A body that does not fit its type: no category, as the real service answers."""
    return Refusal(400, f"Invalid input JSON on line {line}, column {column}: {problem}")


def wrong_content_type() -> Refusal:
    return Refusal(415, "HTTP 415 Unsupported Media Type")


def stage_in_use(stage_id: str, *, count: int) -> Refusal:
    return invalid(
        f"Stage {stage_id} cannot be deleted while records are in it.",
        subCategory="PipelineError.STAGE_ID_IN_USE",
        context={"stageId": [stage_id], "numberOfRecords": [str(count)]},
    )
