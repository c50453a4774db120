"""Deal pipelines. A stage's id is fixed, its label is free text; metadata values are strings."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from demo.hubspot.timestamps import write_moment

BUILT_IN = datetime(1970, 1, 1, tzinfo=UTC)
ADDED = datetime(2024, 2, 14, 9, 31, 7, 412_000, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    id: str
    label: str
    probability: str
    closed: bool = False

    @property
    def won(self) -> bool:
        return self.closed and float(self.probability) == 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    id: str
    label: str
    stages: tuple[Stage, ...]
    created_at: datetime = ADDED

    def body(self, *, position: int) -> dict[str, Any]:
        return {
            "label": self.label,
            "displayOrder": position,
            "id": self.id,
            "stages": [
                self._stage_body(stage, position=stage_position)
                for stage_position, stage in enumerate(self.stages)
            ],
            **self._life(),
        }

    def _stage_body(self, stage: Stage, *, position: int) -> dict[str, Any]:
        return {
            "label": stage.label,
            "displayOrder": position,
            "metadata": {"isClosed": str(stage.closed).lower(), "probability": stage.probability},
            "id": stage.id,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
            **self._life(),
        }

    def _life(self) -> dict[str, Any]:
        moment = write_moment(self.created_at)
        return {"createdAt": moment, "updatedAt": moment, "archived": False}


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
