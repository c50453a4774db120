"""What a person answers when many deals left won at once."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.defaultfilters import pluralize
from django.views.decorators.http import require_POST

from crm_sync.importing.leaving import UnableToDecideLeavers, keep_leavers, suspend_leavers
from crm_sync.models import Connection
from crm_sync.views.access import CHANGE_BILLING_MEANING, needs, signed_in


@require_POST
@needs(CHANGE_BILLING_MEANING)
def suspend_all(request: HttpRequest, pk: int) -> HttpResponse:
    connection = get_object_or_404(Connection, pk=pk)
    try:
        count = suspend_leavers(connection=connection, actor=signed_in(request))
    except UnableToDecideLeavers as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request,
            f"Suspended: {count} contract{pluralize(count)}. "
            "Nothing is billed while a contract is suspended.",
        )
    return redirect(connection)


@require_POST
@needs(CHANGE_BILLING_MEANING)
def keep_all(request: HttpRequest, pk: int) -> HttpResponse:
    connection = get_object_or_404(Connection, pk=pk)
    try:
        count = keep_leavers(connection=connection, actor=signed_in(request))
    except UnableToDecideLeavers as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request,
            f"Kept: {count} contract{pluralize(count)}. "
            "If a stage was renamed, select its new name on this page.",
        )
    return redirect(connection)
