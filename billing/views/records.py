from datetime import date
from decimal import Decimal

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from billing.changing.noticing import settle_left
from billing.enums import InvoiceState
from billing.forms.mails import BounceForm, ContactForm
from billing.forms.records import BilledElsewhereForm, InvoiceFilter
from billing.forms.settings import BillingTermsForm
from billing.forms.settling import CreditForm, PaymentForm, TakeBackForm, VoidForm
from billing.issuing.rendering import boxed_texts, document_of
from billing.mailing.lists import mails_of
from billing.mailing.outbox import unaddressed
from billing.models import Invoice, LegalEntity
from billing.overview.contract import billing_overview
from billing.overview.queries import invoices_matching, totals_by_currency, with_reasons
from billing.overview.story import issued
from billing.receivables.crediting import CREDITABLE, left_to_credit
from billing.receivables.paying import PAYABLE
from billing.receivables.voiding import may_be_void
from billing.schedules import customer_terms
from billing.schedules.activation import UnableToCatchUp, decide_catch_up
from billing.schedules.waiting import waits_of
from billing.tasks import request_billing
from billing.views.attempt import actor_of
from contracts.clock import business_day
from contracts.custom_fields import shown_fields
from contracts.custom_values import shown_value
from contracts.enums import CustomFieldHome
from contracts.models import Contract, Customer
from contracts.money import Money
from contracts.particulars import GROUPS, LABELS, differences
from contracts.queries import contracts_matching, currencies_in_use
from contracts.story import audit_story, newest_first
from contracts.suspending import UnableToResume, resume
from fincelo.once import once
from fincelo.pagination import CountCappedPaginator
from fincelo.refused import refuse
from fincelo.rights import needs

RESUMED = "{user} has resumed the contract."
PREVIEW = 10
"""How many rows of a longer list stand on a page about something else."""


