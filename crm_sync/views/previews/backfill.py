"""The preview of an import, and the import itself."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from billing.enums import WaitCode
from billing.schedules.waiting import REASONS
from contracts.clock import business_day
from contracts.money import Money
from crm_sync import tasks
from crm_sync.connections import condition
from crm_sync.enums import BackfillState, HoldCode, Outcome
from crm_sync.errors import SyncError
from crm_sync.forms.previews.backfill import BackfillFilter, ElsewhereForm, PreviewForm, StartForm
from crm_sync.models import Backfill, BackfillDeal, Connection
from crm_sync.oversight.history import problems_first
from crm_sync.previews.first_import import task as importing
from crm_sync.previews.first_import.progress import progress_of, seconds_left
from crm_sync.previews.first_import.task import UnableToBackfill
from crm_sync.views.access import (
    CHANGE_BILLING_MEANING,
    CHANGE_MAPPING,
    START_BILLING,
    VIEW_MAPPING,
    needs,
    signed_in,
)
from crm_sync.views.connections.what_follows import what_becomes
from crm_sync.views.holds.cures import foretold_problem
from crm_sync.views.previews import backfill_facts as facts
from fincelo import background
from fincelo.finished import finished
from fincelo.once import mark_refused, once
from fincelo.pagination import CountCappedPaginator
from fincelo.rights import EXPORT
from fincelo.spreadsheets import csv_text

BECOMES = "It would become a contract."
ONE_DAY = timedelta(days=1)
UNDER_WAY = (BackfillState.READING, BackfillState.IMPORTING)
BEHIND = (BackfillState.READY, BackfillState.IMPORTED)
"""There is a preview already: another one is not the next step."""
MAY_IMPORT = (CHANGE_MAPPING, CHANGE_BILLING_MEANING)
MAY_START = (*MAY_IMPORT, START_BILLING)
HEADER = (
    *("Deal", "CRM id", "Would be", "Cause", "What would happen", "Customer", "Customer is"),
    *("Currency", "Contract value", "Starts", "Last day", "Billing cycle", "Instalments"),
    *("Already billed elsewhere", "Invoices today", "Total of invoices today", "Asks before it bills"),
    *("Already billed up to", "First billing date", "Waits for", "To know", "Link"),
)


@require_safe
@needs(VIEW_MAPPING)
def backfill(request: HttpRequest, pk: int) -> HttpResponse:
    connection = get_object_or_404(Connection.objects.select_related("org", "mapping_version"), pk=pk)
    return show(request, connection=connection)


def show(
    request: HttpRequest,
    *,
    connection: Connection,
    form: PreviewForm | None = None,
    start_form: StartForm | None = None,
) -> HttpResponse:
    current = latest(connection)
    context: dict[str, Any] = {
        "connection": connection,
        "current": current,
        "form": form or PreviewForm(initial=chosen_so_far(request, connection=connection, current=current)),
        "is_under_way": current is not None and current.state in UNDER_WAY,
        "is_behind": current is not None and current.state in BEHIND,
        "may_import": request.user.has_perms(MAY_IMPORT),
        "may_start": request.user.has_perms(MAY_START),
        "asks_for_start": connection.asks_for_start,
        "waiting_sentence": waiting_sentence(connection),
        "later_sentence": what_becomes(connection, deals="Deals that close from that day on"),
        "automatic_from": connection.imports_by_itself_from if connection.asks_for_start else None,
    }
    if current is not None and current.state == BackfillState.READY:
        context["doubts"] = facts.doubts_of(current)
        context["start_form"] = start_form or StartForm(proposals=facts.proposals_of(current))
        context["limits_set"] = facts.limits_set(current)
    if current is not None:
        context |= facts_of(current) | deals_of(request, current) | waits_for(current)
    return render(request, "crm_sync/previews/backfill.html", context)


def waiting_sentence(connection: Connection) -> str:
    day = connection.imports_by_itself_from
    return f"Deals that closed before {day} are imported once somebody starts billing here."


def latest(connection: Connection) -> Backfill | None:
    """The one that stands; a preview that another has replaced is not shown."""
    found = Backfill.objects.filter(connection=connection).exclude(state=BackfillState.SET_ASIDE)
    return found.select_related("actor", "connection").order_by("-pk").first()


def chosen_so_far(
    request: HttpRequest, *, connection: Connection, current: Backfill | None
) -> dict[str, date | str | None]:
    is_open = current is not None and current.state in (BackfillState.READY, BackfillState.STOPPED)
    source = current if current is not None and is_open else connection
    return {
        "import_from": request.GET.get("import_from") or source.import_from,
        "billed_until": source.billed_until,
    }


def facts_of(current: Backfill) -> dict[str, Any]:
    """How far it has come, and what it comes to."""
    now = timezone.now()
    if current.state == BackfillState.READING:
        left = seconds_left(done=current.seen, expected=current.expected, since=current.started_at, now=now)
        return {"seconds_left": left}
    if current.import_started_at is None:
        return {}
    progress = progress_of(current)
    left = seconds_left(done=progress.seen, expected=current.seen, since=current.import_started_at, now=now)
    return {"progress": progress, "seconds_left": left, "done_sentence": facts.done_sentence(current)}


def waits_for(current: Backfill) -> dict[str, Any]:
    """What the page waits for; it asks on while it is under way, or moves on automatically."""
    if current.state == BackfillState.READING:
        waiting = background.waiting_for(tasks.preview_import, subject=str(current.pk))
    elif current.state == BackfillState.IMPORTING:
        waiting = background.waiting_for(tasks.sync_requested, subject=str(current.connection_id))
    else:
        return {}
    return {"waiting": waiting, "asks_again": waiting is None or not waiting.is_over}


def deals_of(request: HttpRequest, current: Backfill) -> dict[str, Any]:
    form = BackfillFilter(request.GET)
    found = form.narrowed(BackfillDeal.objects.filter(backfill=current)).order_by(problems_first(), "id")
    return {
        "filter": form,
        "page": CountCappedPaginator(found).get_page(request.GET.get("page")),
        "is_filtered": bool(form.chosen()),
        "sums": facts.sums_of(current.totals),
        "asks_sentence": facts.asks_sentence(current.totals.get("asks", 0)),
        "causes": [
            {**hold, "label": HoldCode(hold["code"]).label} for hold in current.totals.get("holds", ())
        ],
        "waits": facts.waits_shown(current.totals),
        **facts.numbers_of(current),
    }


@require_safe
@needs(VIEW_MAPPING)
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The bar. Once the state has changed the page shows the result."""
    current = latest(get_object_or_404(Connection, pk=pk))
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("backfill", pk=pk)
    if current is None or current.state != request.GET.get("state"):
        return finished(request, what="This step has ended.", back=reverse("backfill", args=[pk]))
    context = {
        "current": current,
        "connection": current.connection,
        **facts_of(current),
        **waits_for(current),
    }
    return render(request, "crm_sync/previews/backfill_progress.html", context)


