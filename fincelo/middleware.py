from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

from fincelo import origin


def no_store(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """What a signed-in person sees stays out of every cache, the browser's own included."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.user.is_authenticated:
            add_never_cache_headers(response)
        return response

    return answer


def remember_origin(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """The audit names the address behind each change, however deep in the code it is made."""

    def answer(request: HttpRequest) -> HttpResponse:
        origin.remember(origin.client_address(request))
        try:
            return get_response(request)
        finally:
            origin.remember("")

    return answer
