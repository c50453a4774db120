"""The portal as an application: the API, and the pages on which a person works with deals."""

from collections.abc import Callable

from demo.http_server import Application, Request, Response
from demo.hubspot.api.routes import api_router
from demo.hubspot.pages.routes import page_router
from demo.hubspot.portal import Portal

Intercept = Callable[[Request, Application], Response]


def pass_through(request: Request, answer: Application, /) -> Response:
    return answer(request)


def nothing() -> None:
    pass


def build_app(
    portal: Portal, *, intercept: Intercept = pass_through, after_change: Callable[[], None] = nothing
) -> Application:
    """`intercept` sees every API request with the function that answers it, outside the portal's lock, and
    may answer itself, wait, or alter the answer. `after_change` runs after each change made on a page."""
    api = api_router(portal)

    def answer_api(request: Request, /) -> Response:
        return intercept(request, api)

    return page_router(portal, default=answer_api, after_change=after_change)
