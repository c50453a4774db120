"""Settings, CRM Integration: the list of connections, and what can be done with one that is made."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from contracts import audit
from crm_sync import tasks
from crm_sync.clients.registry import PROVIDERS
from crm_sync.connections import authorising, condition, pausing
from crm_sync.connections.pausing import UnableToPause
from crm_sync.connections.preflight import preflight
from crm_sync.connections.settings import save_settings
from crm_sync.enums import ConnectionMode
from crm_sync.errors import SyncError
from crm_sync.forms.connections.settings import SettingsForm
from crm_sync.mapping.near_misses import warnings
from crm_sync.mapping.stages import misses_of, selectable_stages
from crm_sync.models import Connection, CrmSchema
from crm_sync.views import notices
from crm_sync.views.access import (
    CHANGE_BILLING_MEANING,
    CHANGE_CONNECTIONS,
    SYNC,
    VIEW_CONNECTIONS,
    needs,
    signed_in,
)
from crm_sync.views.connections import what_follows
from crm_sync.views.connections.facts import next_poll_at, poll_scheduled_at, shown_connections
from crm_sync.views.connections.grants import shown_grants
from crm_sync.views.connections.page import render_page
from crm_sync.views.connections.warning_cures import shown_warnings
from crm_sync.views.previews.backfill import lead_to_start

MODE_SENTENCES = {
    ConnectionMode.LIVE: (
        "Live. Won deals become contracts and are billed automatically; what was only previewed is read "
        "again. Contracts that wait for approval keep waiting."
    ),
    ConnectionMode.REVIEW: (
        "Review. New contracts wait for approval; what was only previewed is read again. Contracts made "
        "before continue to be billed."
    ),
    ConnectionMode.PREVIEW: (
        "Preview. The history shows what would happen, and nothing is imported. Contracts made before "
        "continue to be billed, and are suspended if their deals are no longer won."
    ),
}


@require_safe
@needs(VIEW_CONNECTIONS)
def connection_list(request: HttpRequest) -> HttpResponse:
    scheduled_at = poll_scheduled_at()
    silent = set(Connection.objects.silent().values_list("pk", flat=True))
    connections = list(shown_connections())
    cards = [
        {
            "connection": connection,
            "next_poll_at": next_poll_at(connection, scheduled_at=scheduled_at),
            "standing": notices.standing(connection),
            "is_silent": connection.pk in silent,
            "warnings": warnings_on_card(connection),
        }
        for connection in connections
    ]
    context = {
        "cards": cards,
        "grants": shown_grants(of=Q()),
        "notice": notices.take(request),
        "providers": PROVIDERS.values(),
        "sentence": what_follows.of_all(connections, silent=silent),
    }
    return render(request, "crm_sync/connections/connections.html", context)


def warnings_on_card(connection: Connection) -> list[notices.Notice]:
    """None while nothing is imported anyway: what is said of the state is enough then."""
    if not connection.is_live:
        return []
    schema = getattr(connection, "crm_schema", None)
    missed = warnings(misses_of(connection=connection, schema=schema))
    return shown_warnings(connection=connection, found=[*connection.found, *missed])


@require_POST
@needs(CHANGE_BILLING_MEANING)
def change_settings(request: HttpRequest, pk: int) -> HttpResponse:
    connection = get_object_or_404(Connection, pk=pk)
    schema = CrmSchema.objects.filter(pk=pk).first()
    form = SettingsForm(
        request.POST, instance=Connection.objects.get(pk=pk), stages=selectable_stages(schema)
    )
    if not form.is_valid():
        return render_page(request, pk=pk, settings_form=form)
    if "preview" in request.POST:
        return redirect(
            f"{reverse('backfill', args=[pk])}?import_from={form.cleaned_data['import_from']}#preview"
        )
    changed = save_settings(connection=connection, changes=form.cleaned_data, actor=signed_in(request))
    messages.success(request, settings_sentence(connection=connection, changed=changed))
    asks = {"import_from", "mode"} & set(changed)
    return (lead_to_start(request, connection=connection) if asks else None) or redirect(connection)


def settings_sentence(*, connection: Connection, changed: list[str]) -> str:
    if not changed:
        return f"Nothing to save: {connection} has these settings already."
    if connection.asks_for_start and {"import_from", "mode"} & set(changed):
        return (
            f"Settings of {connection} saved. Look at the preview of the deals that closed before "
            f"{connection.imports_by_itself_from}, then start billing."
        )
    mode = MODE_SENTENCES[ConnectionMode(connection.mode)] if "mode" in changed else ""
    if mode:
        return f"{connection} is in mode {mode}"
    if connection.cursor_modified_at is None and {"import_from", "stage_names"} & set(changed):
        return f"Settings of {connection} saved. The next sync reads all won deals; none is imported twice."
    return f"Settings of {connection} saved. They count from the next sync on."


@require_POST
@needs(SYNC)
def sync_now(request: HttpRequest, pk: int) -> HttpResponse:
    connection = get_object_or_404(Connection, pk=pk)
    if not connection.is_live:
        messages.error(request, f"{connection} is not connected. Connect it first.")
        return redirect(connection)
    if connection.mapping_version_id is None:
        messages.error(request, f"{connection} imports nothing before its field mapping is confirmed.")
        return redirect("field-mapping", pk=pk)
    tasks.request_sync(connection_id=pk, actor_id=request.user.pk)
    messages.info(request, f"Sync of {connection} asked for. Its run appears here as soon as it starts.")
    return redirect(f"{reverse('sync-history')}?connection={pk}")


@require_POST
@needs(CHANGE_CONNECTIONS)
def check_access(request: HttpRequest, pk: int) -> HttpResponse:
    """The preflight. With script it replaces the card, without it the whole page is drawn."""
    connection = get_object_or_404(Connection, pk=pk)
    found: dict[str, Any] = {"connection": connection}
    try:
        found["checks"] = preflight(connection=connection)
        found["has_gaps"] = not all(check.ok for check in found["checks"])
    except SyncError as error:
        condition.note_refusal(connection=connection, error=error)
        found["check_refusal"] = notices.refusal(error=error, connection=connection)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "crm_sync/connections/preflight.html", found)
    del found["connection"]
    return render_page(request, pk=pk, **found)


@require_POST
@needs(CHANGE_CONNECTIONS)
def read_schema(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks the CRM for its fields and stages again."""
    connection = get_object_or_404(Connection, pk=pk)
    try:
        authorising.refresh_schema(connection=connection)
    except SyncError as error:
        condition.note_refusal(connection=connection, error=error)
        notices.keep(request, notices.refusal(error=error, connection=connection))
        return redirect(connection)
    messages.success(request, f"Fields and stages of {connection} are up to date.")
    return redirect("field-mapping", pk=pk) if "mapping" in request.POST else redirect(connection)


