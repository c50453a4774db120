"""CRM changes after billing: where the CRM and a contract that has been invoiced disagree."""

from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.changing.listing import ShownChange, open_changes, shown
from crm_sync.models import CrmDeal
from crm_sync.views.access import VIEW_CHANGES, needs
from fincelo.pagination import CountCappedPaginator


@require_safe
@needs(VIEW_CHANGES)
def change_list(request: HttpRequest) -> HttpResponse:
    page = CountCappedPaginator(open_changes()).get_page(request.GET.get("page"))
    return render(request, "crm_sync/oversight/changes.html", {"page": page, "rows": rows_of(page)})


def rows_of(page: Page[Any]) -> list[dict[str, Any]]:
    """Each change of the page with its deal."""
    changes: list[ShownChange] = shown(list(page.object_list))
    deals = CrmDeal.objects.filter(contract__in=[one.contract for one in changes]).select_related(
        "connection"
    )
    by_contract = {deal.contract_id: deal for deal in deals}
    return [{"change": one, "deal": by_contract.get(one.contract.pk)} for one in changes]
