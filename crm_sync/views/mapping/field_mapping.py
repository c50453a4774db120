"""Settings, Field Mapping."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from contracts.clock import business_day
from crm_sync import tasks
from crm_sync.connections.settings import save_settings
from crm_sync.deciding_billing import DECIDES_BILLING
from crm_sync.enums import ConnectionMode
from crm_sync.forms.mapping.field_mapping import MappingForms
from crm_sync.forms.mapping.source import Studio
from crm_sync.importing import reapplying
from crm_sync.mapping import store as mappings
from crm_sync.mapping.lint import MappingProblem
from crm_sync.mapping.rules import MappingRules
from crm_sync.mapping.store import UnableToChangeMapping
from crm_sync.mapping.versions import latest_versions
from crm_sync.models import Connection, CrmDeal, MappingVersion
from crm_sync.views.access import CHANGE_BILLING_MEANING, CHANGE_MAPPING, VIEW_MAPPING, needs, signed_in
from crm_sync.views.connections.facts import shown_connections
from crm_sync.views.connections.what_follows import BECOMES, what_becomes
from crm_sync.views.mapping import review as mapping_review
from crm_sync.views.mapping import table, translations
from crm_sync.views.mapping.studio import schema_facts, studio_of
from crm_sync.views.mapping.translations import Asked
from crm_sync.views.previews.backfill import MAY_IMPORT, begin, lead_to_start
from fincelo import background
from fincelo.pagination import COUNT_CAP

SHOWN_VERSIONS = 10
CHECK, REAPPLY = "check", "reapply"
NOT_ASKED = Asked()


@require_safe
@needs(VIEW_MAPPING)
def choose_connection(request: HttpRequest) -> HttpResponse:
    connections = list(shown_connections())
    if len(connections) == 1:
        return redirect("field-mapping", pk=connections[0].pk)
    return render(request, "crm_sync/mapping/field_mapping_choice.html", {"connections": connections})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(VIEW_MAPPING, write=CHANGE_MAPPING)
def field_mapping(request: HttpRequest, pk: int) -> HttpResponse:
    connection = get_object_or_404(Connection.objects.select_related("org", "mapping_version"), pk=pk)
    if request.method == "POST":
        return save(request, connection)
    asked = translations.asked_for(
        raw=request.GET.get("translate", "")[:200].replace("\0", ""), key=request.GET.get("field", "")
    )
    rules, studio = mappings.current_rules(connection=connection), studio_of(connection)
    forms = MappingForms.stored(
        studio=studio,
        rules=rules,
        translations=translations.initial_translations(
            connection=connection, rules=rules, studio=studio, asked=asked
        ),
        reading={"amount_means": connection.amount_means, "term_unit": connection.term_unit},
    )
    problems = mappings.lint(connection=connection, rules=rules.rules)
    return show(request, connection=connection, forms=forms, rules=rules, problems=problems, asked=asked)


def save(request: HttpRequest, connection: Connection) -> HttpResponse:
    """Checks first where that is asked for; saves, and applies the new version where that is asked for."""
    forms = MappingForms.sent(request.POST, studio=studio_of(connection))
    if not request.user.has_perm(CHANGE_BILLING_MEANING):
        forms.reading.keep(connection)
    if not forms.is_valid():
        return show(request, connection=connection, forms=forms, rules=mapping_review.NO_RULES)
    draw = partial(
        show,
        request,
        connection=connection,
        forms=forms,
        rules=mapping_review.rules_of(forms),
        problems=(problems := forms_lint(forms, connection=connection)),
    )
    if any(problem.blocking for problem in problems):
        return draw(is_refused=True)
    if "preview" in request.POST and connection.mapping_version is None:
        put_by(request, connection=connection, forms=forms)
        may_begin = request.user.has_perms(MAY_IMPORT)
        return begin(request, connection=connection) if may_begin else redirect("backfill", pk=connection.pk)
    checked = request.POST.get("checked")
    is_other = checked is not None and checked != mapping_review.digest_of(forms)
    if request.POST.get("step") == CHECK or is_other:
        noted = [*problems, *mappings.address_notes(forms.chosen_rules())]
        review = mapping_review.review(connection=connection, forms=forms, problems=noted)
        return draw(review=review, is_other=is_other)
    is_first = connection.mapping_version_id is None
    try:
        store(request, connection=connection, forms=forms)
    except UnableToChangeMapping as refusal:
        return draw(refusal=str(refusal))
    first = lead_to_start(request, connection=connection) if is_first else None
    return first or redirect("field-mapping", pk=connection.pk)


def put_by(request: HttpRequest, *, connection: Connection, forms: MappingForms) -> None:
    """Keeps an unconfirmed mapping for the preview of the import, which confirms it."""
    save_settings(connection=connection, changes=forms.reading.cleaned_data, actor=signed_in(request))
    mappings.put_rows(connection=connection, rules=forms.chosen_rules(), translations=forms.chosen_tables())


def store(request: HttpRequest, *, connection: Connection, forms: MappingForms) -> None:
    """Saves and says so; the settings come last, because a refused mapping must leave them alone."""
    actor = signed_in(request)
    version = mappings.save_mapping(
        connection=connection,
        rules=forms.chosen_rules(),
        translations=forms.chosen_tables(),
        actor=actor,
        seen=forms.seen.cleaned_data["seen"],
    )
    changed = save_settings(connection=connection, changes=forms.reading.cleaned_data, actor=actor)
    messages.success(request, saved_sentence(connection, version=version, changed=changed))
    if request.POST.get("step") == REAPPLY:
        messages.info(request, apply_anew(connection, actor_id=request.user.pk))
    elif (version or changed) and (reread := read_held_again(connection)):
        messages.info(request, f"{reread:,} held deal{'s are' if reread > 1 else ' is'} read again now.")


def forms_lint(forms: MappingForms, *, connection: Connection) -> list[MappingProblem]:
    return mappings.lint(
        connection=connection, rules=forms.chosen_rules(), translations=forms.chosen_tables()
    )


def show(
    request: HttpRequest,
    *,
    connection: Connection,
    forms: MappingForms,
    rules: MappingRules,
    problems: Sequence[MappingProblem] = (),
    asked: Asked = NOT_ASKED,
    is_refused: bool = False,
    refusal: str = "",
    is_other: bool = False,
    review: mapping_review.Review | None = None,
) -> HttpResponse:
    studio: Studio = forms.studio
    if not request.user.has_perm(CHANGE_BILLING_MEANING):
        forms.reading.keep(connection)
    problems = [*problems, *mappings.address_notes(rules.rules)]
    rows = table.rows(
        connection=connection, forms=forms.rules.forms, rules=rules, studio=studio, problems=problems
    )
    shown_keys = {row.key for row in rows}
    context: dict[str, Any] = {
        "connection": connection,
        "forms": forms,
        "rows": rows,
        "offered": table.offered(studio),
        "unlisted_objects": table.unlisted_objects(studio),
        "schema": schema_facts(connection),
        "loose_problems": [one for one in problems if one.key not in shown_keys],
        "is_refused": is_refused,
        "refusal": refusal,
        "is_other": is_other,
        "review": review,
        "has_errors": forms.rules.is_bound and not forms.is_valid(),
        "sections": translations.sections(forms=forms.translations.forms, asked=asked),
        "synonyms": translations.synonyms(),
        "ambiguous": translations.ambiguous(),
        "versions": latest_versions(connection=connection, most=SHOWN_VERSIONS),
        "progress": mapping_review.progress_of(connection),
        "waiting": background.waiting_for(tasks.reapply, subject=str(connection.pk)),
        "what_follows": after_confirming(connection),
        "reaches_back": connection.import_from < business_day(),
        "may_change": request.user.has_perm(CHANGE_MAPPING),
        "may_agree": request.user.has_perm(DECIDES_BILLING),
        "not_agreed": not_agreed(connection.mapping_version),
    }
    return render(request, "crm_sync/mapping/field_mapping.html", context)


def not_agreed(version: MappingVersion | None) -> str:
    """Empty where somebody who decides what is billed made the version or agreed to it."""
    if version is None or version.is_agreed:
        return ""
    author = version.author.get_username() if version.author else "Somebody"
    return f"{author}, who does not decide what is billed, made version {version.number} of this mapping."


def apply_anew(connection: Connection, *, actor_id: int | None) -> str:
    """Marks what the mapping in force concerns and rings the worker. The answer is what to tell."""
    impact = reapplying.mark(connection)
    if not impact:
        return "No unbilled contract and no hold is concerned."
    if not connection.is_live:
        return f"Read again as soon as {connection} is at work again: {impact}."
    tasks.request_reapply(connection_id=connection.pk, actor_id=actor_id)
    return f"Read again now: {impact}. What has been invoiced stays as it is."


def read_held_again(connection: Connection) -> int:
    """Another mapping may cure holds: their deals are marked already, and the sync is rung here."""
    held = CrmDeal.objects.held().filter(connection=connection).values("pk")[:COUNT_CAP].count()
    if held and connection.is_live:
        tasks.request_sync(connection_id=connection.pk)
        return held
    return 0


def first_sync(connection: Connection) -> str:
    if connection.is_live:
        return "The first sync follows with the next poll: polls are five minutes apart."
    return f"The first sync follows once {connection} is at work again."


def after_confirming(connection: Connection) -> str:
    """What becomes of deals that are won once the mapping is confirmed."""
    if not connection.is_live:
        return f"Nothing is imported from {connection} until it is at work again."
    mode = BECOMES[ConnectionMode(connection.mode)]
    return f"Deals that close from today on are then {mode}, with the next sync."


def saved_sentence(connection: Connection, *, version: MappingVersion | None, changed: Sequence[str]) -> str:
    if version is not None and version.number == 1 and connection.asks_for_start:
        later = what_becomes(connection, deals="Deals that close from today on")
        return (
            f"Field mapping confirmed. {later} Look at the preview of the earlier ones, then start billing."
        )
    if version is not None and version.number == 1:
        return f"Field mapping confirmed. {first_sync(connection)}"
    if version is not None:
        return f"Version {version.number} of the field mapping is in force from the next sync on."
    if changed:
        return "Settings saved; the field mapping itself did not change."
    return "Nothing to save: the field mapping is the same as before."
