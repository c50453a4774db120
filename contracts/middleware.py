from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from contracts.workspace import calendar_and_format
from contracts.writing import written_as


def workspace_time_zone(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Moments are shown where the workspace is, and days and numbers as it has chosen."""

    def respond(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return get_response(request)
        zone, page_format = calendar_and_format()
        with timezone.override(ZoneInfo(zone)), written_as(page_format):
            return get_response(request)

    return respond
