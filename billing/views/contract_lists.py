"""The list of contracts, and the same as a table for spreadsheets."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.forms.records import ASKS, WAITS, ContractFilter
from billing.overview.queries import asking, waiting, with_reasons
from contracts.custom_fields import definitions
from contracts.custom_filters import CustomFilter, narrowed
from contracts.enums import CustomFieldHome
from contracts.exporting import contract_table
from contracts.forms import CustomFieldFilter
from contracts.models import ContractQuerySet, Customer
from contracts.queries import contracts_matching, currencies_in_use
from contracts.views import as_file
from fincelo.pagination import CountCappedPaginator
from fincelo.rights import EXPORT, needs

VIEW = "contracts.view_contract"
SHOWN_ONLY: Mapping[str, Callable[[ContractQuerySet], ContractQuerySet]] = {
    ASKS[0]: asking,
    WAITS[0]: waiting,
}
"""States of the list that are no states of a contract."""


@require_safe
@needs(VIEW)
def contract_list(request: HttpRequest) -> HttpResponse:
    form, custom_form = filters(request)
    chosen, custom = form.cleaned_data, custom_form.chosen()
    contracts = matching(chosen, custom).select_related("billing_schedule")
    page = CountCappedPaginator(contracts).get_page(request.GET.get("page"))
    with_reasons(page.object_list)
    return render(
        request,
        "billing/contracts.html",
        {
            "form": form,
            "custom_form": custom_form,
            "is_narrowed": bool(custom),
            "is_filtered": any(chosen.values()) or bool(custom),
            "customer": Customer.objects.filter(pk=chosen["customer"]).first()
            if chosen.get("customer")
            else None,
            "page": page,
        },
    )


@require_safe
@needs((VIEW, EXPORT))
def contract_csv(request: HttpRequest) -> StreamingHttpResponse:
    form, custom_form = filters(request)
    found = matching(form.cleaned_data, custom_form.chosen())
    return as_file(name="contracts", table=contract_table(found))


def filters(request: HttpRequest) -> tuple[ContractFilter, CustomFieldFilter]:
    form = ContractFilter(request.GET, currencies=currencies_in_use())
    form.is_valid()  # what a filter cannot mean is left out
    return form, CustomFieldFilter(request.GET, fields=definitions(home=CustomFieldHome.CONTRACT))


def matching(chosen: dict[str, Any], custom: list[CustomFilter]) -> ContractQuerySet:
    state = chosen.get("state", "")
    found = contracts_matching(
        text=chosen.get("q", ""),
        state="" if state in SHOWN_ONLY else state,
        currency=chosen.get("currency", ""),
        customer_id=chosen.get("customer"),
    )
    return narrowed(SHOWN_ONLY[state](found) if state in SHOWN_ONLY else found, by=custom)
