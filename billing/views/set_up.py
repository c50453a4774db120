"""Settings: who sends the invoices, and how much goes out automatically."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from billing.enums import BillingMode, LimitKind
from billing.forms.settings import BillingPolicyForm, LegalEntityForm, LimitForm
from billing.issuing.letterheads import LEGAL_INFO_WAITS, change_legal_info
from billing.issuing.policy import change_policy, drop_limit, lift_limit, put_limit, usual
from billing.models import ApprovalLimit, BillingPolicy, LegalEntity
from billing.overview.banners import incomplete_legal_entity
from billing.overview.queries import incomplete_documents
from billing.tasks import request_billing, request_telling
from billing.views.attempt import actor_of
from contracts.audited_form import record_form
from contracts.forms import WorkspaceCalendarForm
from contracts.models import Workspace
from contracts.money import Money
from contracts.queries import currencies_in_use
from fincelo.refused import refuse
from fincelo.rights import needs

CHANGE_ENTITY = "billing.change_legalentity"
CHANGE_POLICY = "billing.change_billingpolicy"


@require_http_methods(["GET", "POST"])
@needs("billing.view_legalentity", write=CHANGE_ENTITY)
def legal_entity(request: HttpRequest) -> HttpResponse:
    """The first page of a new workspace, and later the place to correct it."""
    entity = LegalEntity.objects.order_by("pk").first() or LegalEntity()
    workspace = Workspace.objects.first() or Workspace()
    is_first = bool(entity.missing)
    data = request.POST if request.method == "POST" else None
    form = LegalEntityForm(data, instance=entity)
    calendar = WorkspaceCalendarForm(data, instance=workspace)
    if data is not None and form.is_valid() and calendar.is_valid():
        with transaction.atomic():
            legal_info = form.keep_legal_info()
            for part in (form, calendar):
                record_form(form=part, subject=part.save(), actor=actor_of(request))
            waits = legal_info is not None and not change_legal_info(
                legal_entity=entity, text=legal_info, actor=actor_of(request)
            )
        if waits:
            messages.info(request, LEGAL_INFO_WAITS)
        request_billing(actor_id=request.user.pk)
        if legal_info is not None:
            request_telling()
        messages.success(request, "Saved. Invoices from now on carry it; issued ones stay as they are.")
        return redirect("home" if is_first else "legal-entity")
    return render(
        request,
        "billing/legal_entity.html",
        {
            "form": form,
            "calendar": calendar,
            "is_first": is_first,
            "address": entity.address_lines(),
            "gaps": [] if is_first else incomplete_legal_entity(),
            "incomplete_documents": incomplete_documents(),
        },
    )


@require_http_methods(["GET", "POST"])
@needs("billing.view_billingpolicy", write=CHANGE_POLICY)
def billing_settings(request: HttpRequest) -> HttpResponse:
    policy = BillingPolicy.objects.first() or BillingPolicy()
    data = request.POST if request.method == "POST" else None
    form = BillingPolicyForm(data, instance=policy)
    if data is not None and form.is_valid():
        in_force = change_policy(
            mode=BillingMode(form.cleaned_data["mode"]),
            locked_until=form.cleaned_data["locked_until"],
            actor=actor_of(request),
        )
        tell(request, in_force=in_force, what="Saved. The next billing run follows it.")
        return redirect("billing-settings")
    return render(
        request,
        "billing/billing_settings.html",
        {
            "form": form,
            "limits": ApprovalLimit.objects.order_by("kind", "currency"),
            "limit_form": LimitForm(),
            "default_limits": default_limits(),
        },
    )


@require_POST
@needs(CHANGE_POLICY)
def set_limit(request: HttpRequest) -> HttpResponse:
    form = LimitForm(request.POST)
    if not form.is_valid():
        return refuse(request, form=form, at="billing-settings")
    kind, amount = LimitKind(form.cleaned_data["limit_kind"]), form.cleaned_data["limit"]
    if amount is None:
        currency = form.cleaned_data["limit_currency"]
        result = lift_limit(kind=kind, currency=currency, actor=actor_of(request))
        what = f"{kind.label} in {currency} have no limit."
    else:
        result = put_limit(kind=kind, amount=amount, actor=actor_of(request))
        what = f"{kind.label} above {amount} wait for a person."
    tell(request, in_force=isinstance(result, ApprovalLimit), what=what)
    return redirect("billing-settings")


@require_POST
@needs(CHANGE_POLICY)
def remove_limit(request: HttpRequest, pk: int) -> HttpResponse:
    limit = get_object_or_404(ApprovalLimit, pk=pk)
    result = drop_limit(limit=limit, actor=actor_of(request))
    tell(request, in_force=isinstance(result, ApprovalLimit), what=f"{limit} follow the default again.")
    return redirect("billing-settings")


def default_limits() -> list[Money]:
    """Of credit notes and voids, in the currencies that are billed and have no limit of their own."""
    kind = LimitKind.CREDIT_NOTE
    own = set(ApprovalLimit.objects.filter(kind=kind).values_list("currency", flat=True))
    return [
        Money(minor=usual(kind=kind, currency=currency) or 0, currency=currency)
        for currency in currencies_in_use()
        if currency not in own
    ]


def tell(request: HttpRequest, *, in_force: bool, what: str) -> None:
    """What holds now, or that it waits for a second person."""
    if in_force:
        messages.success(request, what)
    else:
        messages.info(request, "This loosens a control, so another approver confirms it under Approvals.")
