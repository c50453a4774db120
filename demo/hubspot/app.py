"""The portal as an application: the API, the pages on which a person works, and the fault switch."""

from collections.abc import Callable

from demo.faults.switch import Switched
from demo.hubspot.api.router import api
from demo.hubspot.faults import switch_for
from demo.hubspot.pages.routes import page_router
from demo.hubspot.portal import Portal
from demo.messages import Application, Request, Response

Intercept = Callable[[Request, Application], Response]


def pass_through(request: Request, answer: Application, /) -> Response:
    return answer(request)


def build_app(portal: Portal, *, intercept: Intercept = pass_through) -> Switched:
    """`intercept` sees every API request with the function that answers it, outside the portal's lock, and
    may answer itself, wait, or alter the answer or the portal."""
    answer = api(portal)

    def answer_api(request: Request, /) -> Response:
        return intercept(request, answer)

    return Switched(page_router(portal, default=answer_api), faults=switch_for(portal))
