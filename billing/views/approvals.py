"""The approval queue: drafts, credit notes that wait, and runs that were parked."""

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from billing.enums import BillingRunState, CreditNoteState
from billing.forms.settling import ApprovalForm, TakeBackForm
from billing.issuing.approving import (
    Approval,
    approve_drafts,
    ask_about_parked,
    hold_back_draft,
    release_parked,
    totals_of,
    waiting_drafts,
)
from billing.issuing.control_mails import differences
from billing.issuing.controls import may_confirm, open_changes
from billing.models import BillingRun, CreditNote, Invoice
from billing.overview.banners import sentence
from billing.tasks import request_billing, request_sending
from billing.views.attempt import actor_of, attempt
from contracts.clock import business_day
from contracts.models import Contract
from fincelo.once import once
from fincelo.pagination import CountCappedPaginator
from fincelo.refused import refuse
from fincelo.rights import needs

APPROVE = "billing.approve_invoice"
MOST_TICKED = 1_000


@needs(APPROVE)
def approval_queue(request: HttpRequest) -> HttpResponse:
    drafts = waiting_drafts().select_related("contract")
    newest = drafts.order_by("-pk").values_list("pk", flat=True).first()
    parked = BillingRun.objects.filter(state=BillingRunState.PARKED).order_by("pk")
    return render(
        request,
        "billing/approvals.html",
        {
            "page": CountCappedPaginator(drafts).get_page(request.GET.get("page")),
            "totals": totals_of(drafts),
            "up_to": newest,
            "contracts_wait": Contract.objects.awaiting().exists(),
            "changes": [
                (change, differences(change), may_confirm(change=change, actor=actor_of(request)))
                for change in open_changes()
            ],
            "parked": [(run, sentence(run)) for run in parked],
            "credit_notes": CreditNote.objects.filter(state=CreditNoteState.DRAFT)
            .select_related("invoice")
            .order_by("pk"),
        },
    )


@require_safe
@needs(APPROVE)
def review(request: HttpRequest) -> HttpResponse:
    """What was ticked and what it comes to, before it is issued for good."""
    drafts = waiting_drafts().filter(pk__in=_ticked(request.GET)).select_related("contract")
    if not drafts:
        messages.error(request, "Choose at least one draft that still waits.")
        return redirect("approvals")
    return render(request, "billing/approval_review.html", {"drafts": drafts, "totals": totals_of(drafts)})


def _ticked(sent: QueryDict) -> list[int]:
    return [int(pk) for pk in sent.getlist("draft") if pk.isdecimal() and len(pk) < 19][:MOST_TICKED]


@require_POST
@needs(APPROVE)
@once
def approve(request: HttpRequest) -> HttpResponse:
    """The drafts that were ticked, or all that the person has seen: none that came later."""
    form = ApprovalForm(request.POST)
    if not form.is_valid():
        messages.error(request, "These drafts are no longer here as you saw them. Look at them again.")
        return redirect("approvals")
    up_to = form.cleaned_data["up_to"]
    if up_to:
        ids = list(waiting_drafts().filter(pk__lte=up_to).values_list("pk", flat=True))
    else:
        ids = _ticked(request.POST)
    done: list[Approval] = []
    today = business_day()
    if attempt(
        request,
        lambda: done.append(approve_drafts(ids=sorted(set(ids)), as_of=today, actor=actor_of(request))),
    ):
        tell(request, done[0])
    return redirect("approvals")


def tell(request: HttpRequest, done: Approval) -> None:
    if done.issued:
        request_sending(actor_id=request.user.pk)
        messages.success(
            request, f"{done.issued:,} {'invoice is' if done.issued == 1 else 'invoices are'} issued."
        )
    if done.over_limit:
        messages.warning(request, f"{done.over_limit:,} over the limit: an approver has to let them out.")


@require_POST
@needs(APPROVE)
@once
def hold_back(request: HttpRequest, pk: int) -> HttpResponse:
    draft = get_object_or_404(Invoice.objects.select_related("contract"), pk=pk)
    form = TakeBackForm(request.POST)
    if not form.is_valid():
        return refuse(request, form=form, at=draft)
    work = partial(hold_back_draft, draft=draft, reason=form.cleaned_data["reason"], actor=actor_of(request))
    if attempt(request, work):
        messages.success(request, f"{draft.contract} is suspended. Resume it on its page.")
    return redirect("approvals")


@require_POST
@needs("billing.approve_over_limit")
@once
def release(request: HttpRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, release_parked, "Decided. What was parked is being billed.")


@require_POST
@needs("billing.approve_over_limit")
@once
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, ask_about_parked, "Each contract of it asks on its own page now.")


def _decide(request: HttpRequest, pk: int, decide: Callable[..., object], sentence: str) -> HttpResponse:
    run = get_object_or_404(BillingRun, pk=pk)
    if attempt(request, partial(decide, run=run, actor=actor_of(request))):
        request_billing(actor_id=request.user.pk)
        messages.success(request, sentence)
    return redirect("approvals")
