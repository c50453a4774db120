"""One version of a field mapping: what it changed, what it says, the way back to it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from crm_sync.forms.mapping.field_mapping import SeenForm
from crm_sync.forms.mapping.translations import bare_rule
from crm_sync.importing import reapplying
from crm_sync.mapping import store, versions
from crm_sync.mapping.differences import differences
from crm_sync.mapping.rules import MappingRules
from crm_sync.mapping.wording import chain_of, entered_words
from crm_sync.models import Connection, MappingVersion
from crm_sync.views.access import CHANGE_MAPPING, VIEW_MAPPING, needs, signed_in
from crm_sync.views.mapping.field_mapping import apply_anew, read_held_again


@require_http_methods(["GET", "HEAD", "POST"])
@needs(VIEW_MAPPING, write=CHANGE_MAPPING)
def version_page(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    connection = get_object_or_404(Connection.objects.select_related("mapping_version"), pk=pk)
    found = MappingVersion.objects.select_related("author", "connection")
    version = get_object_or_404(found, connection=connection, number=number)
    if request.method == "POST":
        return go_back(request, connection, version)
    rules = versions.rules_in(version)
    current = versions.rules_in(connection.mapping_version)
    provider = connection.provider
    context = {
        "connection": connection,
        "version": version,
        "title": f"Version {number} of the field mapping",
        "sentence": f"Which fields of {connection} fed which, as it was saved then.",
        "changes": versions.story_of(version).changes,
        "rows": told_rows(rules, connection=connection),
        "translations": told_translations(rules),
        "is_in_force": version.pk == connection.mapping_version_id,
        "back_changes": differences(current, rules, provider=provider),
        "impact": reapplying.impact_of(connection),
        "may_change": request.user.has_perm(CHANGE_MAPPING),
    }
    return render(request, "crm_sync/mapping/mapping_version.html", context)


def told_rows(rules: MappingRules, *, connection: Connection) -> list[tuple[str, str]]:
    settings, provider = store.settings_of(connection), connection.provider
    return [
        (
            rule.label,
            chain_of(rule, provider=provider, table=rules.translations.get(rule.key, {}), settings=settings),
        )
        for rule in rules.rules
    ]


def told_translations(rules: MappingRules) -> list[tuple[str, str, str]]:
    return [
        (bare_rule(key).label, raw, entered_words(bare_rule(key), value))
        for key, table in rules.translations.items()
        for raw, value in table.items()
    ]


def go_back(request: HttpRequest, connection: Connection, version: MappingVersion) -> HttpResponse:
    form = SeenForm(request.POST)
    seen = (form.cleaned_data["seen"] if form.is_valid() else None) or 0
    try:
        made = versions.go_back(connection=connection, version=version, actor=signed_in(request), seen=seen)
    except store.UnableToChangeMapping as refusal:
        messages.error(request, str(refusal))
        return redirect("field-mapping-version", pk=connection.pk, number=version.number)
    if made is None:
        messages.info(request, f"Version {version.number} says what is in force already.")
    else:
        messages.success(
            request, f"Version {made.number} is in force, with the content of version {version.number}."
        )
        if request.POST.get("step") == "reapply":
            messages.info(request, apply_anew(connection, actor_id=request.user.pk))
        else:
            read_held_again(connection)
    return redirect("field-mapping", pk=connection.pk)


@require_POST
@needs(CHANGE_MAPPING)
def reapply(request: HttpRequest, pk: int) -> HttpResponse:
    """Applies what is in force, for whoever saved it without."""
    connection = get_object_or_404(Connection, pk=pk, mapping_version__isnull=False)
    messages.info(request, apply_anew(connection, actor_id=request.user.pk))
    return redirect("field-mapping", pk=pk)