@require_POST
@needs(MAY_IMPORT)
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    connection = get_object_or_404(Connection.objects.select_related("org", "mapping_version"), pk=pk)
    form = PreviewForm(request.POST)
    if not form.is_valid():
        return show(request, connection=connection, form=form)
    try:
        with transaction.atomic():  # no preview without the task that reads for it
            begun = importing.begin_preview(
                connection=connection,
                as_of=business_day(),
                actor=signed_in(request),
                **form.cleaned_data,
            )
            tasks.request_preview(backfill_id=begun.pk, actor_id=request.user.pk)
    except UnableToBackfill as refusal:
        form.add_error(None, str(refusal))
        return show(request, connection=connection, form=form)
    return redirect("backfill", pk=pk)


def lead_to_start(request: HttpRequest, *, connection: Connection) -> HttpResponse | None:
    """Begins the preview of the deals that wait for a person, and leads there. None where nothing waits."""
    if not connection.asks_for_start or not request.user.has_perms(MAY_IMPORT):
        return None
    return begin(request, connection=connection)


def begin(request: HttpRequest, *, connection: Connection) -> HttpResponse:
    """Begins the preview of what an import would bring as the connection is set, and leads there."""
    try:
        begun = importing.begin_preview(
            connection=connection,
            import_from=connection.import_from,
            billed_until=connection.billed_until,
            as_of=business_day(),
            actor=signed_in(request),
        )
    except UnableToBackfill as refusal:
        messages.error(request, str(refusal))
    else:
        tasks.request_preview(backfill_id=begun.pk)
    return redirect("backfill", pk=connection.pk)


