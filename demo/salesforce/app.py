"""All addresses of the simulated Salesforce, put together."""

from pathlib import Path

from demo.faults.switch import Switched
from demo.http_server import Request, Response, Router, html_response
from demo.pages import Templates, add_stylesheet
from demo.salesforce.answers import missing
from demo.salesforce.authorize import ERROR_PAGE, Authorize
from demo.salesforce.browse import Browse
from demo.salesforce.faults import switch_for
from demo.salesforce.org import Org
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
    Browse(org=org, templates=templates).add_to(router)
    add_stylesheet(router)

    def app(request: Request, /) -> Response:
        """Every request passes here; `org.intercept` may answer it first."""
        intercepted = org.intercept(request) if org.intercept else None
        return intercepted or _too_long(request) or router(request)

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
    router.add("GET", r"/services/oauth2/userinfo", tokens.userinfo)
    router.add("POST", r"/services/oauth2/userinfo", tokens.userinfo)
    router.add("GET", r"/id/(?P<org_id>\w+)/(?P<user_id>\w+)", tokens.identity)


def _too_long(request: Request) -> Response | None:
    if len(request.target) > LONGEST_URI:
        return html_response("<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>", status=414)
    headers = sum(len(name) + len(value) for name, value in request.headers.items())
    if len(request.target) + headers > LONGEST_URI:
        text = "<h1>Bad Message 431</h1><pre>reason: Request Header Fields Too Large</pre>"
        return html_response(text, status=431)
    return None
