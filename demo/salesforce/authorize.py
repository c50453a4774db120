"""The part of the web-server flow that a person sees: authorize, log in, allow or deny."""

import re
import secrets
from urllib.parse import quote, urlencode

from demo.http_server import Request, Response, redirect
from demo.pages import Templates, join, page
from demo.salesforce.grants import App
from demo.salesforce.org import Org
from demo.salesforce.sign_in import PendingConsent, Session, SignIn

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43,128}")
ERROR_PAGE = "/setup/secur/RemoteAccessErrorPage.apexp"
SCOPE_WORDS = {
    "full": "Full access",
    "refresh_token": "Perform requests at any time",
    "api": "Manage user data via APIs",
    "id": "Access the identity URL",
    "openid": "Access unique user identifiers",
    "web": "Manage user data via web browsers",
}


class Authorize:
    def __init__(self, *, org: Org, sign_in: SignIn, templates: Templates) -> None:
        self._org = org
        self._sign_in = sign_in
        self._templates = templates

    def start(self, request: Request) -> Response:
        """Refuses what Salesforce refuses without going back to the app; then log in, then consent."""
        app = self._org.grants.apps.get(request.argument("client_id"))
        if app is None:
            return self._refuse("invalid_client_id", "client identifier invalid")
        redirect_uri = request.argument("redirect_uri")
        if not redirect_uri:
            return self._refuse("redirect_uri_missing", "redirect_uri not provided")
        if redirect_uri not in app.callback_urls:
            return self._refuse("redirect_uri_mismatch", "redirect_uri must match configuration")
        if request.argument("response_type") != "code":
            return self._refuse("unsupported_response_type", "response type not supported")
        challenge = request.argument("code_challenge")
        if app.require_pkce and not challenge:
            return _raw_error("invalid_request", "missing required code challenge")
        if challenge and not CHALLENGE.fullmatch(challenge):
            return self._refuse("invalid_request", "invalid code challenge")
        if app.refuse_with:
            return self._generic_error(app.refuse_with)
        scopes = _scopes(request.argument("scope"), app)
        if not all(app.allows(scope) for scope in scopes):
            reason = {"error": "invalid_scope", "error_description": "the requested scope is not allowed"}
            return redirect(f"{ERROR_PAGE}?{urlencode(reason, quote_via=quote)}")
        if challenge and request.argument("code_challenge_method") != "S256":
            challenge = f"plain:{challenge}"
        pending = PendingConsent(
            consumer_key=app.consumer_key,
            redirect_uri=redirect_uri,
            state=request.argument("state"),
            scopes=scopes,
            challenge=challenge,
        )
        if app.refuse_back_with:
            return _back_with_error(pending, app.refuse_back_with, "refused by the org")
        return self._continue(request, app, pending)

    def _continue(self, request: Request, app: App, pending: PendingConsent) -> Response:
        prompts = request.argument("prompt").split()
        session = self._sign_in.session(request)
        must_log_in = session is None or ("login" in prompts and not session.fresh)
        if request.argument("immediate") == "true" and (
            must_log_in or not self._approved(session, app, pending)
        ):
            return _back_with_error(pending, "immediate_unsuccessful", "immediate unsuccessful")
        if session is None or must_log_in:
            login = {"startURL": request.target, "un": request.argument("login_hint")}
            return redirect(f"/login?{urlencode(login)}")
        session.fresh = False
        if "consent" not in prompts and self._approved(session, app, pending):
            return self._back_with_code(session, app, pending)
        return self._ask_consent(session, app, pending)

    def _approved(self, session: Session | None, app: App, pending: PendingConsent) -> bool:
        return session is not None and self._org.grants.has_approved(
            user_id=session.user_id, app=app, scopes=pending.scopes
        )

    def _ask_consent(self, session: Session, app: App, pending: PendingConsent) -> Response:
        key = secrets.token_urlsafe(24)
        session.pending[key] = pending
        user = self._org.record(session.user_id)
        content = self._templates.render(
            "consent.html",
            app=app.name,
            person=f"{user['Name']} ({user['Username']})",
            scopes=join(
                self._templates.render("scope.html", words=SCOPE_WORDS.get(scope, scope), scope=scope)
                for scope in pending.scopes
            ),
            key=key,
        )
        return page(simulator="Salesforce", title="Allow access?", content=content)

    def decide(self, request: Request) -> Response:
        """Each question is answered once, in the browser that was asked."""
        form = request.form()
        session = self._sign_in.session(request)
        pending = session.pending.pop(form.get("key", ""), None) if session else None
        if session is None or pending is None:
            return self._generic_error("OAUTH_APPROVAL_ERROR_GENERIC")
        if form.get("decision") != "allow":
            return _back_with_error(pending, "access_denied", "end-user denied authorization")
        return self._back_with_code(session, self._org.grants.apps[pending.consumer_key], pending)

    def _back_with_code(self, session: Session, app: App, pending: PendingConsent) -> Response:
        code = self._org.grants.issue_code(
            app=app,
            user_id=session.user_id,
            redirect_uri=pending.redirect_uri,
            scopes=pending.scopes,
            challenge=pending.challenge,
        )
        return _back(pending, {"code": code})

    def error_page(self, request: Request) -> Response:
        return self._generic_error(
            "OAUTH_APPROVAL_ERROR_GENERIC", detail=request.argument("error_description")
        )

    def _refuse(self, error: str, description: str) -> Response:
        """An answer of this server's own: the app that sent the browser here never hears of it."""
        text = f"error={error}&error_description={description}"
        content = self._templates.render("refusal.html", text=text)
        return page(simulator="Salesforce", title="Authorization failed", content=content, status=400)

    def _generic_error(self, code: str, *, detail: str = "") -> Response:
        text = " ".join(filter(None, ["We can't authorize you because of an OAuth error.", code, detail]))
        content = self._templates.render("refusal.html", text=text)
        return page(simulator="Salesforce", title="Authorization failed", content=content, status=400)


def _scopes(asked: str, app: App) -> list[str]:
    named = ["refresh_token" if scope == "offline_access" else scope for scope in asked.split()]
    return list(dict.fromkeys(named)) or list(app.scopes)


def _raw_error(error: str, description: str) -> Response:
    """Sent without a content type, so that browsers offer it as a file to save."""
    body = f"error={error}&error_description={description}".encode()
    return Response(status=400, body=body, content_type="")


def _back_with_error(pending: PendingConsent, error: str, description: str) -> Response:
    return _back(pending, {"error": error, "error_description": description})


def _back(pending: PendingConsent, parameters: dict[str, str]) -> Response:
    state = {"state": pending.state} if pending.state else {}
    separator = "&" if "?" in pending.redirect_uri else "?"
    return redirect(f"{pending.redirect_uri}{separator}{urlencode({**parameters, **state})}")
