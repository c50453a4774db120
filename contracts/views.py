from collections.abc import Iterable, Sequence

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from contracts.custom_fields import definitions
from contracts.custom_filters import narrowed
from contracts.enums import CustomFieldHome
from contracts.exporting import customer_table
from contracts.forms import CustomerFilter, CustomFieldFilter
from contracts.models import Customer
from contracts.queries import customers_matching, customers_named
from fincelo.pagination import CountCappedPaginator
from fincelo.rights import EXPORT, needs
from fincelo.spreadsheets import csv_lines

VIEW = "contracts.view_customer"


@require_safe
@needs(VIEW)
def customer_list(request: HttpRequest) -> HttpResponse:
    form, custom_form = filters(request)
    text, chosen = form.cleaned_data.get("q", ""), custom_form.chosen()
    found = narrowed(customers_matching(text=text), by=chosen)
    return render(
        request,
        "contracts/customers.html",
        {
            "form": form,
            "custom_form": custom_form,
            "is_narrowed": bool(chosen),
            "page": CountCappedPaginator(found).get_page(request.GET.get("page")),
            "is_filtered": bool(text or chosen),
        },
    )


@require_safe
@needs((VIEW, EXPORT))
def customer_csv(request: HttpRequest) -> StreamingHttpResponse:
    form, custom_form = filters(request)
    found = customers_named(Customer.objects.current(), text=form.cleaned_data.get("q", ""))
    return as_file(name="customers", table=customer_table(narrowed(found, by=custom_form.chosen())))


def filters(request: HttpRequest) -> tuple[CustomerFilter, CustomFieldFilter]:
    form = CustomerFilter(request.GET)
    form.is_valid()  # what a filter cannot mean is left out
    return form, CustomFieldFilter(request.GET, fields=definitions(home=CustomFieldHome.CUSTOMER))


def as_file(*, name: str, table: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        csv_lines(table),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
