from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from billing.forms.banks import PaymentFileForm
from billing.forms.settling import PaymentForm, TakeBackForm
from billing.issuing.policy import PeriodLocked
from billing.models import Invoice, Payment, PaymentImport
from billing.receivables.paying import DayRefused, UnableToRecordPayment, record_payment, take_back_payment
from billing.views.attempt import actor_of, attempt
from contracts.clock import business_day
from contracts.money import Money
from contracts.writing import write_money
from fincelo.once import once
from fincelo.pagination import CountCappedPaginator
from fincelo.refused import refuse
from fincelo.rights import needs

IMPORTS_SHOWN = 10
ABOUT = {
    UnableToRecordPayment: "paid",
    DayRefused: "received_date",
    PeriodLocked: "received_date",
}


@needs("billing.view_payment")
def payment_list(request: HttpRequest) -> HttpResponse:
    payments = Payment.objects.select_related("invoice", "recorded_by").order_by("-received_date", "-id")
    return render(
        request,
        "billing/payments.html",
        {
            "page": CountCappedPaginator(payments).get_page(request.GET.get("page")),
            "imports": PaymentImport.objects.defer("content")
            .select_related("imported_by")
            .order_by("-id")[:IMPORTS_SHOWN],
            "form": PaymentFileForm(),
        },
    )


@require_POST
@needs("billing.add_payment")
@once
def record(request: HttpRequest, pk: int) -> HttpResponse:
    invoice = get_object_or_404(Invoice, pk=pk)
    form = PaymentForm(request.POST, invoice=invoice)
    if not form.is_valid():
        return refuse(request, form=form, at=invoice)
    paid: Money = form.cleaned_data["paid"]
    work = partial(
        record_payment,
        invoice=invoice,
        amount=paid,
        received_date=form.cleaned_data["received_date"],
        reference=form.cleaned_data["reference"],
        as_of=business_day(),
        actor=actor_of(request),
    )
    if not attempt(request, work, form=form, fields=ABOUT):
        return refuse(request, form=form, at=invoice)
    messages.success(request, f"{write_money(paid)} is recorded.")
    return redirect(invoice)


@require_POST
@needs("billing.add_payment")
@once
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    payment = get_object_or_404(Payment.objects.select_related("invoice"), pk=pk)
    form = TakeBackForm(request.POST)
    if not form.is_valid():
        return refuse(request, form=form, at=payment.invoice)
    work = partial(
        take_back_payment,
        payment=payment,
        reason=form.cleaned_data["reason"],
        as_of=business_day(),
        actor=actor_of(request),
    )
    if not attempt(request, work, form=form):
        return refuse(request, form=form, at=payment.invoice)
    messages.success(request, "The payment is taken back. Its amount is open again.")
    return redirect(payment.invoice)
