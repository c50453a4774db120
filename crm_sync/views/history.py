"""Sync History: runs, then the deals of one run."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from crm_sync import history
from crm_sync.enums import RunState
from crm_sync.forms.filters import RecordFilter, RunFilter
from crm_sync.models import Connection, SyncRun
from crm_sync.views.access import VIEW_HISTORY, needs
from fincelo.pagination import CountCappedPaginator


@require_safe
@needs(VIEW_HISTORY)
def run_list(request: HttpRequest) -> HttpResponse:
    form = RunFilter(request.GET)
    filters = form.chosen()
    now = timezone.now()
    found = history.runs_matching(filters=filters, zone=timezone.get_current_timezone())
    page = CountCappedPaginator(found).get_page(request.GET.get("page"))
    waiting = history.requested_syncs(now=now)
    is_waiting = any(now - (one.sync_requested_at or now) < history.STARTS_WITHIN for one in waiting)
    context: dict[str, Any] = {
        "form": form,
        "page": page,
        "is_filtered": bool(filters),
        "chosen": filters.get("connection"),
        "connections": Connection.objects.live().order_by("name"),
        "waiting": [
            (one, now - (one.sync_requested_at or now) >= history.STARTS_WITHIN) for one in waiting
        ],
        "is_under_way": is_waiting or any(run.state == RunState.RUNNING for run in page),
    }
    return render(request, "crm_sync/sync_history.html", context)


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
        **progress(run),
    }
    return render(request, "crm_sync/sync_run.html", context)


@require_safe
@needs(VIEW_HISTORY)
def run_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The bar of a run at work. Once the run has ended the page is loaded anew, with all its deals."""
    run = get_object_or_404(shown_runs(), pk=pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(run)
    if run.state != RunState.RUNNING:
        return HttpResponseClientRefresh()
    return render(request, "crm_sync/parts/run_progress.html", {"run": run, **progress(run)})


def shown_runs() -> QuerySet[SyncRun]:
    return SyncRun.objects.select_related("connection__org", "actor", "mapping_version")


def progress(run: SyncRun) -> dict[str, Any]:
    return {"seconds_left": history.seconds_left(run, now=timezone.now())}
