"""The CRM's fields to look through: label, API name, type, choices, what deals of late hold."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from crm_sync.deals import CrmField
from crm_sync.mapping.wording import object_words
from crm_sync.models import Connection
from crm_sync.views.access import VIEW_MAPPING, needs
from crm_sync.views.mapping.studio import schema_facts, studio_of
from crm_sync.views.mapping.table import facts_of

MOST_SHOWN = 100


@require_safe
@needs(VIEW_MAPPING)
def field_list(request: HttpRequest, pk: int) -> HttpResponse:
    """With script the list follows the typing, without it the button does."""
    connection = get_object_or_404(Connection, pk=pk)
    studio, words = studio_of(connection), request.GET.get("q", "")[:100].casefold().split()
    order = list(object_words(studio.provider))
    found = sorted(
        (one for one in studio.fields if matches(one, words=words)),
        key=lambda one: (order.index(one.source_object), one.label.casefold()),
    )
    context = {
        "connection": connection,
        "query": request.GET.get("q", "")[:100],
        "schema": schema_facts(connection),
        "rows": [
            (object_words(studio.provider)[one.source_object], one, facts_of(one))
            for one in found[:MOST_SHOWN]
        ],
        "left_out": max(0, len(found) - MOST_SHOWN),
    }
    is_part = request.htmx and not request.htmx.boosted  # type: ignore[attr-defined]
    return render(
        request,
        "crm_sync/mapping/crm_field_rows.html" if is_part else "crm_sync/mapping/crm_fields.html",
        context,
    )


def matches(one: CrmField, *, words: list[str]) -> bool:
    """Every word is somewhere in it: in its names, its choices or its values."""
    text = " ".join([one.label, one.name, *(value for value, _ in one.options), *one.samples]).casefold()
    return all(word in text for word in words)
