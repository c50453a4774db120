"""Making a connection: the set-up pages, an app's authorisation, a pasted token."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contracts.clock import business_day
from crm_sync.clients.registry import PROVIDERS, facts_of
from crm_sync.connections import authorising
from crm_sync.errors import SyncError
from crm_sync.forms.connections.connecting import connect_form, keeps_secret, new_form
from crm_sync.models import Connection
from crm_sync.views import notices
from crm_sync.views.access import CHANGE_BILLING_MEANING, CHANGE_CONNECTIONS, needs, signed_in
from crm_sync.views.connections import setup_guide
from crm_sync.views.connections.page import JUST_CONNECTED, render_page
from fincelo.rights import open_to_anybody

AUTHORISING = "crm_authorising"
CONFIRMED_ORG = "crm_confirmed_org"
SIGNED_OUT = "You were signed out while {crm} asked. Sign in, then press Authorise once more."


@require_http_methods(["GET", "HEAD", "POST"])
@needs(CHANGE_CONNECTIONS)
def add_connection(request: HttpRequest, provider: str) -> HttpResponse:
    if provider not in PROVIDERS:
        raise Http404
    connection = Connection(provider=provider)
    suggested = {"name": free_name(provider), "import_from": business_day()}
    form = new_form(connection, request.POST or None, initial=suggested)
    notice = None
    if request.method == "POST" and form.is_valid():
        connection.login_url = form.cleaned_data.get("login_url", "")
        connection.save()
        if facts_of(provider).grants:
            return send_to_provider(
                request, connection=connection, client_secret=form.cleaned_data["client_secret"]
            )
        token = form.cleaned_data["token"]
        notice = use_token(request, connection=connection, token=token, confirmed_org="")
        if notice is None:
            return redirect(connection)
        connection.delete()
    return render(
        request,
        "crm_sync/connections/connection_add.html",
        {"connection": connection, "form": form, "notice": notice, **setup_guide.context(provider)},
    )


def free_name(provider: str) -> str:
    """The CRM's own name, with a number when there is one already."""
    label = facts_of(provider).name
    taken = set(Connection.objects.filter(name__startswith=label).values_list("name", flat=True))
    candidates = [label, *(f"{label} {number}" for number in range(2, len(taken) + 3))]
    return next(name for name in candidates if name not in taken)


@require_POST
@needs(CHANGE_CONNECTIONS)
def authorise(request: HttpRequest, pk: int) -> HttpResponse:
    """Starts an authorisation. Sent without fields, it uses the app's details as stored."""
    connection = get_object_or_404(Connection, pk=pk)
    if facts_of(connection.provider).grants is None:
        raise Http404
    secret = ""
    if "client_id" in request.POST or not keeps_secret(connection):
        form = connect_form(connection, request.POST)
        if not form.is_valid():
            return render_page(request, pk=pk, connect_form=form)
        connection.login_url = form.cleaned_data["login_url"]
        if connection.org is None:
            connection.save(update_fields=["login_url", "client_id"])
        secret = form.cleaned_data["client_secret"]
    return send_to_provider(
        request,
        connection=connection,
        client_secret=secret,
        confirmed_org=confirmed_by(request, request.POST.get("confirmed_org", "")[:40]),
    )


def send_to_provider(
    request: HttpRequest, *, connection: Connection, client_secret: str, confirmed_org: str = ""
) -> HttpResponse:
    """Answers with a page that continues automatically.

    A redirect would hold the CRM, and the single sign-on behind it, to the content policy of our form.
    """
    try:
        address = authorising.start_authorisation(
            connection=connection,
            client_secret=client_secret,
            user=signed_in(request),
            session_key=session_key(request),
            now=timezone.now(),
        )
    except SyncError as error:
        notices.keep(request, notices.refusal(error=error, connection=connection))
        return redirect(connection)
    request.session[AUTHORISING] = connection.pk
    request.session[CONFIRMED_ORG] = confirmed_org
    context = {"address": address, "crm": connection.get_provider_display()}
    return render(request, "crm_sync/connections/to_provider.html", context)


