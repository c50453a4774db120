"""Requests that ask for what cannot exist: letters no database stores, impossible days, huge numbers.

They are answered like addresses that lead nowhere. A person who follows a broken link is told so, and no page
has to guard each of its filters itself.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.utils.http import parse_header_parameters
from django.views.defaults import bad_request, page_not_found

log = logging.getLogger(__name__)
NUL = "\0"
INSTEAD = "\ufffd"
IMPOSSIBLE = (DataError, OverflowError, UnicodeEncodeError)
"""What the database, the calendar and the encoding say of values that are none."""


class Utf8Request(WSGIRequest):
    """Read as UTF-8, whatever charset it names: some that Python knows are no encodings of text."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        kind, parameters = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        self.content_type = kind
        self.content_params = {name: value for name, value in parameters.items() if name != "charset"}


class OddRequests:
    """Replaces NUL in query strings. What turns out to be impossible gets 404, or 400 for a form."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if NUL in request.path_info:
            raise Http404("No address holds NUL.")
        if any(NUL in text for name, values in request.GET.lists() for text in (name, *values)):
            request.GET = _without_nul(request.GET)  # type: ignore[assignment]
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, IMPOSSIBLE):
            return None
        log.warning("An impossible value in %s %s", request.method, request.path, exc_info=exception)
        if request.method in ("GET", "HEAD"):
            return page_not_found(request, exception)
        return bad_request(request, exception)


def _without_nul(query: QueryDict) -> QueryDict:
    clean = QueryDict(mutable=True)
    for name, values in query.lists():
        clean.setlist(name.replace(NUL, INSTEAD), [value.replace(NUL, INSTEAD) for value in values])
    clean._mutable = False
    return clean
