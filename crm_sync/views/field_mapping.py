"""Settings, Field Mapping."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from contracts.workspace import business_date
from crm_sync import mappings, tasks
from crm_sync.connection_settings import save_settings
from crm_sync.enums import TermUnit
from crm_sync.forms.field_mapping import (
    MappingForms,
    ReadingForm,
    RuleFormSet,
    TranslationFormSet,
    initial_rows,
)
from crm_sync.mappings import MappingProblem
from crm_sync.models import Connection, CrmDeal, MappingVersion
from crm_sync.views import mapping_table
from crm_sync.views.access import CHANGE_MAPPING, VIEW_MAPPING, needs, signed_in
from crm_sync.views.connection_facts import shown_connections
from fincelo.pagination import COUNT_CAP

SHOWN_VERSIONS = 20


@require_safe
@needs(VIEW_MAPPING)
def choose_connection(request: HttpRequest) -> HttpResponse:
    connections = list(shown_connections())
    if len(connections) == 1:
        return redirect("field-mapping", pk=connections[0].pk)
    return render(request, "crm_sync/field_mapping_choice.html", {"connections": connections})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(VIEW_MAPPING)
def field_mapping(request: HttpRequest, pk: int) -> HttpResponse:
    connection = get_object_or_404(Connection.objects.select_related("org", "mapping_version"), pk=pk)
    if request.method == "POST":
        return save(request, connection)
    forms = stored_forms(connection, asked_for=request.GET.get("translate", "")[:200].replace("\0", ""))
    rules = mappings.current_rules(connection=connection).rules
    problems = mappings.lint(connection=connection, rules=rules)
    return show(request, connection=connection, forms=forms, problems=problems)


def stored_forms(connection: Connection, *, asked_for: str) -> MappingForms:
    rules = mappings.current_rules(connection=connection)
    fields = mappings.source_choices(connection=connection)
    return MappingForms(
        rules=RuleFormSet(
            initial=initial_rows(rules.rules, unit=TermUnit(connection.term_unit)), prefix="field"
        ),
        translations=TranslationFormSet(
            initial=mapping_table.initial_translations(
                connection=connection, rules=rules, fields=fields, asked_for=asked_for
            ),
            prefix="translation",
        ),
        reading=ReadingForm(
            initial={"amount_means": connection.amount_means, "term_unit": connection.term_unit}
        ),
    )


@needs(CHANGE_MAPPING)
def save(request: HttpRequest, connection: Connection) -> HttpResponse:
    forms = MappingForms(
        rules=RuleFormSet(request.POST, prefix="field"),
        translations=TranslationFormSet(request.POST, prefix="translation"),
        reading=ReadingForm(request.POST),
    )
    if not forms.is_valid():
        return show(request, connection=connection, forms=forms, problems=())
    rules = forms.chosen_rules()
    problems = mappings.lint(connection=connection, rules=rules)
    if any(problem.blocking for problem in problems):
        return show(request, connection=connection, forms=forms, problems=problems, is_refused=True)
    actor = signed_in(request)
    changed = save_settings(connection=connection, changes=forms.reading.cleaned_data, actor=actor)
    if "preview" in request.POST and connection.mapping_version is None:
        mappings.put_rows(connection=connection, rules=rules, translations=forms.translations.translations())
        return redirect("backfill", pk=connection.pk)
    version = mappings.save_mapping(
        connection=connection, rules=rules, translations=forms.translations.translations(), actor=actor
    )
    reread = read_held_again(connection) if version or changed else 0
    messages.success(request, saved_sentence(version=version, changed=changed, reread=reread))
    return redirect("field-mapping", pk=connection.pk)


def show(
    request: HttpRequest,
    *,
    connection: Connection,
    forms: MappingForms,
    problems: Sequence[MappingProblem],
    is_refused: bool = False,
) -> HttpResponse:
    groups = mapping_table.source_groups(
        connection=connection, fields=mappings.source_choices(connection=connection)
    )
    context: dict[str, Any] = {
        "connection": connection,
        "forms": forms,
        "groups": groups,
        "rows": mapping_table.rows(
            connection=connection, forms=forms.rules.forms, groups=groups, problems=problems
        ),
        "has_problems": bool(problems),
        "is_refused": is_refused,
        "has_errors": forms.rules.is_bound and not forms.is_valid(),
        "synonyms": mapping_table.synonyms(),
        "versions": MappingVersion.objects.filter(connection=connection)
        .select_related("author")
        .order_by("-number")[:SHOWN_VERSIONS],
        "reaches_back": connection.import_from < business_date(at=timezone.now()),
        "may_change": request.user.has_perm(CHANGE_MAPPING),
    }
    return render(request, "crm_sync/field_mapping.html", context)


def read_held_again(connection: Connection) -> int:
    """Another mapping may cure holds: their deals are marked already, and the sync is rung here."""
    held = CrmDeal.objects.held().filter(connection=connection).values("pk")[:COUNT_CAP].count()
    if held and connection.is_live:
        tasks.request_sync(connection_id=connection.pk)
        return held
    return 0


def saved_sentence(*, version: MappingVersion | None, changed: Sequence[str], reread: int) -> str:
    if version is not None and version.number == 1:
        return "Field mapping confirmed. The first sync starts within five minutes."
    parts = []
    if version is not None:
        parts.append(f"Version {version.number} of the field mapping is in force from the next sync on.")
    elif changed:
        parts.append("Settings saved; the field mapping itself did not change.")
    else:
        parts.append("Nothing to save: the field mapping is the same as before.")
    if reread:
        parts.append(f"{reread:,} held deal{'s are' if reread > 1 else ' is'} read again now.")
    return " ".join(parts)
