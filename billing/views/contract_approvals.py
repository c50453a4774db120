"""Contracts that wait for a person before anything of them is billed."""

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from billing.forms.settling import TakeBackForm
from billing.issuing.controls import ensure_settled
from billing.tasks import request_billing
from billing.views.attempt import actor_of, attempt
from contracts.approving import (
    UnableToDecideContracts,
    approve_all,
    approve_contracts,
    reject,
    stamp,
    stamp_of_all,
    totals_of,
)
from contracts.clock import business_day
from contracts.models import Contract
from fincelo.once import once
from fincelo.pagination import CountCappedPaginator
from fincelo.refused import refuse
from fincelo.rights import needs

APPROVE = "contracts.approve_contract"
WAITS = "contracts-to-approve"


@require_safe
@needs(APPROVE)
def waiting_list(request: HttpRequest) -> HttpResponse:
    waiting = Contract.objects.awaiting()
    shown = waiting.select_related("customer").order_by("-start_date", "-pk")
    page = CountCappedPaginator(shown).get_page(request.GET.get("page"))
    return render(
        request,
        "billing/contract_approvals.html",
        {
            "page": page,
            "rows": [{"contract": contract, "stamp": stamp(contract)} for contract in page],
            "totals": totals_of(waiting),
            "seen": stamp_of_all(waiting),
        },
    )


@require_POST
@needs(APPROVE)
@once
def approve(request: HttpRequest) -> HttpResponse:
    """All that the person has seen the totals of, or those that were ticked."""
    today, actor = business_day(), actor_of(request)
    if not attempt(request, partial(ensure_settled, actor=actor, right=APPROVE)):
        return redirect(WAITS)
    if "seen" in request.POST:
        decide(request, lambda: approve_all(seen=request.POST["seen"], as_of=today, actor=actor))
        return redirect(WAITS)
    seen = ticked(request)
    if seen:
        decide(request, lambda: approve_contracts(seen=seen, as_of=today, actor=actor))
    else:
        messages.error(request, "Nothing was approved: tick the contracts that you approve.")
    return redirect(WAITS)


def ticked(request: HttpRequest) -> dict[int, str]:
    """By contract, what the person saw of it."""
    pairs = [value.partition(":") for value in request.POST.getlist("contract")]
    return {int(key): seen for key, _, seen in pairs if key.isdecimal() and len(key) < 19}


@require_POST
@needs(APPROVE)
@once
def approve_one(request: HttpRequest, pk: int) -> HttpResponse:
    contract = get_object_or_404(Contract, pk=pk)
    seen = {pk: request.POST.get("seen", "")}
    today, actor = business_day(), actor_of(request)
    if not attempt(request, partial(ensure_settled, actor=actor, right=APPROVE)):
        return redirect(contract)
    decide(request, lambda: approve_contracts(seen=seen, as_of=today, actor=actor))
    return redirect(contract)


@require_POST
@needs(APPROVE)
@once
def reject_one(request: HttpRequest, pk: int) -> HttpResponse:
    contract = get_object_or_404(Contract, pk=pk)
    form = TakeBackForm(request.POST)
    if not form.is_valid():
        return refuse(request, form=form, at=contract)
    reason, actor = form.cleaned_data["reason"], actor_of(request)
    try:
        reject(contract=contract, reason=reason, actor=actor)
    except UnableToDecideContracts as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{contract} is rejected. It has ended and is never billed.")
    return redirect(contract)


def decide(request: HttpRequest, approve: Callable[[], int]) -> None:
    try:
        count = approve()
    except UnableToDecideContracts as refusal:
        messages.error(request, str(refusal))
        return
    request_billing(actor_id=request.user.pk)
    what = "1 contract is" if count == 1 else f"{count:,} contracts are"
    messages.success(
        request, f"{what} approved. What is due is invoiced, or waits as a draft under Approvals."
    )
