from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from billing.models import Invoice, Payment, PaymentImport
from billing.paying import record_payment, take_back_payment
from billing.payment_imports import import_payments
from billing.payment_rows import MOST_BYTES, UnreadableFile
from billing.settling_forms import PaymentFileForm, PaymentForm, TakeBackForm
from billing.views.attempt import actor_of, attempt, is_filled
from contracts.clock import business_day
from contracts.money import Money
from contracts.writing import write_money
from fincelo.pagination import CountCappedPaginator
from fincelo.spreadsheets import csv_text

COLUMNS = ("invoice", "amount", "currency", "date", "reference", "copy", "reason")
IMPORTS_SHOWN = 10


@permission_required("billing.view_payment", raise_exception=True)
def payment_list(request: HttpRequest) -> HttpResponse:
    payments = Payment.objects.select_related("invoice", "recorded_by").order_by("-received_date", "-id")
    return render(
        request,
        "billing/payments.html",
        {
            "page": CountCappedPaginator(payments).get_page(request.GET.get("page")),
            "imports": PaymentImport.objects.select_related("imported_by").order_by("-id")[:IMPORTS_SHOWN],
            "form": PaymentFileForm(),
        },
    )


@require_POST
@permission_required("billing.add_payment", raise_exception=True)
def record(request: HttpRequest, pk: int) -> HttpResponse:
    invoice = get_object_or_404(Invoice, pk=pk)
    form = PaymentForm(request.POST, invoice=invoice)
    if not is_filled(request, form):
        return redirect(invoice)
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
    if attempt(request, work):
        messages.success(request, f"{write_money(paid)} is recorded.")
    return redirect(invoice)


@require_POST
@permission_required("billing.add_payment", raise_exception=True)
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    payment = get_object_or_404(Payment.objects.select_related("invoice"), pk=pk)
    form = TakeBackForm(request.POST)
    today = business_day()
    if is_filled(request, form) and attempt(
        request,
        partial(
            take_back_payment,
            payment=payment,
            reason=form.cleaned_data["reason"],
            as_of=today,
            actor=actor_of(request),
        ),
    ):
        messages.success(request, "The payment is taken back. Its amount is open again.")
    return redirect(payment.invoice)


@require_POST
@permission_required("billing.add_payment", raise_exception=True)
def import_file(request: HttpRequest) -> HttpResponse:
    form = PaymentFileForm(request.POST, request.FILES)
    if not is_filled(request, form):
        return redirect("payments")
    file = form.cleaned_data["file"]
    try:
        done = import_payments(
            file_name=file.name,
            content=file.read(MOST_BYTES + 1),
            as_of=business_day(),
            actor=actor_of(request),
        )
    except UnreadableFile as refusal:
        messages.error(request, f"{file.name} is not imported. {refusal}")
        return redirect("payments")
    return redirect(done)


@permission_required("billing.view_paymentimport", raise_exception=True)
def payment_import(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(PaymentImport.objects.select_related("imported_by"), pk=pk)
    return render(request, "billing/payment_import.html", {"shown": shown, "sentence": _sentence(shown)})


def _sentence(done: PaymentImport) -> str:
    parts = [f"{done.recorded:,} recorded"]
    if done.known:
        parts.append(f"{done.known:,} recorded before")
    if done.unmatched:
        parts.append(f"{len(done.unmatched):,} not matched")
    return f"{', '.join(parts)}."


@permission_required("billing.add_payment", raise_exception=True)
def unmatched_rows(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows that were not recorded, to be mended and imported again. `copy` tells equal ones apart."""
    done = get_object_or_404(PaymentImport, pk=pk)
    text = csv_text(
        header=COLUMNS, rows=[[row.get(column, "") for column in COLUMNS] for row in done.unmatched]
    )
    return HttpResponse(
        "\ufeff" + text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="unmatched-payments-{done.pk}.csv"'},
    )
