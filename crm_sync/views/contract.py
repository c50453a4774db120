"""The page of a contract. It stands here because it shows the deal the contract came from."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from billing.forms import BilledElsewhereForm
from billing.overview import billing_overview
from billing.settling_forms import TakeBackForm
from billing.story import billing_story
from contracts.approving import stamp
from contracts.clock import business_day
from contracts.custom_fields import shown_fields
from contracts.enums import CustomFieldHome
from contracts.models import Contract
from contracts.story import audit_story, newest_first
from crm_sync.leaving import why
from crm_sync.models import CrmDeal
from crm_sync.overrides import overrides_of
from crm_sync.story import sync_story
from crm_sync.views.access import needs
from crm_sync.views.waits import shown_reasons


@needs("contracts.view_contract")
def contract(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(Contract.objects.select_related("customer", "billing_schedule"), pk=pk)
    deal = CrmDeal.objects.filter(contract=shown).select_related("connection__org", "org").first()
    overview = billing_overview(contract=shown, as_of=business_day())
    return render(
        request,
        "crm_sync/contract.html",
        {
            "contract": shown,
            "deal": deal,
            "overview": overview,
            "waits_for": shown_reasons(overview.waits_for, deal=deal),
            "overrides": overrides_of(deal) if deal else [],
            "suspended_because": why(deal) if deal and deal.left_reason else "",
            "custom_fields": shown_fields(home=CustomFieldHome.CONTRACT, values=shown.custom_fields),
            "stamp": stamp(shown),
            "reject_form": TakeBackForm(),
            "elsewhere_form": BilledElsewhereForm(missed=overview.missed, currency=shown.currency),
            "events": newest_first(
                audit_story(subject=shown),
                billing_story(contract=shown),
                sync_story(deal=deal) if deal else [],
            ),
        },
    )
