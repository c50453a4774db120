"""Why is there no contract for this deal?"""

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from crm_sync.clients.registry import provider_names
from crm_sync.oversight.causes import Cause
from crm_sync.oversight.deal_references import LONGEST
from crm_sync.oversight.diagnosis import Diagnosis, diagnose
from crm_sync.views.access import VIEW_HISTORY, needs
from crm_sync.views.connections.facts import next_poll_at, poll_scheduled_at
from crm_sync.views.holds.cures import Link

AT_CONNECTION = {
    Cause.BROKEN: ("Reconnect", "#connect"),
    Cause.NOT_CONNECTED: ("Connect", "#connect"),
    Cause.PAUSED: ("Open the connection", ""),
    Cause.STAGE: ("Choose stages", "#stages"),
    Cause.TOO_EARLY: ("Change Import from", "#settings"),
    Cause.NOT_STARTED: ("Look at the preview", "backfill/"),
    Cause.PREVIEWED: ("Change the mode", "#settings"),
    Cause.NOT_YET_READ: ("Open the connection", ""),
    Cause.NO_ANSWER: ("Open the connection", ""),
}


@require_http_methods(["GET", "HEAD", "POST"])
@needs(VIEW_HISTORY)
def why(request: HttpRequest) -> HttpResponse:
    """Only the button asks the CRM: a link to this page fills in the question and no more."""
    asked = request.POST.get("deal", "") if request.method == "POST" else request.GET.get("deal", "")
    context: dict[str, object] = {"asked": asked[:LONGEST], "longest": LONGEST, "crms": provider_names()}
    if request.method == "POST":
        planned = partial(next_poll_at, scheduled_at=poll_scheduled_at())
        answer = diagnose(typed=asked, now=timezone.now(), next_poll_at=planned)
        context |= {"answer": answer, "cure": cure_of(answer), "tone": tone_of(answer)}
    return render(request, "crm_sync/oversight/why.html", context)


def cure_of(answer: Diagnosis) -> Link | None:
    """The page where the answer can be acted on."""
    if answer.contract_id:
        return Link(label="Open the contract", url=reverse("contract", args=[answer.contract_id]))
    if answer.cause in (Cause.HELD, Cause.DISMISSED) and answer.hold_id:
        return Link(label="Open the hold", url=reverse("hold", args=[answer.hold_id]))
    if answer.cause in (Cause.NO_CONNECTION, Cause.OTHER_ORG):
        return Link(label="Open CRM Integration", url=reverse("connections"))
    if answer.cause is Cause.MAPPING and answer.connection:
        return Link(label="Open Field Mapping", url=reverse("field-mapping", args=[answer.connection.pk]))
    if answer.cause in AT_CONNECTION and answer.connection:
        label, anchor = AT_CONNECTION[answer.cause]
        return Link(label=label, url=f"{answer.connection.get_absolute_url()}{anchor}")
    return None


def tone_of(answer: Diagnosis) -> str:
    if answer.cause is Cause.IMPORTED:
        return "ok"
    return "info" if answer.cause in (Cause.NOT_YET_READ, Cause.SEVERAL) else "wait"
