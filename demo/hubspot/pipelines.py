"""Deal pipelines. A stage's id is fixed, its label is free text; metadata values are strings."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from demo.hubspot.timestamps import write_moment

BUILT_IN = datetime(1970, 1, 1, tzinfo=UTC)
ADDED = datetime(2024, 2, 14, 9, 31, 7, 412_000, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    id: str
    label: str
    probability: str
    closed: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def won(self) -> bool:
        return self.closed and float(self.probability) == 1.0

    def body(self, *, position: int, made_with: datetime) -> dict[str, Any]:
        """`made_with` is when its pipeline was made, for a stage as old as that."""
        return {
            "label": self.label,
            "displayOrder": position,
            "metadata": {"isClosed": str(self.closed).lower(), "probability": self.probability},
            "id": self.id,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
            **_life(created_at=self.created_at or made_with, updated_at=self.updated_at),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    id: str
    label: str
    stages: tuple[Stage, ...]
    created_at: datetime = ADDED
    updated_at: datetime | None = None

    def body(self, *, position: int) -> dict[str, Any]:
        return {
            "label": self.label,
            "displayOrder": position,
            "id": self.id,
            "stages": self.stage_bodies(),
            **_life(created_at=self.created_at, updated_at=self.updated_at),
        }

    def stage_bodies(self) -> list[dict[str, Any]]:
        return [
            stage.body(position=index, made_with=self.created_at) for index, stage in enumerate(self.stages)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One change of a pipeline or of one of its stages, and what it looked like afterwards."""

    pipeline_id: str
    stage_id: str | None
    action: Literal["CREATE", "UPDATE", "DELETE"]
    at: datetime
    user_id: int
    shown: dict[str, Any]

    def body(self, *, portal_id: int) -> dict[str, Any]:
        return {
            "portalId": portal_id,
            "identifier": self.stage_id or self.pipeline_id,
            "action": self.action,
            "timestamp": write_moment(self.at),
            "message": "",
            "rawObject": self.shown,
            "fromUserId": self.user_id,
        }


def _life(*, created_at: datetime, updated_at: datetime | None) -> dict[str, Any]:
    return {
        "createdAt": write_moment(created_at),
        "updatedAt": write_moment(updated_at or created_at),
        "archived": False,
    }


def standard_pipelines() -> list[Pipeline]:
    """Two pipelines with a stage labelled `Closed Won`, and one where the label is a near miss."""
    return [
        Pipeline(
            id="default",
            label="Sales Pipeline",
            created_at=BUILT_IN,
            stages=(
                Stage(id="appointmentscheduled", label="Appointment Scheduled", probability="0.2"),
                Stage(id="qualifiedtobuy", label="Qualified To Buy", probability="0.4"),
                Stage(id="presentationscheduled", label="Presentation Scheduled", probability="0.6"),
                Stage(id="decisionmakerboughtin", label="Decision Maker Bought-In", probability="0.8"),
                Stage(id="contractsent", label="Contract Sent", probability="0.9"),
                Stage(id="closedwon", label="Closed Won", probability="1.0", closed=True),
                Stage(id="closedlost", label="Closed Lost", probability="0.0", closed=True),
            ),
        ),
        Pipeline(
            id="11348541",
            label="Renewals",
            stages=(
                Stage(id="11348542", label="Renewal Due", probability="0.5"),
                Stage(id="11348543", label="Renewal Offered", probability="0.8"),
                Stage(id="11348547", label="Closed Won", probability="1.0", closed=True),
                Stage(id="11348548", label="Closed Lost", probability="0.0", closed=True),
            ),
        ),
        Pipeline(
            id="20519877",
            label="Partners",
            stages=(
                Stage(id="20519878", label="Introduced", probability="0.2"),
                Stage(id="20519881", label="Closed won", probability="1.0", closed=True),
                Stage(id="20519882", label="Closed lost", probability="0.0", closed=True),
            ),
        ),
    ]
