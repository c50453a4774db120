import time
from collections.abc import Callable
from http import HTTPStatus

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest, HttpResponse

from access import attempts, sessions
from contracts import audit

SENT, EXPORTED = "Form sent", "Exported"
LONGEST = 200


def end_long_sessions(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Whoever signed in twelve hours ago is asked to do so again."""

    def respond(request: HttpRequest) -> HttpResponse:
        user = request.user
        if user.is_authenticated and sessions.has_ended(request.session, now=time.time()):
            request.session.flush()
            request.user = AnonymousUser()
            attempts.note_signed_out(user=user, reason="The session lasted twelve hours.")
        return get_response(request)

    return respond


def audit_requests(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Every form that a signed-in person sends and every table that leaves the house is in the audit.

    What changes something says so itself. For the rest, such as what was refused, an entry names page and
    answer.
    """

    def respond(request: HttpRequest) -> HttpResponse:
        person = request.user
        if not person.is_authenticated:
            return get_response(request)
        with audit.watch() as keys:
            response = get_response(request)
        if response.status_code == HTTPStatus.OK and response.headers["Content-Type"].startswith("text/csv"):
            asked = {_kept(name): [*map(_kept, request.GET.getlist(name))] for name in request.GET}
            _record(request, person, action=EXPORTED, after={"filters": asked})
        elif request.method == "POST" and not audit.stands(keys):
            _record(request, person, action=SENT, after={"status": response.status_code})
        return response

    return respond


def _record(request: HttpRequest, person: AbstractBaseUser, *, action: str, after: dict[str, object]) -> None:
    match = request.resolver_match
    key = match.kwargs.get("pk", 0) if match else 0
    audit.record_request(
        actor=person,
        action=action,
        page=match.view_name if match else _kept(request.path),
        object_id=key if isinstance(key, int) and key < 2**63 else 0,
        after=after,
    )


def _kept(text: str) -> str:
    """What a person sent, as the audit can hold it."""
    return text[:LONGEST].replace("\x00", "")
