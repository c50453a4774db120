"""Won deals that cannot be billed yet: the plain list, one hold, what people decide about it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from contracts.story import audit_story, newest_first
from crm_sync import tasks
from crm_sync.enums import LeftReason
from crm_sync.forms.holds.cures import EnterForm
from crm_sync.forms.holds.reminders import DismissForm
from crm_sync.forms.oversight.filters import HoldFilter
from crm_sync.holds import deciding, entered_values
from crm_sync.holds.lists import counts_by_code, holds_matching
from crm_sync.mapping.store import UnableToChangeMapping
from crm_sync.mapping.wording import entered_words
from crm_sync.models import CrmDeal, Hold, SyncRecord
from crm_sync.oversight.story import sync_story
from crm_sync.views.access import CHANGE_HOLDS, SYNC, VIEW_HOLDS, needs, signed_in
from crm_sync.views.connections.what_follows import read_next
from crm_sync.views.holds.cures import permitted, shown_problem
from fincelo import background
from fincelo.awaited import Waiting
from fincelo.once import once
from fincelo.pagination import CountCappedPaginator
from fincelo.refused import refuse


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
    return render(request, "crm_sync/holds/hold_list.html", context)


@require_safe
@needs(VIEW_HOLDS)
def hold_page(request: HttpRequest, pk: int) -> HttpResponse:
    hold = get_object_or_404(
        Hold.objects.select_related(
            "crm_deal__connection__org",
            "crm_deal__connection__mapping_version",
            "crm_deal__contract",
            "resolved_by",
        ),
        pk=pk,
    )
    deal = hold.crm_deal
    records = SyncRecord.objects.filter(crm_deal=deal).select_related("run__mapping_version")
    problems = [
        shown_problem(one, hold=hold, connection=deal.connection, place=place)
        for place, one in enumerate(hold.problems, start=1)
    ]
    context = {
        "hold": hold,
        "deal": deal,
        "connection": deal.connection,
        "problems": [(one, permitted(one.cures, request=request)) for one in problems],
        "sentence": sentence_of(hold),
        "record": records.order_by("-id").first(),
        "overrides": entered_values.overrides_of(deal),
        "events": newest_first(audit_story(subject=deal), sync_story(deal=deal)),
        "dismiss_form": DismissForm(),
        "waiting": None if hold.resolved_at else reading_of(deal),
    }
    return render(request, "crm_sync/holds/hold.html", context)


def page_of(pk: int) -> str:
    return reverse("hold", args=[pk])


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
@once
def dismiss_hold(request: HttpRequest, pk: int) -> HttpResponse:
    hold = get_object_or_404(Hold.objects.select_related("crm_deal"), pk=pk)
    form = DismissForm(request.POST)
    if not form.is_valid():
        return refuse(request, form=form, at=page_of(pk))
    reason = form.cleaned_data["reason"]
    if not decided(request, lambda: deciding.dismiss(hold=hold, actor=signed_in(request), reason=reason)):
        return redirect("hold", pk=pk)
    messages.success(request, f"{hold.crm_deal} is dismissed. It will not be billed.")
    return redirect("holds")


@require_POST
@needs(CHANGE_HOLDS)
@once
def mark_as_downgrade(request: HttpRequest, pk: int) -> HttpResponse:
    hold = get_object_or_404(Hold.objects.select_related("crm_deal"), pk=pk)
    if not decided(request, lambda: deciding.mark_as_downgrade(hold=hold, actor=signed_in(request))):
        return redirect("hold", pk=pk)
    messages.success(
        request,
        f"{hold.crm_deal} is dismissed as a downgrade. Change or credit the contract that it lowers.",
    )
    return redirect("holds")


@require_POST
@needs(CHANGE_HOLDS)
@once
def accept_duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    return decide_and_read(
        request, pk=pk, decide=deciding.accept_duplicate, sentence="{} counts as a sale of its own"
    )


@require_POST
@needs(CHANGE_HOLDS)
@once
def accept_free(request: HttpRequest, pk: int) -> HttpResponse:
    return decide_and_read(
        request, pk=pk, decide=deciding.accept_free, sentence="{} is accepted as a free contract"
    )


def decide_and_read(
    request: HttpRequest, *, pk: int, decide: Callable[..., None], sentence: str
) -> HttpResponse:
    hold = get_object_or_404(Hold.objects.select_related("crm_deal"), pk=pk)
    if decided(request, lambda: decide(hold=hold, actor=signed_in(request))):
        read_again(hold.crm_deal, actor_id=request.user.pk)
        messages.success(request, f"{sentence.format(hold.crm_deal)}. {read_next(hold.crm_deal.connection)}")
    return redirect("hold", pk=pk)


@require_POST
@needs(CHANGE_HOLDS)
@once
def enter_value(request: HttpRequest, pk: int) -> HttpResponse:
    hold = get_object_or_404(Hold.objects.select_related("crm_deal__connection"), pk=pk)
    key = request.POST.get("key", "")
    rule = entered_values.rule_or_none(hold.crm_deal.connection, key=key)
    if rule is None:
        messages.error(request, "Fincelo does not know this field. Choose a fix below.")
        return redirect("hold", pk=pk)
    form = EnterForm(request.POST, rule=rule)
    if not form.is_valid():
        return refuse(request, form=form, at=page_of(pk))
    entered: dict[str, Any] = form.cleaned_data
    try:
        entered_values.enter_value(hold=hold, actor=signed_in(request), at=timezone.now(), **entered)
    except (deciding.UnableToDecideHold, UnableToChangeMapping) as refusal:
        form.add_error("value", str(refusal))
        return refuse(request, form=form, at=page_of(pk))
    read_again(hold.crm_deal, actor_id=request.user.pk)
    said = entered_words(rule, entered["value"])
    messages.success(
        request,
        f"{rule.label} of {hold.crm_deal} is \u201c{said}\u201d from now on. "
        f"{read_next(hold.crm_deal.connection)}",
    )
    return redirect("hold", pk=pk)


@require_POST
@needs(CHANGE_HOLDS)
@once
def take_back_value(request: HttpRequest, pk: int) -> HttpResponse:
    deal = get_object_or_404(CrmDeal.objects.select_related("contract"), pk=pk)
    key = request.POST.get("key", "")
    if decided(request, lambda: entered_values.take_back(deal=deal, key=key, actor=signed_in(request))):
        read_again(deal, actor_id=request.user.pk)
        messages.success(request, f"{deal} follows the CRM again. {read_next(deal.connection)}")
    hold = Hold.objects.open().filter(crm_deal=deal).first()
    if deal.contract:
        return redirect(deal.contract)
    return redirect("hold", pk=hold.pk) if hold else redirect("holds")


@require_POST
@needs(SYNC)
def replay_hold(request: HttpRequest, pk: int) -> HttpResponse:
    hold = get_object_or_404(Hold.objects.select_related("crm_deal__connection"), pk=pk)
    connection = hold.crm_deal.connection
    if not connection.is_live:
        messages.error(request, f"{connection} is not connected. Connect it first, then sync again.")
        return redirect(connection)
    read_again(hold.crm_deal, actor_id=request.user.pk)
    messages.info(request, f"{hold.crm_deal}: {read_next(connection)}")
    return redirect("hold", pk=pk)


def reading_of(deal: CrmDeal) -> Waiting | None:
    """The reading of this deal that somebody has asked for."""
    subject = tasks.subject_of(deal.connection_id, deal.external_id)
    return background.waiting_for(tasks.replay, subject=subject)


def decided(request: HttpRequest, decide: Callable[[], None]) -> bool:
    """Whether it could be done; else the person is told why not."""
    try:
        decide()
    except (deciding.UnableToDecideHold, UnableToChangeMapping) as refusal:
        messages.error(request, str(refusal))
        return False
    return True


def read_again(deal: CrmDeal, *, actor_id: int | None) -> None:
    tasks.request_replay(connection_id=deal.connection_id, external_ids=[deal.external_id], actor_id=actor_id)
