"""Settings: when people are reminded of deals that are still held."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from contracts.audited_form import record_form
from crm_sync.forms.holds.reminders import HoldPolicyForm
from crm_sync.holds.reminders import hold_policy
from crm_sync.views.access import CHANGE_HOLD_POLICY, VIEW_HOLD_POLICY, needs, signed_in


@require_http_methods(["GET", "HEAD", "POST"])
@needs(VIEW_HOLD_POLICY, write=CHANGE_HOLD_POLICY)
def hold_settings(request: HttpRequest) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = HoldPolicyForm(data, instance=hold_policy())
    if data is not None and form.is_valid():
        with transaction.atomic():
            record_form(form=form, subject=form.save(), actor=signed_in(request))
        messages.success(request, "Saved. The next reminders follow it.")
        return redirect("hold-settings")
    return render(request, "crm_sync/holds/hold_settings.html", {"form": form})