@require_POST
@needs(CHANGE_BILLING_MEANING)
def select_stage(request: HttpRequest, pk: int) -> HttpResponse:
    """Imports a near miss from now on, with the deals that wait in it."""
    connection = get_object_or_404(Connection, pk=pk)
    name = request.POST.get("name", "")
    offered = misses_of(connection=connection, schema=CrmSchema.objects.filter(pk=pk).first())
    if name not in {miss.name for miss in offered}:
        messages.error(request, "This stage is not offered any more. Choose among the stages below.")
        return redirect(f"{connection.get_absolute_url()}#stages")
    save_settings(
        connection=connection,
        changes={"stage_names": [*connection.stage_names, name]},
        actor=signed_in(request),
    )
    messages.success(
        request, f"Deals in '{name}' are imported from the next sync on, those that wait included."
    )
    return redirect(connection)


@require_POST
@needs(CHANGE_CONNECTIONS)
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    return moved(request, pk=pk, move=pausing.pause, sentence="{} is paused. Its cursor is kept.")


@require_POST
@needs(CHANGE_CONNECTIONS)
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    return moved(
        request,
        pk=pk,
        move=pausing.resume,
        sentence="{} continues. The next sync reads all that has changed since.",
    )


def moved(request: HttpRequest, *, pk: int, move: Callable[..., None], sentence: str) -> HttpResponse:
    connection = get_object_or_404(Connection, pk=pk)
    try:
        move(connection=connection, actor=signed_in(request))
    except UnableToPause as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, sentence.format(connection))
    return redirect(connection)


@require_POST
@needs(CHANGE_CONNECTIONS)
def disconnect(request: HttpRequest, pk: int) -> HttpResponse:
    connection = get_object_or_404(Connection, pk=pk)
    is_over = authorising.disconnect(connection=connection, actor=signed_in(request))
    messages.success(request, f"{connection} is disconnected. What it imported stays and is billed.")
    if not is_over:
        messages.warning(
            request,
            f"{connection.get_provider_display()} has not confirmed that the access is ended. "
            "This page says how it continues.",
        )
    return redirect(connection)


@require_POST
@needs(CHANGE_CONNECTIONS)
def remove_unfinished(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes back a connection that was begun and never made: it has no org, so nothing hangs on it."""
    connection = get_object_or_404(Connection, pk=pk, org=None)
    audit.record(actor=signed_in(request), action="unfinished connection removed", subject=connection)
    connection.delete()
    messages.success(request, f"{connection} is removed. It had never been connected.")
    return redirect("connections")
