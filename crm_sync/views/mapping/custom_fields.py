"""Settings, Custom fields: what there is, where it is fed from, and what is printed on invoices."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from contracts.custom_fields import all_fields, print_on_invoices
from contracts.models import CustomField
from crm_sync.mapping.custom_fields import feeders
from crm_sync.views.access import needs, signed_in

VIEW, CHANGE = "contracts.view_customfield", "contracts.change_customfield"


@require_safe
@needs(VIEW)
def field_list(request: HttpRequest) -> HttpResponse:
    feeding = feeders()
    rows = [{"field": field, "feeders": feeding.get((field.home, field.label), [])} for field in all_fields()]
    return render(request, "crm_sync/mapping/custom_fields.html", {"rows": rows})


@require_POST
@needs(CHANGE)
def set_printed(request: HttpRequest, pk: int) -> HttpResponse:
    field = get_object_or_404(CustomField, pk=pk)
    printed = request.POST.get("printed") == "yes"
    if print_on_invoices(field=field, printed=printed, actor=signed_in(request)):
        done = "is printed on invoices" if printed else "is no longer printed on invoices"
        messages.success(request, f"{field} {done}, from the next one on. Issued invoices stay as they are.")
    else:
        messages.info(request, f"{field} is set like that already.")
    return redirect("custom-fields")