@needs("contracts.view_customer")
def customer(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(Customer, pk=pk)
    contracts = contracts_matching(customer_id=shown.pk).select_related("billing_schedule")
    invoices = invoices_matching(as_of=business_day(), customer_id=shown.pk)
    entity = LegalEntity.objects.order_by("pk").first()
    page = CountCappedPaginator(contracts, PREVIEW).page(1)
    with_reasons(page.object_list)
    return render(
        request,
        "billing/customer.html",
        {
            "customer": shown,
            "entity": entity,
            "terms_form": BillingTermsForm(customer=shown, entity=entity),
            "contracts": page,
            "invoices": CountCappedPaginator(invoices, PREVIEW).page(1),
            "contact_form": ContactForm(instance=shown),
            "address": shown.address_lines(from_country=entity.country if entity else ""),
            "differences": differences(shown),
            "entered": [(group, LABELS[group]) for group in GROUPS if group in shown.entered],
            "unsent": unaddressed(customer=shown).count(),
            "waits": waits_of(customer=shown),
            "totals": totals_by_currency(customer=shown),
            "custom_fields": shown_fields(home=CustomFieldHome.CUSTOMER, values=shown.custom_fields),
            "events": newest_first(audit_story(subject=shown)),
        },
    )


@needs("billing.view_invoice")
def invoice_list(request: HttpRequest) -> HttpResponse:
    form = InvoiceFilter(request.GET, currencies=currencies_in_use())
    form.is_valid()  # what a filter cannot mean is left out
    chosen = form.cleaned_data
    invoices = invoices_matching(
        as_of=business_day(),
        text=chosen.get("q", ""),
        state=chosen.get("state", ""),
        currency=chosen.get("currency", ""),
        customer_id=chosen.get("customer"),
        contract_id=chosen.get("contract"),
    )
    return render(
        request,
        "billing/invoices.html",
        {
            "form": form,
            "is_filtered": any(chosen.values()),
            "customer": Customer.objects.filter(pk=chosen["customer"]).first()
            if chosen.get("customer")
            else None,
            "contract": Contract.objects.filter(pk=chosen["contract"]).first()
            if chosen.get("contract")
            else None,
            "page": CountCappedPaginator(invoices).get_page(request.GET.get("page")),
        },
    )


@needs("billing.view_invoice")
def invoice(request: HttpRequest, pk: int) -> HttpResponse:
    today = business_day()
    invoices = invoices_matching(as_of=today)
    shown = get_object_or_404(invoices.select_related("contract", "customer", "billing_run__actor"), pk=pk)
    document = document_of(invoice=shown)
    left = Money(minor=left_to_credit(invoice=shown), currency=shown.currency)
    return render(
        request,
        "billing/invoice.html",
        {
            "invoice": shown,
            "lines": shown.lines.order_by("position"),
            "custom_fields": [
                shown_value(label=kept["label"], text=kept["value"], type=kept["type"])
                for kept in shown.custom_fields
            ],
            "document": document,
            "boxed": boxed_texts(document=document),
            "mails": mails_of(document=shown),
            "bounce_form": BounceForm(),
            "is_void": shown.state == InvoiceState.VOID,
            "credit_notes": shown.credit_notes.order_by("pk"),
            "payments": shown.payments.select_related("recorded_by", "reversed_by").order_by("pk"),
            "is_payable": shown.state in PAYABLE,
            "is_creditable": shown.state in CREDITABLE and left.is_positive,
            "may_be_void": may_be_void(invoice=shown),
            "payment_form": PaymentForm(
                invoice=shown, initial={"received_date": today, "paid": as_decimal(shown)}
            ),
            "credit_form": CreditForm(invoice=shown, left=left),
            "void_form": VoidForm(),
            "take_back_form": TakeBackForm(),
            "events": newest_first(
                [issued(invoice=shown)] if shown.number else [], audit_story(subject=shown)
            ),
        },
    )


def as_decimal(shown: Invoice) -> Decimal:
    """The open amount as the form offers it."""
    return Money(minor=shown.balance_minor, currency=shown.currency).to_decimal()


@require_POST
@needs("contracts.change_customer")
def change_billing_terms(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(Customer, pk=pk)
    form = BillingTermsForm(request.POST, customer=shown, entity=None)
    if not form.is_valid():
        return refuse(request, form=form, at=shown)
    customer_terms.change_billing_terms(
        customer=shown,
        tax_rate=form.rate,
        payment_terms_days=form.cleaned_data["payment_terms_days"],
        actor=actor_of(request),
    )
    messages.success(request, "Saved. Invoices from now on follow the new terms; issued ones stay.")
    return redirect(shown)


@require_POST
@needs("billing.change_billingschedule")
@once
def bill_all_missed(request: HttpRequest, pk: int) -> HttpResponse:
    contract = get_object_or_404(Contract, pk=pk)
    return _decide(request, contract, bill_from=None)


@require_POST
@needs("billing.change_billingschedule")
@once
def billed_elsewhere(request: HttpRequest, pk: int) -> HttpResponse:
    contract = get_object_or_404(Contract, pk=pk)
    overview = billing_overview(contract=contract, as_of=business_day())
    form = BilledElsewhereForm(request.POST, missed=overview.missed, currency=contract.currency)
    if not form.is_valid():
        return refuse(request, form=form, at=contract)
    return _decide(request, contract, bill_from=form.cleaned_data["billed_until"])


@require_POST
@needs("billing.change_billingschedule")
@once
def resume_contract(request: HttpRequest, pk: int) -> HttpResponse:
    contract = get_object_or_404(Contract, pk=pk)
    assert request.user.is_authenticated  # a permission was asked for
    try:
        with transaction.atomic():
            resume(contract=contract, as_of=business_day(), actor=request.user)
            settle_left(contract_ids=[contract.pk], reason=RESUMED.format(user=request.user))
    except UnableToResume as refusal:
        messages.error(request, str(refusal))
    else:
        request_billing(actor_id=request.user.pk)
        messages.success(
            request, f"{contract} continues. What is due is invoiced, or waits as a draft under Approvals."
        )
    return redirect(contract)


def _decide(request: HttpRequest, contract: Contract, *, bill_from: date | None) -> HttpResponse:
    assert request.user.is_authenticated  # a permission was asked for
    try:
        today = business_day()
        decide_catch_up(contract=contract, bill_from=bill_from, as_of=today, actor=request.user)
    except UnableToCatchUp as refusal:
        messages.error(request, str(refusal))
    else:
        request_billing(actor_id=request.user.pk)
        messages.success(request, "Decided. What is due is invoiced, or waits as a draft under Approvals.")
    return redirect(contract)
