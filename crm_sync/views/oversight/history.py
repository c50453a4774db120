"""Sync History: runs, then the deals of one run."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import pluralize
from django.utils import timezone
from django.views.decorators.http import require_safe

from crm_sync import tasks
from crm_sync.enums import RunState, RunTrigger
from crm_sync.errors import ErrorKind
from crm_sync.forms.oversight.filters import RecordFilter, RunFilter
from crm_sync.models import Connection, SyncRun
from crm_sync.models.runs import COUNTS
from crm_sync.oversight import history
from crm_sync.views.access import VIEW_HISTORY, needs
from crm_sync.views.connections.warning_cures import shown_warnings
from crm_sync.views.notices import Notice
from fincelo import background
from fincelo.awaited import Waiting
from fincelo.finished import finished
from fincelo.pagination import CountCappedPaginator
from fincelo.rights import EXPORT
from fincelo.spreadsheets import csv_text
from fincelo.states import mark

MOST_BUTTONS = 2
MOST_EXPORTED = 10_000
LABELS = {name: mark(state=name).word for name in COUNTS}


@require_safe
@needs(VIEW_HISTORY)
def run_list(request: HttpRequest) -> HttpResponse:
    form = RunFilter(request.GET)
    filters = form.chosen()
    now = timezone.now()
    found = history.runs_matching(filters=filters, zone=timezone.get_current_timezone())
    page = CountCappedPaginator(found).get_page(request.GET.get("page"))
    connections = list(Connection.objects.live().order_by("name"))
    waiting = waiting_syncs(now=now)
    context: dict[str, Any] = {
        "form": form,
        "page": page,
        "is_filtered": bool(filters),
        "connections": offered(connections, chosen=filters.get("connection")),
        "names_connections": len(connections) > 1,
        "waiting": waiting,
        "is_under_way": any(work.is_open for _, work in waiting)
        or any(history.is_at_work(run) for run in page),
    }
    return render(request, "crm_sync/oversight/sync_history.html", context)


@require_safe
@needs((VIEW_HISTORY, EXPORT))
def run_csv(request: HttpRequest) -> HttpResponse:
    """The runs that match, newest first, with every column of what became of their deals."""
    filters = RunFilter(request.GET).chosen()
    found = history.runs_matching(filters=filters, zone=timezone.get_current_timezone())[:MOST_EXPORTED]
    return HttpResponse(
        csv_text(
            header=("Connection", "Started", "Ended", "Started by", "State", "Deals read", *LABELS.values()),
            rows=(
                (
                    run.connection.name,
                    run.started_at.isoformat(),
                    run.finished_at.isoformat() if run.finished_at else "",
                    run.get_trigger_display(),
                    run.get_state_display(),
                    run.seen,
                    *(number for _, number in run.counts),
                )
                for run in found
            ),
        ),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="sync-history.csv"'},
    )


def waiting_syncs(*, now: datetime) -> list[tuple[Connection, Waiting]]:
    """Syncs that somebody has asked for and that have not begun, with how their task goes."""
    asked = [
        (one, background.waiting_for(tasks.sync_requested, subject=str(one.pk)))
        for one in history.requested_syncs(now=now)
    ]
    return [(one, work) for one, work in asked if work is not None and (work.is_open or work.is_over)]


def offered(connections: list[Connection], *, chosen: Connection | None) -> list[Connection]:
    """Those with a button of their own: the chosen one, or all while they are few."""
    if chosen is not None:
        return [one for one in connections if one == chosen]
    return connections if len(connections) <= MOST_BUTTONS else []


@require_safe
@needs(VIEW_HISTORY)
def run_page(request: HttpRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(shown_runs(), pk=pk)
    form = RecordFilter(request.GET)
    filters = form.chosen()
    found = history.records_of(run=run, filters=filters)
    context = {
        "run": run,
        "form": form,
        "page": CountCappedPaginator(found).get_page(request.GET.get("page")),
        "is_filtered": bool(filters),
        "causes": history.causes_of(run=run),
        "sentence": sentence_of(run),
        "quiet": quiet(run),
        "notice": what_stopped(run) or what_was_missed(run),
        "warnings": shown_warnings(connection=run.connection, found=run.found),
        "is_at_work": history.is_at_work(run),
        **progress(run),
    }
    return render(request, "crm_sync/oversight/sync_run.html", context)


def sentence_of(run: SyncRun) -> str:
    if run.state == RunState.RUNNING and not history.is_at_work(run):
        return "The worker ended before the run did. What it had stored is kept; the next run continues."
    if run.state == RunState.RUNNING:
        return "Running. You can leave this page."
    if run.state != RunState.DONE:
        return "Stopped early. Everything read so far is saved; the next run continues."
    deals = f"{run.seen:,} deal{pluralize(run.seen)} read"
    if run.trigger == RunTrigger.REPLAY:
        still = f", {run.held:,} still held" if run.held else ""
        return f"{deals} again: {run.created:,} contract{pluralize(run.created)} created{still}."
    previewed = f", {run.previewed:,} previewed" if run.previewed else ""
    return f"{deals}, {run.created:,} contract{pluralize(run.created)} created{previewed}."


def quiet(run: SyncRun) -> str:
    if run.unchanged == 1:
        return "1 won deal was seen again as it was; it is counted, not listed."
    if run.unchanged:
        return f"{run.unchanged:,} won deals were read again without changes."
    if run.state != RunState.DONE:
        return "The run stopped before it had stored anything."
    if not run.seen:
        return "No deal had changed."
    return "None of the deals that were read was to be imported. The counts above say why."


def what_stopped(run: SyncRun) -> Notice | None:
    """Why a run failed, in three lines."""
    if not run.error:
        return None
    if run.error_kind == ErrorKind.CONFIG:
        return Notice(
            what=run.error,
            why="The deals it did not reach are not imported until this is mended.",
            cure_label=f"Open {run.connection}",
            cure_url=run.connection.get_absolute_url(),
        )
    return Notice(
        what=run.error, why="No deal is lost: the cursor stayed in front of what was not stored.", tone="wait"
    )


def what_was_missed(run: SyncRun) -> Notice | None:
    """What a sweep found that polls should have brought."""
    if not run.missed:
        return None
    deals = "deal was" if run.missed == 1 else "deals were"
    return Notice(
        what=f"{run.missed:,} won {deals} missed by the polls before, and found by this sweep.",
        why="See below what became of each.",
        cure_label="See the deals",
        cure_url=f"{run.get_absolute_url()}#results",
        tone="info",
    )


@require_safe
@needs(VIEW_HISTORY)
def run_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The bar of a run at work. Once the run has ended the page shows all its deals."""
    run = get_object_or_404(shown_runs(), pk=pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(run)
    if run.state != RunState.RUNNING or not history.is_at_work(run):
        return finished(request, what="The run has ended.")
    return render(request, "crm_sync/oversight/run_progress.html", {"run": run, **progress(run)})


def shown_runs() -> QuerySet[SyncRun]:
    return SyncRun.objects.select_related(
        "connection__org", "connection__mapping_version", "actor", "mapping_version"
    )


def progress(run: SyncRun) -> dict[str, Any]:
    return {"seconds_left": history.seconds_left(run, now=timezone.now())}
