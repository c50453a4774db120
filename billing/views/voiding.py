from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from billing.enums import AfterVoid, InvoiceState
from billing.forms.settling import VoidForm
from billing.models import Invoice
from billing.receivables.voiding import void_invoice
from billing.views.attempt import actor_of, attempt
from fincelo.once import once
from fincelo.refused import refuse
from fincelo.rights import needs


@require_POST
@needs("billing.void_invoice")
@once
def void(request: HttpRequest, pk: int) -> HttpResponse:
    invoice = get_object_or_404(Invoice, pk=pk)
    form = VoidForm(request.POST)
    if not form.is_valid():
        return refuse(request, form=form, at=invoice)
    work = partial(
        void_invoice,
        invoice=invoice,
        then=AfterVoid(form.cleaned_data["then"]),
        reason=form.cleaned_data["void_reason"],
        actor=actor_of(request),
    )
    if not attempt(request, work, form=form):
        return refuse(request, form=form, at=invoice)
    invoice.refresh_from_db()
    if invoice.state == InvoiceState.VOID:
        messages.success(request, f"{invoice} is void. Its number stays in the series.")
    else:
        messages.info(request, f"{invoice} is void once a second person confirms it under Approvals.")
    return redirect(invoice)
