"""The pipelines and properties of a portal, and how an administrator changes them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

from demo.hubspot.pipelines import Audit, Pipeline, Stage
from demo.hubspot.portal_base import PortalBase, by_name
from demo.hubspot.property_definitions import Property
from demo.hubspot.standard_properties import properties_of_stages

Action = Literal["CREATE", "UPDATE", "DELETE"]
Stages = tuple[Stage, ...]


class SchemaKeeping(PortalBase):
    def stage(self, stage_id: str | None) -> Stage | None:
        return next((s for pipeline in self.pipelines for s in pipeline.stages if s.id == stage_id), None)

    def pipeline_of(self, stage: Stage) -> Pipeline:
        return next(pipeline for pipeline in self.pipelines if stage in pipeline.stages)

    def pipeline(self, pipeline_id: str) -> Pipeline | None:
        return next((pipeline for pipeline in self.pipelines if pipeline.id == pipeline_id), None)

    def add_stage(self, pipeline_id: str, stage: Stage) -> None:
        with self.lock:
            moment = self.clock()
            new = replace(stage, created_at=moment, updated_at=moment)
            self._change_stages(pipeline_id, stage.id, "CREATE", lambda stages: (*stages, new))

    def rename_stage(self, stage_id: str, label: str) -> None:
        self.change_stage(stage_id, label=label)

    def change_stage(self, stage_id: str, **values: Any) -> None:
        """`label`, `probability`, `closed`; what is not given stays."""
        with self.lock:
            stage = self._known_stage(stage_id)
            new = replace(stage, **values, updated_at=self.clock())

            def change(stages: Stages) -> Stages:
                return tuple(new if each.id == stage_id else each for each in stages)

            self._change_stages(self.pipeline_of(stage).id, stage_id, "UPDATE", change)

    def delete_stage(self, stage_id: str) -> None:
        """Deals that were in it keep its id."""
        with self.lock:
            stage = self._known_stage(stage_id)

            def change(stages: Stages) -> Stages:
                return tuple(each for each in stages if each.id != stage_id)

            self._change_stages(self.pipeline_of(stage).id, stage_id, "DELETE", change)

    def add_property(self, object_type: str, prop: Property) -> None:
        """Takes the place of the one of that name, if there is one."""
        with self.lock:
            self.properties[object_type][prop.name] = prop
            self.note_change("properties", object_type)

    def archive_property(self, object_type: str, name: str) -> None:
        with self.lock:
            self.add_property(
                object_type, replace(self.properties[object_type][name], archived_at=self.clock())
            )

    def _known_stage(self, stage_id: str) -> Stage:
        stage = self.stage(stage_id)
        if stage is None:
            raise KeyError(stage_id)
        return stage

    def _change_stages(
        self, pipeline_id: str, stage_id: str, action: Action, change: Callable[[Stages], Stages]
    ) -> None:
        index = next(number for number, each in enumerate(self.pipelines) if each.id == pipeline_id)
        before = self.pipelines[index]
        after = replace(before, stages=change(before.stages), updated_at=self.clock())
        self.pipelines = [*self.pipelines[:index], after, *self.pipelines[index + 1 :]]
        shown = before if action == "DELETE" else after
        self._audit(pipeline_id, stage_id, action, _stage_body(shown, stage_id))
        self._audit(pipeline_id, None, "UPDATE", after.body(position=index))
        self.properties["deals"] |= by_name(properties_of_stages(self.pipelines))
        self.note_change("pipelines")
        self.note_change("properties", "deals")

    def _audit(self, pipeline_id: str, stage_id: str | None, action: Action, shown: dict[str, Any]) -> None:
        self.audits.append(
            Audit(
                pipeline_id=pipeline_id,
                stage_id=stage_id,
                action=action,
                at=self.clock(),
                user_id=self._source.user_id or 0,
                shown=shown,
            )
        )


def _stage_body(pipeline: Pipeline, stage_id: str) -> dict[str, Any]:
    return next(body for body in pipeline.stage_bodies() if body["id"] == stage_id)
