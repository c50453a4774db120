"""The page of one connection."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from crm_sync.findings.codes import FindingCode
from crm_sync.forms.connections.connecting import connect_form
from crm_sync.forms.connections.settings import SettingsForm
from crm_sync.importing.starting import question_of
from crm_sync.mapping.stages import selectable_stages
from crm_sync.models import Connection, CrmSchema
from crm_sync.views import notices
from crm_sync.views.access import VIEW_CONNECTIONS, needs
from crm_sync.views.connections import setup_guide
from crm_sync.views.connections.facts import (
    leavers_asked_about,
    next_poll_at,
    poll_scheduled_at,
    shown_connections,
    shown_misses,
    stage_rows,
)
from crm_sync.views.connections.grants import shown_grants
from crm_sync.views.connections.starting import SHOWN
from crm_sync.views.connections.warning_cures import shown_warnings

JUST_CONNECTED = "crm_just_connected"


@require_safe
@needs(VIEW_CONNECTIONS)
def connection_page(request: HttpRequest, pk: int) -> HttpResponse:
    return render_page(request, pk=pk, notice=notices.take(request))


def render_page(request: HttpRequest, *, pk: int, **more: Any) -> HttpResponse:
    """The whole page; `more` holds a refused form, a notice, or the lines of a check."""
    connection = get_object_or_404(shown_connections(), pk=pk)
    schema = CrmSchema.objects.filter(pk=pk).first()
    stages = selectable_stages(schema)
    settings_form = more.get("settings_form") or SettingsForm(instance=connection, stages=stages)
    near_misses = shown_misses(connection=connection, schema=schema)
    context = {
        "connection": connection,
        "standing": notices.standing(connection),
        "next_poll_at": next_poll_at(connection, scheduled_at=poll_scheduled_at()),
        "schema": schema,
        "near_misses": near_misses,
        "quiet_misses": [miss for miss in near_misses if not miss.leaves_deals],
        "stage_rows": stage_rows(stages=stages, selected=settings_form["stage_names"].value() or []),
        "checks_at_once": JUST_CONNECTED in request.session and request.session.pop(JUST_CONNECTED) == pk,
        "settings_form": settings_form,
        "leavers": leavers_asked_about(connection),
        "question": question_of(connection, most=SHOWN),
        "warnings": warnings_of(connection),
        "grants": shown_grants(of=Q(connection=connection)),
        "connect_form": connect_form(connection),
        **setup_guide.context(connection.provider),
        **more,
    }
    return render(request, "crm_sync/connections/connection.html", context)


def warnings_of(connection: Connection) -> list[notices.Notice]:
    """None while nothing is imported anyway. The question about leavers is asked in a place of its own."""
    if not connection.is_live:
        return []
    is_asked = connection.leavers_asked_at is not None
    found = [one for one in connection.found if not (is_asked and one.code is FindingCode.MANY_LEAVERS)]
    return shown_warnings(connection=connection, found=found)
