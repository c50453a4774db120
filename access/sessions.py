"""A session lasts twelve hours from its sign-in, however busy it is."""

import time
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

STARTED = "signed_in_at"


def connect() -> None:
    user_logged_in.connect(_start, dispatch_uid="access.sessions")


def has_ended(session: SessionBase, *, now: float) -> bool:
    """One that does not say when it began ended with the upgrade that asks."""
    started = session.get(STARTED)
    if not isinstance(started, int | float):
        return True
    return not started <= now < started + settings.SESSION_COOKIE_AGE


def _start(*, request: HttpRequest, **kwargs: Any) -> None:
    request.session[STARTED] = time.time()