@require_POST
@needs(MAY_START)
@once
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    connection = get_object_or_404(Connection.objects.select_related("org", "mapping_version"), pk=pk)
    current = latest(connection)
    if current is None:
        messages.error(request, "There is no preview to confirm. Preview the import first.")
        return redirect("backfill", pk=pk)
    form = StartForm(request.POST, proposals=facts.proposals_of(current))
    if current.state == BackfillState.READY and not form.is_valid():
        mark_refused(request)
        return show(request, connection=connection, start_form=form)
    try:
        importing.begin_import(
            backfill=current,
            at=timezone.now(),
            actor=signed_in(request),
            invoice_limits=form.limits if form.is_valid() else (),
        )
    except UnableToBackfill as refusal:
        messages.error(request, str(refusal))
    else:
        tasks.request_sync(connection_id=pk, actor_id=request.user.pk)
    return redirect("backfill", pk=pk)


@require_safe
@needs(VIEW_MAPPING)
def deal(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    return show_deal(request, row=row_of(pk, row), form=None)


def row_of(pk: int, row: int) -> BackfillDeal:
    rows = BackfillDeal.objects.select_related("backfill__connection__org")
    return get_object_or_404(rows, pk=row, backfill__connection=pk)


def show_deal(request: HttpRequest, *, row: BackfillDeal, form: ElsewhereForm | None) -> HttpResponse:
    connection = row.backfill.connection
    context = {
        "row": row,
        "sentence": BECOMES if row.outcome == Outcome.CREATED else row.sentence,
        "connection": connection,
        "backfill": row.backfill,
        "form": form or ElsewhereForm(initial={"billed_until": row.billed_until}),
        "problems": [foretold_problem(one, connection=connection) for one in row.problems],
        "waits": [REASONS[WaitCode(code)] for code in row.waits],
        "may_decide": row.backfill.state == BackfillState.READY and request.user.has_perms(MAY_IMPORT),
    }
    return render(request, "crm_sync/previews/backfill_deal.html", context)


@require_POST
@needs(MAY_IMPORT)
@once
def decide(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """Up to which day one deal was billed elsewhere."""
    chosen = row_of(pk, row)
    form = ElsewhereForm(request.POST)
    if not form.is_valid():
        mark_refused(request)
        return show_deal(request, row=chosen, form=form)
    try:
        importing.decide_elsewhere(
            row=chosen,
            billed_until=form.cleaned_data["billed_until"],
            at=timezone.now(),
            actor=signed_in(request),
        )
    except UnableToBackfill as refusal:
        mark_refused(request)
        form.add_error(None, str(refusal))
        return show_deal(request, row=chosen, form=form)
    except SyncError as error:
        condition.note_refusal(connection=chosen.backfill.connection, error=error)
        messages.error(request, f"Your decision is kept; the preview does not show it yet. {error}")
    else:
        messages.success(request, f"Saved for '{chosen}'. The preview takes it into account.")
    newer = BackfillDeal.objects.filter(backfill=chosen.backfill, external_id=chosen.external_id).first()
    return redirect("backfill-deal", pk=pk, row=newer.pk) if newer else redirect("backfill", pk=pk)


@require_safe
@needs((VIEW_MAPPING, EXPORT))
def as_csv(request: HttpRequest, pk: int) -> HttpResponse:
    current = latest(get_object_or_404(Connection, pk=pk))
    deals = BackfillDeal.objects.filter(backfill=current)
    found = BackfillFilter(request.GET).narrowed(deals).order_by("id")
    return HttpResponse(
        csv_text(header=HEADER, rows=csv_rows(found)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="import-preview-{pk}.csv"'},
    )


def csv_rows(deals: QuerySet[BackfillDeal]) -> Iterable[tuple[object, ...]]:
    for one in deals.iterator():
        yield (
            one.name,
            one.external_id,
            one.get_outcome_display(),
            one.get_code_display() if one.code else "",
            one.sentence,
            one.customer_name,
            one.get_customer_match_display() if one.customer_match else "",
            one.currency,
            written(one.value_minor, one.currency),
            one.start_date,
            one.end_date - ONE_DAY if one.end_date else "",
            one.get_billing_cycle_display() if one.billing_cycle else "",
            one.instalments,
            one.elsewhere,
            one.invoices,
            written(one.invoiced_minor if one.invoices else None, one.currency),
            "yes" if one.asks else "",
            one.billed_until,
            one.first_billing_date,
            ", ".join(WaitCode(code).label for code in one.waits),
            " ".join(one.sentences),
            one.url,
        )


def written(minor: int | None, currency: str) -> str:
    return "" if minor is None else str(Money(minor=minor, currency=currency).to_decimal())
