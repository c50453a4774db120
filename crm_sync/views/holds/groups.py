"""The inbox of holds: grouped by cause, each group with what cures all its deals."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from crm_sync import tasks
from crm_sync.enums import RunTrigger
from crm_sync.forms.holds.cures import (
    DefaultForm,
    DismissGroupForm,
    GroupForm,
    TranslateForm,
    ValueForm,
    named_by,
)
from crm_sync.forms.oversight.filters import GroupFilter
from crm_sync.holds import deciding
from crm_sync.holds.entered_values import rule_of
from crm_sync.holds.groups import GroupKey, HoldGroup, group_of, hold_groups, members, whole_stake
from crm_sync.mapping import store
from crm_sync.mapping.problems import Cure
from crm_sync.models import Connection, CrmDeal, Hold, MappingVersion, SyncRun
from crm_sync.views.access import CHANGE_HOLDS, CHANGE_MAPPING, SYNC, VIEW_HOLDS, needs, signed_in
from crm_sync.views.holds.cures import cures_of_group, deals, permitted, why
from fincelo import background
from fincelo.awaited import Waiting
from fincelo.models import BackgroundWork
from fincelo.once import once
from fincelo.pagination import PAGE_SIZE, ListPaginator
from fincelo.refused import refuse

GONE = "No deal is held for this reason now. Nothing changed."
NO_CURE = "This would not cure these deals. Choose one of the cures on this page."
Change = Callable[..., MappingVersion | None]


@require_safe
@needs(VIEW_HOLDS)
def inbox(request: HttpRequest) -> HttpResponse:
    form = GroupFilter(request.GET)
    filters = form.chosen()
    chosen = filters.get("connection")
    groups = hold_groups(connection_id=chosen.pk if chosen else None, code=filters.get("code"))
    page = ListPaginator(groups, PAGE_SIZE).get_page(request.GET.get("page"))
    connections = Connection.objects.in_bulk([one.name.connection_id for one in page])
    context = {
        "form": form,
        "page": page,
        "rows": [(one, connections[one.name.connection_id], address_of(one.name)) for one in page],
        "stake": whole_stake(filters=filters),
        "is_filtered": bool(filters),
    }
    return render(request, "crm_sync/holds/holds.html", context)


def address_of(name: GroupKey) -> str:
    return f"{reverse('hold-group')}?{urlencode(named_by(name))}"


@require_safe
@needs(VIEW_HOLDS)
def group_page(request: HttpRequest) -> HttpResponse:
    form = GroupForm(request.GET)
    group = group_of(form.name) if form.is_valid() else None
    if group is None:
        return render(request, "crm_sync/holds/hold_group_gone.html")
    connection = Connection.objects.select_related("mapping_version").get(pk=group.name.connection_id)
    page = ListPaginator(members(group.name), PAGE_SIZE).get_page(request.GET.get("page"))
    found = Hold.objects.select_related("crm_deal").filter(pk__in=list(page)).order_by("opened_at", "id")
    cures = permitted(cures_of_group(group, connection=connection), request=request)
    context = {
        "group": group,
        "connection": connection,
        "why": why(group.name.code),
        "page": page,
        "holds": found,
        "cures": cures,
    }
    return render(request, "crm_sync/holds/hold_group.html", context)


@require_POST
@needs(CHANGE_MAPPING)
@once
def translate(request: HttpRequest) -> HttpResponse:
    def change(*, name: GroupKey, connection: Connection, value: str) -> MappingVersion | None:
        return store.add_translation(
            connection=connection, key=name.key, raw=name.raw, value=value, actor=signed_in(request)
        )

    return change_mapping(
        request,
        cure=Cure.TRANSLATE,
        form_class=TranslateForm,
        change=change,
        sentence="\u201c{raw}\u201d means {value}",
    )


@require_POST
@needs(CHANGE_MAPPING)
@once
def set_default(request: HttpRequest) -> HttpResponse:
    def change(*, name: GroupKey, connection: Connection, value: str) -> MappingVersion | None:
        return store.set_default(connection=connection, key=name.key, value=value, actor=signed_in(request))

    return change_mapping(
        request,
        cure=Cure.DEFAULT,
        form_class=DefaultForm,
        change=change,
        sentence="{field} is {value} where the CRM names none",
    )


def change_mapping(
    request: HttpRequest, *, cure: Cure, form_class: type[ValueForm], change: Change, sentence: str
) -> HttpResponse:
    """One decision, one mapping version, one line in the audit; the deals are read in the background."""
    group = asked_for(request)
    if group is None:
        messages.info(request, GONE)
        return redirect("holds")
    if cure not in group.cures:
        messages.error(request, NO_CURE)
        return redirect(address_of(group.name))
    connection = Connection.objects.select_related("mapping_version").get(pk=group.name.connection_id)
    form = form_class(request.POST, rule=rule_of(connection, key=group.name.key))
    if not form.is_valid():
        return refuse(request, form=form, at=page_of(request, group))
    value = form.cleaned_data["value"]
    try:
        version = change(name=group.name, connection=connection, value=value)
    except store.UnableToChangeMapping as refusal:
        form.add_error("value", str(refusal))
        return refuse(request, form=form, at=page_of(request, group))
    shown = sentence.format(raw=group.name.raw, field=group.field, value=worded(form, value))
    number = f" Mapping version {version.number}." if version else ""
    messages.success(request, f"{shown} from now on.{number}")
    return read_again(request, group=group, connection=connection)


def page_of(request: HttpRequest, group: HoldGroup) -> str:
    """Where the form stands: on the page of one hold, or of the whole group."""
    hold = request.GET.get("hold", "")
    return reverse("hold", args=[int(hold)]) if is_key(hold) else address_of(group.name)


def worded(form: ValueForm, value: str) -> str:
    """As the person chose it."""
    choices = dict(getattr(form.fields["value"], "choices", ()))
    return str(choices.get(value, f"\u201c{value}\u201d"))


@require_POST
@needs(SYNC)
def replay(request: HttpRequest) -> HttpResponse:
    group = asked_for(request)
    if group is None:
        messages.info(request, GONE)
        return redirect("holds")
    return read_again(request, group=group, connection=Connection.objects.get(pk=group.name.connection_id))


def read_again(request: HttpRequest, *, group: HoldGroup, connection: Connection) -> HttpResponse:
    """Marks and rings, then shows the run."""
    newest = SyncRun.objects.filter(connection=connection).aggregate(pk=Max("pk"))["pk"]
    work = tasks.request_group_replay(name=group.name, actor_id=signed_in(request).pk)
    if not connection.is_live:
        messages.warning(request, f"{connection} is not connected. Its deals are read once it is.")
        return redirect(address_of(group.name))
    address = reverse("hold-replaying", args=[connection.pk])
    chosen = {"after": newest or 0, "number": group.stake.number, "work": work.pk if work else 0}
    return redirect(f"{address}?{urlencode(chosen)}")


@require_POST
@needs(CHANGE_HOLDS)
@once
def dismiss(request: HttpRequest) -> HttpResponse:
    group = asked_for(request)
    if group is None:
        messages.info(request, GONE)
        return redirect("holds")
    form = DismissGroupForm(request.POST)
    if not form.is_valid():
        return refuse(request, form=form, at=address_of(group.name))
    try:
        number = deciding.dismiss_group(
            name=group.name,
            actor=signed_in(request),
            reason=form.cleaned_data["reason"],
            at_most=form.cleaned_data["number"],
        )
    except deciding.UnableToDecideHold as refusal:
        form.add_error(None, str(refusal))
        return refuse(request, form=form, at=address_of(group.name))
    verb = "is" if number == 1 else "are"
    messages.success(request, f"{deals(number)} {verb} dismissed and will not be billed.")
    return redirect("holds")


def asked_for(request: HttpRequest) -> HoldGroup | None:
    """The group that a form names, as it stands now."""
    form = GroupForm(request.POST)
    return group_of(form.name) if form.is_valid() else None


@require_safe
@needs(VIEW_HOLDS)
def replaying(request: HttpRequest, pk: int) -> HttpResponse:
    """Until the worker has begun; then the run's own page tells."""
    connection = get_object_or_404(Connection, pk=pk)
    after = request.GET.get("after", "")
    run = reading_run(connection, after=int(after)) if is_key(after) else None
    if run is not None:
        if request.htmx:  # type: ignore[attr-defined]
            return HttpResponseClientRedirect(run.get_absolute_url())
        return redirect(run)
    number, work = request.GET.get("number", ""), request.GET.get("work", "")
    template = "parts/replay_waits.html" if request.htmx else "hold_replaying.html"  # type: ignore[attr-defined]
    context = {
        "connection": connection,
        "address": request.get_full_path(),
        "waiting": waiting_for_reading(int(work)) if is_key(work) else None,
        "sentence": f"{deals(int(number)) if is_key(number) else 'Deals'} of {connection}.",
    }
    return render(request, f"crm_sync/holds/{template}", context)


def waiting_for_reading(pk: int) -> Waiting | None:
    work = BackgroundWork.objects.select_related("actor").filter(pk=pk).first()
    return background.judged(work) if work else None


def reading_run(connection: Connection, *, after: int) -> SyncRun | None:
    """The replay. A poll that was quicker leaves it nothing to read: then the newest run that has ended."""
    runs = SyncRun.objects.filter(connection=connection)
    replay = runs.filter(trigger=RunTrigger.REPLAY, pk__gt=after).order_by("pk").first()
    if replay or CrmDeal.objects.held().filter(connection=connection, fingerprint="").exists():
        return replay
    return runs.filter(pk__gte=after, finished_at__isnull=False).order_by("-pk").first()


def is_key(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16
