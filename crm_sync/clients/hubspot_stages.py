"""The stages of a portal's pipelines. Deals hold their ids, people see their labels."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from crm_sync.deals import Stage

Record = Mapping[str, Any]


def stages_in(pipelines: Sequence[Record]) -> list[Stage]:
    """Values in `metadata` are text: "false" is a true value in Python."""
    return [
        Stage(
            id=str(stage["id"]),
            name=str(stage["label"]),
            pipeline=str(pipeline["label"]),
            is_won=stage_is_won(stage.get("metadata") or {}),
            is_closed=is_true((stage.get("metadata") or {}).get("isClosed")),
            is_active=not stage.get("archived", False),
        )
        for pipeline in pipelines
        for stage in pipeline["stages"]
    ]


def is_true(text: object) -> bool:
    return str(text or "").lower() == "true"


def stage_is_won(metadata: Mapping[str, Any]) -> bool:
    """Closed with a probability of one, however that number is written."""
    return is_true(metadata.get("isClosed")) and number(metadata.get("probability")) == 1


def number(value: object) -> Decimal | None:
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def stage_of(record: Record) -> str:
    """The id of its stage; empty for none, and for what cannot be an id."""
    properties = record.get("properties")
    value = properties.get("dealstage") if isinstance(properties, dict) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
