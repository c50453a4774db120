"""What a person answers when a sync has brought unusually much."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.views.decorators.http import require_POST

from billing.tasks import request_billing
from crm_sync.importing.starting import UnableToStart, asking_connections, start_billing, suspend_new
from crm_sync.models import Connection
from crm_sync.views.access import START_BILLING, needs, signed_in

SHOWN = 10
"""So many of the largest contracts are listed on the connection's page."""


@require_POST
@needs(START_BILLING)
def start(request: HttpRequest, pk: int) -> HttpResponse:
    return answered(
        request,
        pk=pk,
        answer=start_billing,
        sentence="Billing started for {count} contract{s}. What is due is invoiced.",
    )


@require_POST
@needs(START_BILLING)
def suspend(request: HttpRequest, pk: int) -> HttpResponse:
    return answered(
        request,
        pk=pk,
        answer=suspend_new,
        sentence="Suspended: {count} contract{s}. Nothing is billed while a contract is suspended.",
    )


def answered(request: HttpRequest, *, pk: int, answer: Callable[..., int], sentence: str) -> HttpResponse:
    connection = get_object_or_404(Connection, pk=pk)
    try:
        count = answer(connection=connection, seen=request.POST.get("seen", ""), actor=signed_in(request))
    except UnableToStart as refusal:
        messages.error(request, str(refusal))
    else:
        request_billing()
        messages.success(request, sentence.format(count=count, s=pluralize(count)))
    return redirect(f"{connection.get_absolute_url()}#start-billing")


def questions() -> list[dict[str, str]]:
    """Banners: connections that wait for somebody to start billing."""
    many = [
        {
            "tone": "wait",
            "what": f"{connection} has brought unusually much: the billing of {count:,} "
            f"contract{pluralize(count)} waits.",
            "why": "They are imported, and nothing of them is billed before somebody has looked at them.",
            "cure_label": "Look at them",
            "cure_url": f"{connection.get_absolute_url()}#start-billing",
        }
        for connection, count in asking_connections().items()
    ]
    first = [
        {
            "tone": "wait",
            "what": f"Deals of {connection} that closed before "
            f"{connection.imports_by_itself_from} are not imported yet.",
            "why": "Look at their preview and start billing. Later deals are imported automatically.",
            "cure_label": "Look at the preview",
            "cure_url": reverse("backfill", args=[connection.pk]),
        }
        for connection in Connection.objects.live().filter(automatic_from__isnull=False).order_by("name")
        if connection.asks_for_start
    ]
    return [*many, *first]
