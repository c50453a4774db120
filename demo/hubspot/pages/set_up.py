"""What a person needs to connect Fincelo: the access tokens of this portal."""

from demo.hubspot.pages.shell import TEMPLATES, hubspot_page
from demo.hubspot.pages.tokens import token_title
from demo.hubspot.portal import Portal
from demo.messages import Request, Response, json_response
from demo.pages import join


def show_set_up(request: Request, portal: Portal) -> Response:
    tokens = list(portal.tokens.values())
    content = TEMPLATES.render(
        "set_up.html",
        portal_id=portal.portal_id,
        zone=portal.time_zone,
        currency=portal.company_currency,
        address=f"http://{request.headers.get('Host', '')}",
        tokens=join(
            TEMPLATES.render("token.html", title=token_title(portal, t), token=t.value) for t in tokens
        ),
        scopes=join(
            TEMPLATES.render("token_scopes.html", title=token_title(portal, t), scopes=", ".join(t.scopes))
            for t in tokens
        ),
    )
    return hubspot_page(title="Set up", content=content)


def show_credentials(request: Request, portal: Portal) -> Response:
    lasting = (value for value, token in portal.tokens.items() if not (token.ends_at or token.expired_at))
    token = next(lasting, None)
    return json_response({"token": token, "portal_id": portal.portal_id})
