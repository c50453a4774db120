"""A form that is sent twice is done once.

Each form carries a token (`components/form.html`, or `{% once %}`). The first request with a token claims it:
the database keeps it unique. A second one is answered with where the first one led. What is refused lets go
of its token, so that the corrected form may be sent again.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from hashlib import sha256
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from fincelo.models import SentForm

FIELD = "once"
LONGEST_TOKEN = 64
KEPT = timedelta(days=7)
SAME_MOMENT = timedelta(seconds=10)
"""A form without a token, as of a page from before the upgrade, is the same one only for this long."""
NOT_CONTENT = (FIELD, "csrfmiddlewaretoken")
View = Callable[..., HttpResponse]


def once(view: View) -> View:
    """For views that make a money object or decide something: the same form is carried out once."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        key = _key(request)
        if request.FILES and not _token(request):
            return view(request, *args, **kwargs)  # what a file says is counted once on its own
        if not _claim(key, has_token=bool(_token(request))):
            return _answer_again(request, key)
        is_done = False
        try:
            answer = view(request, *args, **kwargs)
            is_done = answer.status_code < 400 and not getattr(request, "was_refused", False)
            return answer
        finally:
            if is_done:
                location = answer.headers.get("Location", "")
                SentForm.objects.filter(key=key).update(done_at=Now(), location=location[:500])
            else:
                SentForm.objects.filter(key=key).delete()

    return wrapped


def mark_refused(request: HttpRequest) -> None:
    """Nothing was done: the same form may be sent again."""
    request.was_refused = True  # type: ignore[attr-defined]


def _token(request: HttpRequest) -> str:
    return request.POST.get(FIELD, "")[:LONGEST_TOKEN]


def _key(request: HttpRequest) -> str:
    """Of who sends what to where: the token, or the whole content where there is none."""
    content = [_token(request)]
    if not content[0]:
        content = [
            f"{name}={value}"
            for name, values in sorted(request.POST.lists())
            for value in values
            if name not in NOT_CONTENT
        ]
    parts = [str(request.user.pk), request.path, *content]
    return sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()


def _claim(key: str, *, has_token: bool) -> bool:
    """False where another request has it."""
    over = Q(sent_at__lt=Now() - KEPT)
    if not has_token:
        over |= Q(key=key, sent_at__lt=Now() - SAME_MOMENT)
    SentForm.objects.filter(over).delete()
    claim = SentForm(key=key)
    SentForm.objects.bulk_create([claim], ignore_conflicts=True)
    return SentForm.objects.filter(key=key, claim=claim.claim).exists()


def _answer_again(request: HttpRequest, key: str) -> HttpResponse:
    first = SentForm.objects.filter(key=key).first()
    if first and first.done_at:
        messages.info(request, "This form was sent twice. It was carried out once.")
    else:
        messages.info(
            request,
            "This form was sent twice, and the first time is still being carried out. Look whether it is "
            "done before you send it again.",
        )
    return redirect((first and first.location) or _page_before(request))


def _page_before(request: HttpRequest) -> str:
    before = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(
        before, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return before if is_ours else "/"
