"""Where each page lives. Everything else is the API's."""

from collections.abc import Callable

from demo.hubspot.pages import (
    archived_deals,
    company_page,
    deal_actions,
    deal_list,
    deal_page,
    limits,
    set_up,
    stages,
    tokens,
)
from demo.hubspot.portal import Portal
from demo.messages import Application, Request, Response
from demo.pages import add_stylesheet
from demo.routing import Router

Page = Callable[..., Response]

DEAL = r"/deals/(?P<deal_id>\d+)"
COMPANY = r"/companies/(?P<company_id>\d+)"
STAGE = r"/stages/(?P<stage_id>[^/]+)"
TOKEN = r"/tokens/(?P<app_id>\d+)/(?P<ending>\w+)"
VIEWS: tuple[tuple[str, Page], ...] = (
    ("/", deal_list.show_deals),
    ("/archived", archived_deals.show_archived),
    ("/deals/new", deal_page.show_new_deal),
    (DEAL, deal_page.show_deal),
    (COMPANY, company_page.show_company),
    ("/stages", stages.show_stages),
    ("/limits", limits.show_limits),
    (r"/contacts/\d+/record/0-3/(?P<deal_id>\d+)", deal_page.follow_record_link),
    ("/set-up", set_up.show_set_up),
    ("/demo/credentials", set_up.show_credentials),
)
CHANGES: tuple[tuple[str, Page], ...] = (
    ("/deals/new", deal_page.make_deal),
    (DEAL, deal_page.save_deal),
    (f"{DEAL}/close-won", deal_page.close_won),
    (f"{DEAL}/archive", deal_actions.archive_deal),
    (f"{DEAL}/merge", deal_actions.merge_deal),
    (f"{DEAL}/delay", deal_actions.delay_deal),
    (f"{DEAL}/restore", archived_deals.restore_deal),
    (f"{DEAL}/delete", archived_deals.delete_deal),
    (COMPANY, company_page.save_company),
    (f"{STAGE}/rename", stages.rename_stage),
    (f"{STAGE}/delete", stages.delete_stage),
    ("/limits", limits.save_limits),
    ("/limits/account", limits.save_account),
    ("/tokens/new", tokens.issue_token),
    (f"{TOKEN}/scopes", tokens.change_scopes),
    (f"{TOKEN}/(?P<action>rotate-now|rotate-later|revoke|remove-creator)", tokens.act),
)


def page_router(portal: Portal, *, default: Application) -> Router:
    router = Router(default=default)
    for method, pages in (("GET", VIEWS), ("POST", CHANGES)):
        for path, page in pages:
            router.add(method, path, _locked(portal, page))
    add_stylesheet(router)
    return router


def _locked(portal: Portal, page: Page) -> Page:
    def answer(request: Request, **names: str) -> Response:
        with portal.lock:
            return page(request, portal, **names)

    return answer
