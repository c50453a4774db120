from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from contracts.forms import CustomerFilter
from contracts.queries import customers_matching
from fincelo.pagination import CountCappedPaginator


@permission_required("contracts.view_customer", raise_exception=True)
def customer_list(request: HttpRequest) -> HttpResponse:
    form = CustomerFilter(request.GET)
    text = form.cleaned_data["q"] if form.is_valid() else ""
    page = CountCappedPaginator(customers_matching(text=text)).get_page(request.GET.get("page"))
    return render(
        request, "contracts/customers.html", {"form": form, "page": page, "is_filtered": bool(text)}
    )
