import time
from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse

from access import attempts, sessions


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
