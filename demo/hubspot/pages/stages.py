"""The stages of every pipeline: renaming and deleting them."""

from collections import Counter

from demo.hubspot.pages.shell import TEMPLATES, hubspot_page, missing_page, notice, refusal
from demo.hubspot.pipelines import Pipeline, Stage
from demo.hubspot.portal import Portal
from demo.messages import Request, Response, redirect
from demo.pages import Markup, join

NOTICES = {"renamed": "Renamed", "deleted": "Deleted. Deals that were in it keep its id."}


def show_stages(request: Request, portal: Portal) -> Response:
    content = notice(NOTICES.get(request.argument("done"), ""))
    return hubspot_page(title="Stages", content=join([content, *_tables(portal)]))


def rename_stage(request: Request, portal: Portal, *, stage_id: str) -> Response:
    stage = portal.stage(stage_id)
    label = request.form().get("label", "")
    if stage is None:
        return missing_page("No such stage")
    others = [each.label for each in portal.pipeline_of(stage).stages if each.id != stage_id]
    if not label or label in others:
        words = refusal(f"A label must be there, and only once in a pipeline: {label}")
        return hubspot_page(title="Stages", content=join([words, *_tables(portal)]), status=400)
    portal.rename_stage(stage_id, label)
    return redirect("/stages?done=renamed", status=303)


def delete_stage(request: Request, portal: Portal, *, stage_id: str) -> Response:
    if portal.stage(stage_id) is None:
        return missing_page("No such stage")
    portal.delete_stage(stage_id)
    return redirect("/stages?done=deleted", status=303)


def _tables(portal: Portal) -> list[Markup]:
    deals = portal.objects["deals"].records.values()
    used = Counter(deal.properties.get("dealstage") for deal in deals if not deal.archived_at)
    return [_table(pipeline, used) for pipeline in portal.pipelines]


def _table(pipeline: Pipeline, used: Counter[str | None]) -> Markup:
    return TEMPLATES.render(
        "pipeline.html",
        label=pipeline.label,
        rows=join(_row(stage, count=used[stage.id]) for stage in pipeline.stages),
    )


def _row(stage: Stage, *, count: int) -> Markup:
    end = "won" if stage.won else "lost"
    return TEMPLATES.render(
        "stage_row.html",
        id=stage.id,
        label=stage.label,
        kind=f"Closed, {end}" if stage.closed else f"Open, {float(stage.probability):.0%}",
        count=f"{count:,}",
    )
