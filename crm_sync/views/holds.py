"""Won deals that cannot be billed yet."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from contracts.story import audit_story, newest_first
from crm_sync import holds, tasks
from crm_sync.enums import LeftReason
from crm_sync.forms.filters import HoldFilter
from crm_sync.forms.holds import DismissForm
from crm_sync.hold_lists import counts_by_code, holds_matching
from crm_sync.models import Hold, SyncRecord
from crm_sync.story import sync_story
from crm_sync.views.access import CHANGE_HOLDS, SYNC, VIEW_HOLDS, needs, signed_in
from crm_sync.views.cures import shown_problem
from fincelo.pagination import CountCappedPaginator


@require_safe
@needs(VIEW_HOLDS)
def hold_list(request: HttpRequest) -> HttpResponse:
    form = HoldFilter(request.GET)
    filters = form.chosen()
    counts = counts_by_code(filters=filters)
    context = {
        "form": form,
        "page": CountCappedPaginator(holds_matching(filters=filters)).get_page(request.GET.get("page")),
        "is_filtered": bool(filters),
        "counts": counts,
        "total": sum(number for _, number in counts),
        "chosen_code": filters.get("code", ""),
    }
    return render(request, "crm_sync/holds.html", context)


@require_safe
@needs(VIEW_HOLDS)
def hold_page(request: HttpRequest, pk: int) -> HttpResponse:
    return render_hold(request, pk=pk, dismiss_form=DismissForm())


def render_hold(request: HttpRequest, *, pk: int, dismiss_form: DismissForm) -> HttpResponse:
    hold = get_object_or_404(
        Hold.objects.select_related("crm_deal__connection__org", "crm_deal__contract", "resolved_by"), pk=pk
    )
    deal = hold.crm_deal
    records = SyncRecord.objects.filter(crm_deal=deal).select_related("run__mapping_version")
    context = {
        "hold": hold,
        "deal": deal,
        "connection": deal.connection,
        "problems": [shown_problem(one, connection=deal.connection) for one in hold.problems],
        "problem_tone": "off" if hold.resolved_at else "wait",
        "sentence": sentence_of(hold),
        "record": records.order_by("-id").first(),
        "events": newest_first(audit_story(subject=deal), sync_story(deal=deal)),
        "dismiss_form": dismiss_form,
    }
    return render(request, "crm_sync/hold.html", context)


def sentence_of(hold: Hold) -> str:
    if hold.resolved_at is None:
        return f"Won in {hold.crm_deal.connection}, and not billed until this is cured."
    if hold.resolution == "dismissed":
        return "Dismissed: not to be billed."
    if hold.resolution in LeftReason.values:
        return f"Closed, because the deal is not won any more: {LeftReason(hold.resolution).label.lower()}."
    return "Settled: the deal has become a contract."


@require_POST
@needs(CHANGE_HOLDS)
def dismiss_hold(request: HttpRequest, pk: int) -> HttpResponse:
    hold = get_object_or_404(Hold.objects.select_related("crm_deal"), pk=pk)
    form = DismissForm(request.POST)
    if not form.is_valid():
        return render_hold(request, pk=pk, dismiss_form=form)
    try:
        holds.dismiss(hold=hold, actor=signed_in(request), reason=form.cleaned_data["reason"])
    except holds.UnableToDecide as refusal:
        messages.error(request, str(refusal))
        return redirect("hold", pk=pk)
    messages.success(request, f"{hold.crm_deal} is dismissed. It will not be billed.")
    return redirect("holds")


@require_POST
@needs(CHANGE_HOLDS)
def accept_duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    hold = get_object_or_404(Hold.objects.select_related("crm_deal"), pk=pk)
    try:
        holds.accept_duplicate(hold=hold, actor=signed_in(request))
    except holds.UnableToDecide as refusal:
        messages.error(request, str(refusal))
        return redirect("hold", pk=pk)
    read_again(hold)
    messages.success(request, f"{hold.crm_deal} counts as a sale of its own and is read again in a moment.")
    return redirect("hold", pk=pk)


@require_POST
@needs(SYNC)
def replay_hold(request: HttpRequest, pk: int) -> HttpResponse:
    hold = get_object_or_404(Hold.objects.select_related("crm_deal__connection"), pk=pk)
    connection = hold.crm_deal.connection
    if not connection.is_live:
        messages.error(request, f"{connection} is not connected. Connect it first, then sync again.")
        return redirect(connection)
    read_again(hold)
    messages.info(request, f"{hold.crm_deal} is read again from {connection} in a moment.")
    return redirect("hold", pk=pk)


def read_again(hold: Hold) -> None:
    deal = hold.crm_deal
    tasks.request_replay(connection_id=deal.connection_id, external_ids=[deal.external_id])
