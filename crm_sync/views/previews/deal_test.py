"""Field Mapping, Test on a deal: one deal of the CRM, and all that would come of it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from billing.schedules.waiting import REASONS
from contracts.clock import business_day
from crm_sync.connections import condition
from crm_sync.enums import CustomerMatch, Outcome
from crm_sync.errors import SyncError
from crm_sync.importing.records import problem_json
from crm_sync.models import Connection
from crm_sync.oversight.deal_references import LONGEST
from crm_sync.previews.one_deal import Trial, UnableToTry, try_deal
from crm_sync.views import notices
from crm_sync.views.access import VIEW_MAPPING, needs
from crm_sync.views.holds.cures import foretold_problem
from crm_sync.views.previews.foretold import headline_of, instalment_rows


@require_http_methods(["GET", "HEAD", "POST"])
@needs(VIEW_MAPPING)
def deal_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Only the button asks the CRM: a link to this page fills in the deal and no more."""
    connection = get_object_or_404(Connection.objects.select_related("org", "mapping_version"), pk=pk)
    asked = (request.POST if request.method == "POST" else request.GET).get("deal", "")[:LONGEST]
    context: dict[str, object] = {"connection": connection, "asked": asked, "longest": LONGEST}
    if request.method == "POST":
        context |= answer(connection, asked=asked)
    return render(request, "crm_sync/previews/deal_test.html", context)


def answer(connection: Connection, *, asked: str) -> dict[str, object]:
    if not connection.is_live:
        return {"refusal": f"{connection} is not connected, so no deal can be read."}
    now = timezone.now()
    try:
        trial = try_deal(connection=connection, typed=asked, as_of=business_day(), at=now)
    except UnableToTry as refusal:
        return {"wrong": str(refusal)}
    except SyncError as error:
        condition.note_refusal(connection=connection, error=error)
        return {"notice": notices.refusal(error=error, connection=connection)}
    return shown(trial, connection=connection)


def shown(trial: Trial, *, connection: Connection) -> dict[str, object]:
    if trial.foretold is None:
        return {"namesakes": trial.namesakes}
    one = trial.foretold
    return {
        "one": one,
        "trial": trial,
        "headline": headline_of(one, left_out=trial.left_out),
        "problems": [
            foretold_problem(problem_json(problem), connection=connection) for problem in one.problems
        ],
        "is_existing": one.customer is CustomerMatch.EXISTING,
        "is_new_contract": one.outcome is Outcome.CREATED,
        "schedule": instalment_rows(one),
        "waits": [REASONS[code] for code in one.billing.waits] if one.billing else [],
    }
