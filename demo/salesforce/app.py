"""All addresses of the simulated Salesforce, put together."""

from email.utils import format_datetime
from pathlib import Path

from demo.faults.switch import Switched
from demo.http_server import Request, Response, Router, redirect
from demo.pages import Templates, add_stylesheet
from demo.salesforce.account_pages import Accounts
from demo.salesforce.answers import missing
from demo.salesforce.authorize import ERROR_PAGE, Authorize
from demo.salesforce.browse import Browse
from demo.salesforce.faults import switch_for
from demo.salesforce.org import Org
from demo.salesforce.org_pages import OrgPages
from demo.salesforce.recycle_bin import RecycleBin
from demo.salesforce.refusals import headers_too_long, refused, uri_too_long
from demo.salesforce.rest import Rest
from demo.salesforce.sign_in import SignIn
from demo.salesforce.tokens import TokenEndpoints

LONGEST_URI = 16_384


def build_app(org: Org) -> Switched:
    templates = Templates(folder=Path(__file__).parent / "pages")
    router = Router(default=missing)
    _add_oauth(router, org=org, templates=templates)
    rest = Rest(org)
    router.add("GET", r"/services/data/?", rest.versions)
    for method in ("GET", "POST", "PATCH", "DELETE"):
        router.add(method, r"/services/data/v(?P<version>\d{1,3}\.\d)(?:/.*)?", rest)
    for pages in (Browse, RecycleBin, Accounts, OrgPages):
        pages(org=org, templates=templates).add_to(router)
    add_stylesheet(router)

    def app(request: Request, /) -> Response:
        """Every request passes here; `org.intercept` may answer it first."""
        intercepted = org.intercept(request) if org.intercept else None
        response = intercepted or _too_long(request) or _elsewhere(request, org) or router(request)
        response.headers.setdefault("Date", format_datetime(org.now(), usegmt=True))
        return response

    return Switched(app, faults=switch_for(org))


def _add_oauth(router: Router, *, org: Org, templates: Templates) -> None:
    sign_in = SignIn(org=org, templates=templates)
    authorize = Authorize(org=org, sign_in=sign_in, templates=templates)
    tokens = TokenEndpoints(org)
    router.add("GET", r"/login", sign_in.ask)
    router.add("POST", r"/login", sign_in.check)
    router.add("GET", r"/services/oauth2/authorize", authorize.start)
    router.add("POST", r"/setup/secur/RemoteAccessAuthorizationPage\.apexp", authorize.decide)
    router.add("GET", ERROR_PAGE, authorize.error_page)
    router.add("POST", r"/services/oauth2/token", tokens.token)
    router.add("POST", r"/services/oauth2/revoke", tokens.revoke)
    router.add("GET", r"/services/oauth2/revoke", tokens.revoke)
    router.add("POST", r"/services/oauth2/introspect", tokens.introspect)
    router.add("GET", r"/\.well-known/openid-configuration", tokens.configuration)
    router.add("GET", r"/services/oauth2/userinfo", tokens.userinfo)
    router.add("POST", r"/services/oauth2/userinfo", tokens.userinfo)
    router.add("GET", r"/id/(?P<org_id>\w+)/(?P<user_id>\w+)", tokens.identity)


def _too_long(request: Request) -> Response | None:
    if len(request.target) > LONGEST_URI:
        return uri_too_long()
    headers = sum(len(name) + len(value) for name, value in request.headers.items())
    return headers_too_long() if len(request.target) + headers > LONGEST_URI else None


def _elsewhere(request: Request, org: Org) -> Response | None:
    """Data calls at a host that serves none: one that only signs people in, or one that the org left."""
    host = request.headers.get("Host", "")
    if not request.path.startswith("/services/data/v"):
        return None
    if host in org.login_hosts:
        return refused("url_not_reset")
    if host in org.moved_hosts:
        return redirect(f"{org.instance_url}{request.target}", status=org.moved_status)
    return None
