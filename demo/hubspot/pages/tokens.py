"""The access tokens on the page of limits and tokens: issued, rotated, revoked, and given other scopes."""

from demo.hubspot.pages.shell import TEMPLATES, missing_page
from demo.hubspot.portal import Portal
from demo.hubspot.records import AccessToken
from demo.hubspot.scopes import OWNERS_SCOPE
from demo.messages import Request, Response, redirect
from demo.pages import Markup, join


def token_title(portal: Portal, token: AccessToken) -> str:
    lacking = "" if OWNERS_SCOPE in token.scopes else " without the owners scope (no owner e-mail)"
    ending = f", ends {token.ends_at.astimezone(portal.zone):%Y-%m-%d %H:%M}" if token.ends_at else ""
    expired = ", expired" if token.expired_at else ""
    return f"Access token{lacking}{ending}{expired}"


def token_panels(portal: Portal) -> Markup:
    return join(_panel(portal, token) for token in portal.tokens.values())


def issue_token(request: Request, portal: Portal) -> Response:
    portal.issue_token()
    return redirect("/limits?done=issued", status=303)


def change_scopes(request: Request, portal: Portal, *, app_id: str, ending: str) -> Response:
    token = _named(portal, app_id, ending)
    if token is None:
        return missing_page("No such token")
    scopes = request.form().get("scopes", "").replace(",", " ").split()
    portal.change_scopes(token.value, tuple(dict.fromkeys(scopes)))
    return redirect("/limits?done=scopes", status=303)


def act(request: Request, portal: Portal, *, app_id: str, ending: str, action: str) -> Response:
    token = _named(portal, app_id, ending)
    if token is None:
        return missing_page("No such token")
    match action:
        case "rotate-now" | "rotate-later":
            portal.rotate_token(token.value, at_once=action == "rotate-now")
        case "revoke":
            portal.revoke_token(token.value)
        case _:
            portal.remove_creator(token.value)
    return redirect(f"/limits?done={action}", status=303)


def _panel(portal: Portal, token: AccessToken) -> Markup:
    refused = ", ".join(f"{family}: {reason}" for family, reason in token.forbidden.items())
    return TEMPLATES.render(
        "token_panel.html",
        title=token_title(portal, token),
        token=token.value,
        place=f"/tokens/{token.app_id}/{_ending(token)}",
        app_id=token.app_id,
        scopes=" ".join(token.scopes),
        refused=f"Refused: {refused}." if refused else "",
    )


def _named(portal: Portal, app_id: str, ending: str) -> AccessToken | None:
    """By the last characters, so that no address carries a token."""
    found = (t for t in portal.tokens.values() if (str(t.app_id), _ending(t)) == (app_id, ending))
    return next(found, None)


def _ending(token: AccessToken) -> str:
    return token.value[-6:]
