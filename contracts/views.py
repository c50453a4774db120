from collections.abc import Iterable, Sequence

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from contracts.amount_fields import NumberKind, Typed
from contracts.custom_fields import definitions
from contracts.custom_filters import narrowed
from contracts.enums import CustomFieldHome
from contracts.exporting import customer_table
from contracts.forms import NUMBER_DECIMALS, CustomerFilter, CustomFieldFilter
from contracts.models import Customer
from contracts.queries import customers_matching, customers_named
from fincelo.pagination import CountCappedPaginator
from fincelo.rights import EXPORT, needs, signed_in_only
from fincelo.spreadsheets import csv_lines

VIEW = "contracts.view_customer"
KINDS = {kind.value for kind in NumberKind}
DECIMALS = {str(number) for number in range(NUMBER_DECIMALS + 1)}


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


@require_safe
@signed_in_only  # it answers what is asked and nothing that is stored
def understood(request: HttpRequest) -> HttpResponse:
    """What a number that is being typed would be saved as, in the words of the page, for its script."""
    asked = request.GET
    kind, decimals = asked.get("kind", ""), asked.get("decimals", "")
    if kind not in KINDS:
        return HttpResponse(status=400)
    told = Typed(
        kind=NumberKind(kind),
        text=asked.get("text", ""),
        currency=asked.get("currency", ""),
        decimals=int(decimals) if decimals in DECIMALS else None,
    )
    return HttpResponse(told.understood(), content_type="text/plain; charset=utf-8")


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
