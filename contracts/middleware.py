from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from contracts.workspace import as_workspace_writes


def workspace_time_zone(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Moments are shown where the workspace is, and days and numbers as it has chosen."""

    def respond(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return get_response(request)
        with as_workspace_writes():
            return get_response(request)

    return respond
