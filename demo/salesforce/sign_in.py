"""Who is signed in to the simulated org in which browser."""

import secrets
from dataclasses import dataclass, field

from demo.http_server import Request, Response, redirect
from demo.pages import Templates, page
from demo.salesforce.defaults import ADMIN_EMAIL, DEMO_PASSWORD
from demo.salesforce.org import Org

COOKIE = "simulated_salesforce"
WRONG_LOGIN = "That user name and password do not match a user of this org. Check both and try again."


@dataclass(slots=True, kw_only=True)
class Session:
    """`fresh`: signed in a moment ago, as prompt=login asks. `pending`: consents being asked."""

    user_id: str
    fresh: bool = True
    pending: dict[str, "PendingConsent"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingConsent:
    consumer_key: str
    redirect_uri: str
    state: str
    scopes: list[str]
    challenge: str


class SignIn:
    def __init__(self, *, org: Org, templates: Templates) -> None:
        self._org = org
        self._templates = templates
        self._sessions: dict[str, Session] = {}

    def session(self, request: Request) -> Session | None:
        return self._sessions.get(request.cookies.get(COOKIE, ""))

    def ask(self, request: Request) -> Response:
        return self._form(
            start_url=request.argument("startURL", "/"), username=request.argument("un") or ADMIN_EMAIL
        )

    def check(self, request: Request) -> Response:
        form = request.form()
        username, start_url = form.get("username", ""), form.get("startURL", "")
        user = next((row for row in self._org.records("User") if row["Username"] == username), None)
        if user is None or not secrets.compare_digest(
            self._org.passwords[username].encode(), form.get("password", "").encode()
        ):
            return self._form(start_url=start_url, username=username, refusal=WRONG_LOGIN)
        key = secrets.token_urlsafe(32)
        self._sessions[key] = Session(user_id=str(user["Id"]))
        is_local = start_url.startswith("/") and not start_url.startswith(("//", "/\\"))
        response = redirect(start_url if is_local else "/")
        response.headers["Set-Cookie"] = f"{COOKIE}={key}; Path=/; HttpOnly; SameSite=Lax"
        return response

    def _form(self, *, start_url: str, username: str, refusal: str = "") -> Response:
        notice = self._templates.render("refusal.html", text=refusal) if refusal else ""
        content = self._templates.render(
            "login.html",
            notice=notice,
            username=username,
            demo_username=ADMIN_EMAIL,
            password=DEMO_PASSWORD,
            start_url=start_url,
        )
        return page(simulator="Salesforce", title="Log in", content=content)
