"""Where each page lives. Everything else is the API's."""

from collections.abc import Callable

from demo.http_server import Application, Request, Response, Router
from demo.hubspot.pages import deal_list, deal_page, set_up
from demo.hubspot.portal import Portal
from demo.pages import add_stylesheet

Page = Callable[..., Response]

DEAL = r"/deals/(?P<deal_id>\d+)"
VIEWS: tuple[tuple[str, Page], ...] = (
    ("/", deal_list.show_deals),
    ("/deals/new", deal_page.show_new_deal),
    (DEAL, deal_page.show_deal),
    (r"/contacts/\d+/record/0-3/(?P<deal_id>\d+)", deal_page.follow_record_link),
    ("/set-up", set_up.show_set_up),
    ("/demo/credentials", set_up.show_credentials),
)
CHANGES: tuple[tuple[str, Page], ...] = (
    ("/deals/new", deal_page.make_deal),
    (DEAL, deal_page.save_deal),
    (f"{DEAL}/close-won", deal_page.close_won),
)


def page_router(portal: Portal, *, default: Application, after_change: Callable[[], None]) -> Router:
    router = Router(default=default)
    for path, view in VIEWS:
        router.add("GET", path, _viewing(portal, view))
    for path, change in CHANGES:
        router.add("POST", path, _changing(portal, change, after_change))
    add_stylesheet(router)
    return router


def _viewing(portal: Portal, view: Page) -> Page:
    def answer(request: Request, **names: str) -> Response:
        with portal.lock:
            return view(request, portal, **names)

    return answer


def _changing(portal: Portal, change: Page, after_change: Callable[[], None]) -> Page:
    def answer(request: Request, **names: str) -> Response:
        with portal.lock:
            response = change(request, portal, **names)
            after_change()
        return response

    return answer
