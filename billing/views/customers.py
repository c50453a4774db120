"""A customer's details, as finance enters them."""

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from billing.forms.customers import CustomerDetailsForm
from billing.schedules.printability import note_unprintable_of
from billing.tasks import request_billing
from billing.views.attempt import actor_of, attempt
from billing.views.mails import saved_sentence
from contracts.models import Customer
from contracts.particulars import change_particulars, take_back
from fincelo.rights import needs

CHANGE = "contracts.change_customer"


@require_http_methods(["GET", "POST"])
@needs(CHANGE)
def customer_details(request: HttpRequest, pk: int) -> HttpResponse:
    """What invoices name of the customer. Saving mails nothing; billing resumes automatically."""
    customer = get_object_or_404(Customer, pk=pk)
    form = CustomerDetailsForm(request.POST or None, instance=get_object_or_404(Customer, pk=pk))
    if request.method == "POST" and form.is_valid():
        change_particulars(customer=customer, values=form.values, actor=actor_of(request))
        note_unprintable_of(customer=customer)
        request_billing(actor_id=request.user.pk)
        messages.success(request, saved_sentence(customer=Customer.objects.get(pk=pk)))
        return redirect(customer)
    return render(request, "billing/customer_details.html", {"customer": customer, "form": form})


@require_POST
@needs(CHANGE)
def follow_crm(request: HttpRequest, pk: int) -> HttpResponse:
    """What was entered here gives way to the CRM's value again."""
    customer = get_object_or_404(Customer, pk=pk)
    group = request.POST.get("group", "")
    if attempt(request, partial(take_back, customer=customer, group=group, actor=actor_of(request))):
        note_unprintable_of(customer=customer)
        request_billing(actor_id=request.user.pk)
        messages.success(request, "The CRM's value counts again, from the next invoice on.")
    return redirect(customer)