def session_key(request: HttpRequest) -> str:
    if not request.session.session_key:
        request.session.create()
    return request.session.session_key or ""


@require_GET
@open_to_anybody
@login_not_required
def callback(request: HttpRequest, provider: str) -> HttpResponse:
    """Where a CRM sends the browser back to. Always continues to a page whose address holds no code.

    Who is not signed in any more signs in and authorises again: the address of the login would hold the code.
    """
    if provider not in PROVIDERS or PROVIDERS[provider].grants is None:
        raise Http404
    if not request.user.is_authenticated:
        messages.info(request, SIGNED_OUT.format(crm=facts_of(provider).name))
        response: HttpResponse = redirect_to_login(reverse("connections"))
    else:
        response = for_who_may(request)
    response["Referrer-Policy"] = "no-referrer"
    return response


@needs(CHANGE_CONNECTIONS)
def for_who_may(request: HttpRequest) -> HttpResponse:
    return way_back(request)


def way_back(request: HttpRequest) -> HttpResponse:
    waiting = Connection.objects.filter(pk=request.session.pop(AUTHORISING, None)).first()
    confirmed_org = request.session.pop(CONFIRMED_ORG, "")
    asked_by: dict[str, Any] = {
        "state": request.GET.get("state", ""),
        "user": request.user,
        "session_key": session_key(request),
        "now": timezone.now(),
    }
    try:
        if "code" not in request.GET:
            raise authorising.refused_authorisation(error=request.GET.get("error", ""), **asked_by)
        connection = authorising.finish_authorisation(
            code=request.GET["code"], confirmed_org=confirmed_org, **asked_by
        )
    except SyncError as error:
        if waiting is None:
            notices.keep(request, notices.refusal_without_connection(error))
            return redirect("connections")
        notices.keep(request, notices.refusal(error=error, connection=waiting))
        return redirect(waiting)
    welcome(request, connection=connection)
    return redirect(connection)


@require_POST
@needs(CHANGE_CONNECTIONS)
def paste_token(request: HttpRequest, pk: int) -> HttpResponse:
    connection = get_object_or_404(Connection, pk=pk)
    if facts_of(connection.provider).token is None:
        raise Http404
    form = connect_form(connection, request.POST)
    if not form.is_valid():
        return render_page(request, pk=pk, connect_form=form)
    asked = form.cleaned_data
    confirmed_org = confirmed_by(request, asked["confirmed_org"])
    notice = use_token(request, connection=connection, token=asked["token"], confirmed_org=confirmed_org)
    if notice is not None:
        notices.keep(request, notice)
    return redirect(connection)


def confirmed_by(request: HttpRequest, org_id: str) -> str:
    """Another org brings other deals, billed by the settings that are in force: Finance confirms it."""
    return org_id if request.user.has_perm(CHANGE_BILLING_MEANING) else ""


def use_token(
    request: HttpRequest, *, connection: Connection, token: str, confirmed_org: str
) -> notices.Notice | None:
    """Connects, or says why not."""
    try:
        authorising.connect_with_pasted(
            connection=connection, pasted=token, actor=signed_in(request), confirmed_org=confirmed_org
        )
    except SyncError as error:
        connection.refresh_from_db()
        return notices.refusal(error=error, connection=connection)
    welcome(request, connection=connection)
    return None


def welcome(request: HttpRequest, *, connection: Connection) -> None:
    """Names the org and the next step; the page that follows checks the access."""
    provider = connection.get_provider_display()
    if connection.mapping_version_id is None:
        step = "Next: confirm the field mapping."
    else:
        step = "The next sync follows with the next poll: polls are five minutes apart."
    messages.success(request, f"Connected to {connection.org} in {provider}. {step}")
    request.session[JUST_CONNECTED] = connection.pk
