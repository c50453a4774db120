"""The database was restored from a backup: an approver says which numbers left, and billing continues."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from billing.enums import SeriesKind
from billing.issuing.controls import ensure_settled
from billing.issuing.restoring import Comparison, SeriesState, compare, continue_series, number_text
from billing.models import LegalEntity, NumberGap
from billing.tasks import request_billing
from billing.values import SeriesKey
from billing.views.attempt import actor_of, attempt
from fincelo.once import mark_refused, once
from fincelo.password_again import PasswordAgainForm
from fincelo.rights import needs

MOST = 999_999_999
CONFIRMS = "billing.change_billingpolicy"


class RestoreForm(PasswordAgainForm):
    """A number for each series, the reason, and the approver's password."""

    def __init__(self, *args: Any, compared: Comparison, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for state in (*compared.series, *compared.unused):
            label = f"Highest number sent: {SeriesKind(state.key.kind).label.lower()} of {state.key.year}"
            self.fields[str(state.key)] = forms.IntegerField(
                label=label,
                required=bool(state.least),
                min_value=state.least,
                max_value=MOST,
                initial=state.least,
            )
        self.fields["reason"] = forms.CharField(
            max_length=500, help_text="What was restored, from when, and how you know the numbers."
        )
        self.order_fields([name for name in self.fields if name != "password"])  # which comes last


@require_http_methods(["GET", "POST"])
@needs("billing.view_invoice", write=CONFIRMS)
@once
def restored(request: HttpRequest) -> HttpResponse:
    compared = compare()
    may_decide = request.user.has_perm(CONFIRMS)
    form = RestoreForm(request.POST or None, compared=compared, person=actor_of(request))
    if request.method == "POST" and form.is_valid():
        states = (*compared.series, *compared.unused)
        sent = {state.key: form.cleaned_data[str(state.key)] or state.least for state in states}
        work = partial(confirm, sent=sent, reason=form.cleaned_data["reason"], actor=actor_of(request))
        if attempt(request, work, form=form):
            request_billing()
            messages.success(request, "Confirmed. Every series continues after the numbers below.")
            return redirect("restored")
    if request.method == "POST":
        mark_refused(request)
    entities = LegalEntity.objects.in_bulk()
    return render(
        request,
        "billing/restored.html",
        {
            "sign": compared.sign,
            "rows": [_row(state, entities) for state in compared.series],
            "form": form if may_decide and compared.sign else None,
            "gaps": [_gap(gap, entities) for gap in NumberGap.objects.order_by("-pk")],
        },
    )


def confirm(*, sent: Mapping[SeriesKey, int], reason: str, actor: AbstractBaseUser) -> None:
    ensure_settled(actor=actor, right=CONFIRMS)
    continue_series(sent=sent, reason=reason, actor=actor)


def _row(state: SeriesState, entities: dict[int, LegalEntity]) -> dict[str, object]:
    lost = state.witnessed - state.stored
    return {
        "label": f"{SeriesKind(state.key.kind).label} {state.key.year}",
        "stored": number_text(key=state.key, number=state.stored, entities=entities),
        "witnessed": number_text(key=state.key, number=state.witnessed, entities=entities),
        "lost": max(lost, 0),
    }


def _gap(gap: NumberGap, entities: dict[int, LegalEntity]) -> dict[str, object]:
    return {
        "gap": gap,
        "first": number_text(key=gap.key, number=gap.first, entities=entities),
        "last": number_text(key=gap.key, number=gap.last, entities=entities),
    }
