"""What a person needs to connect Fincelo: the access tokens of this portal."""

from demo.http_server import Request, Response, json_response
from demo.hubspot.pages.shell import TEMPLATES, hubspot_page
from demo.hubspot.portal import Portal
from demo.hubspot.records import AccessToken
from demo.hubspot.scopes import OWNERS_SCOPE
from demo.pages import join


def show_set_up(request: Request, portal: Portal) -> Response:
    tokens = list(portal.tokens.values())
    content = TEMPLATES.render(
        "set_up.html",
        portal_id=portal.portal_id,
        zone=portal.time_zone,
        currency=portal.company_currency,
        address=f"http://{request.headers.get('Host', '')}",
        tokens=join(TEMPLATES.render("token.html", title=_title(t), token=t.value) for t in tokens),
        scopes=join(
            TEMPLATES.render("token_scopes.html", title=_title(t), scopes=", ".join(t.scopes)) for t in tokens
        ),
    )
    return hubspot_page(title="Set up", content=content)


def show_credentials(request: Request, portal: Portal) -> Response:
    token = next(iter(portal.tokens), None)
    return json_response({"token": token, "portal_id": portal.portal_id})


def _title(token: AccessToken) -> str:
    if OWNERS_SCOPE in token.scopes:
        return "Access token"
    return "Access token without the owners scope (no owner e-mail)"
