"""What another person has asked for: confirmed, it holds; withdrawn, everything stays as it is."""

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from billing.enums import ControlKind
from billing.models import ControlChange
from billing.receivables.confirming import confirm, withdraw_request
from billing.tasks import request_telling
from billing.views.attempt import actor_of, attempt
from fincelo.rights import needs

APPROVE = "billing.approve_invoice"


@require_POST
@needs(APPROVE)
def confirm_change(request: HttpRequest, pk: int) -> HttpResponse:
    change = get_object_or_404(ControlChange, pk=pk)
    if attempt(request, partial(confirm, change=change, actor=actor_of(request))):
        request_telling()
        messages.success(request, confirmed_sentence(change))
    return redirect("approvals")


def confirmed_sentence(change: ControlChange) -> str:
    if change.kind == ControlKind.LETTERHEAD:
        return "Confirmed. Documents carry these bank details from tomorrow on; every approver gets a mail."
    return f"Confirmed: {change}."


@require_POST
@needs(APPROVE)
def withdraw_change(request: HttpRequest, pk: int) -> HttpResponse:
    change = get_object_or_404(ControlChange, pk=pk)
    if attempt(request, partial(withdraw_request, change=change, actor=actor_of(request))):
        request_telling()
        messages.success(request, f"Withdrawn: {change}. Everything stays as it is.")
    return redirect("approvals")
