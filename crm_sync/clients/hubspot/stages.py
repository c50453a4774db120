"""The stages of a portal's pipelines. Deals hold their ids, people see their labels."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from crm_sync.deals import Stage

Record = Mapping[str, Any]


def stages_in(pipelines: Sequence[Record]) -> list[Stage]:
    """Those that can be read. A deal in any other one is in a stage that HubSpot does not list."""
    found = []
    for pipeline in pipelines:
        stages = pipeline.get("stages")
        for stage in stages if isinstance(stages, list) else ():
            one = stage_in(stage, pipeline=str(pipeline.get("label") or ""))
            found += [one] if one else []
    return found


def stage_in(stage: object, *, pipeline: str) -> Stage | None:
    """None without an id, a name or what HubSpot keeps about it. Values in `metadata` are text."""
    if not isinstance(stage, dict):
        return None
    key, name, metadata = stage.get("id"), stage.get("label"), stage.get("metadata") or {}
    is_id = isinstance(key, str | int) and not isinstance(key, bool)
    if not is_id or not name or not isinstance(name, str) or not isinstance(metadata, dict):
        return None
    return Stage(
        id=str(key),
        name=name,
        pipeline=pipeline,
        is_won=stage_is_won(metadata),
        is_closed=is_true(metadata.get("isClosed")),
        is_active=not stage.get("archived", False),
    )


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
