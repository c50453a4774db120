"""The health page, which shows people what /healthz tells monitors, and background work that is awaited."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseStopPolling

from fincelo import background
from fincelo.awaited import Waiting
from fincelo.finished import finished
from fincelo.health import WELL, parts
from fincelo.models import BackgroundWork
from fincelo.rights import needs, signed_in_only

VIEW_HEALTH = "fincelo.view_invariantresult"
RULES = "invariants"


@require_safe
@needs(VIEW_HEALTH)
def health_page(request: HttpRequest) -> HttpResponse:
    found = parts()
    troubled = [part for part in found if part.state != WELL]
    context = {
        "parts": [part for part in found if part.name != RULES],
        "rules": next((part for part in found if part.name == RULES), None),
        "troubled": [part for part in found if part.troubles],
        "state": "attention" if troubled else WELL,
        "sentence": (
            "Everything runs, and what is stored is right."
            if not troubled
            else f"{len(troubled)} of {len(found)} need attention."
        ),
    }
    return render(request, "fincelo/health.html", context)


@require_safe
@signed_in_only  # each task says who may see it
def background_work(request: HttpRequest, pk: int) -> HttpResponse:
    """How it goes, for the page that waits, until it has ended."""
    back = back_from(request, request.GET.get("next", ""))
    work = BackgroundWork.objects.select_related("actor").filter(pk=pk).first()
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(back)
    waiting = background.judged(work) if work else None
    if waiting is None or not waiting.may_be_seen_by(request.user):
        return HttpResponseStopPolling()
    if waiting.is_open or waiting.is_over:
        return render(request, "fincelo/work.html", {"waiting": waiting, "back": back})
    return finished(request, what=ended_well(waiting), back=back)


def ended_well(waiting: Waiting) -> str:
    how = waiting.work.get_state_display().lower()
    at = waiting.work.ended_at
    return (
        f"{waiting.label}: {how} at {timezone.localtime(at):%H:%M:%S}." if at else f"{waiting.label}: {how}."
    )


@require_POST
@signed_in_only  # each task says who may start it
def work_again(request: HttpRequest, pk: int) -> HttpResponse:
    waiting = decided_about(request, pk)
    try:
        background.again(waiting.work, actor_id=request.user.pk)
    except background.UnregisteredTask:
        messages.error(request, f"{waiting.label} cannot be started from here. {waiting.next_step}")
    return redirect(back_from(request, request.POST.get("next", "")))


@require_POST
@signed_in_only
def give_up_work(request: HttpRequest, pk: int) -> HttpResponse:
    waiting = decided_about(request, pk)
    background.give_up(waiting.work)
    messages.info(request, f"{waiting.label}: cancelled. What was stored until then is kept.")
    return redirect(back_from(request, request.POST.get("next", "")))


def decided_about(request: HttpRequest, pk: int) -> Waiting:
    """The work, for somebody who may start it. Raises PermissionDenied for others."""
    waiting = background.judged(get_object_or_404(BackgroundWork.objects.select_related("actor"), pk=pk))
    if not waiting.may_be_started_by(request.user):
        raise PermissionDenied
    return waiting


def back_from(request: HttpRequest, address: str) -> str:
    """The page that a form or a poll stands on, as long as it is one of ours."""
    is_ours = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if is_ours else "/"
