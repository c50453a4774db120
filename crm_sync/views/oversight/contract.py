"""The page of a contract. It stands here because it shows the deal the contract came from."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from billing.changing.listing import change_of
from billing.forms.records import BilledElsewhereForm
from billing.forms.settling import TakeBackForm
from billing.overview.contract import billing_overview
from billing.overview.story import billing_story
from contracts.approving import stamp
from contracts.clock import business_day
from contracts.custom_fields import shown_fields
from contracts.enums import CustomFieldHome
from contracts.models import Contract
from contracts.story import audit_story, newest_first
from crm_sync.forms.oversight.contracts import TimingForm
from crm_sync.holds.entered_values import overrides_of
from crm_sync.holds.timing import UnableToChangeTiming, change_timing, refusal_for, timing_in_force
from crm_sync.importing.leaving import why
from crm_sync.models import CrmDeal
from crm_sync.oversight.story import sync_story
from crm_sync.views.access import CHANGE_SCHEDULE, needs, signed_in
from crm_sync.views.oversight.waits import shown_reasons
from fincelo.once import once
from fincelo.refused import refuse


@needs("contracts.view_contract")
def contract(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(Contract.objects.select_related("customer", "billing_schedule"), pk=pk)
    deal = CrmDeal.objects.filter(contract=shown).select_related("connection__org", "org").first()
    overview = billing_overview(contract=shown, as_of=business_day())
    return render(
        request,
        "crm_sync/oversight/contract.html",
        {
            "contract": shown,
            "deal": deal,
            "overview": overview,
            "change": change_of(contract=shown),
            "waits_for": shown_reasons(overview.waits_for, deal=deal, customer_id=shown.customer_id),
            "overrides": overrides_of(deal) if deal else [],
            "suspended_because": why(deal) if deal and deal.left_reason else "",
            "custom_fields": shown_fields(home=CustomFieldHome.CONTRACT, values=shown.custom_fields),
            "stamp": stamp(shown),
            "timing_form": TimingForm(initial={"timing": timing_in_force(shown).code}),
            "timing_stays": refusal_for(shown) if request.user.has_perm(CHANGE_SCHEDULE) else "",
            "reject_form": TakeBackForm(),
            "elsewhere_form": BilledElsewhereForm(missed=overview.missed, currency=shown.currency),
            "events": newest_first(
                audit_story(subject=shown),
                billing_story(contract=shown),
                sync_story(deal=deal) if deal else [],
            ),
        },
    )


@require_POST
@needs(CHANGE_SCHEDULE)
@once
def timing(request: HttpRequest, pk: int) -> HttpResponse:
    """Bills one contract in advance or in arrears, until something is issued."""
    changed, now = get_object_or_404(Contract, pk=pk), timezone.now()
    form = TimingForm(request.POST)
    if not form.is_valid():
        return refuse(request, form=form, at=changed)
    chosen, reason = form.cleaned_data["timing"], form.cleaned_data["reason"]
    try:
        told = change_timing(
            contract=changed,
            code=chosen,
            reason=reason,
            actor=signed_in(request),
            at=now,
            as_of=business_day(),
        )
    except UnableToChangeTiming as refusal:
        form.add_error(None, str(refusal))
        return refuse(request, form=form, at=changed)
    messages.success(request, f"{changed} is billed {told.label[0].lower()}{told.label[1:]} from now on.")
    return redirect(changed)
