"""What a page is told that waited: the work has ended.

The script then shows the result automatically, unless somebody has typed something there: then the link does.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def finished(request: HttpRequest, *, what: str, back: str = "") -> HttpResponse:
    """The part of a page that says so. `back`: the page; left out, the one that asks."""
    here = request.htmx.current_url_abs_path  # type: ignore[attr-defined]
    return render(request, "components/finished.html", {"what": what, "back": back or here or "/"})
