"""What the tests hold in their hands: a clock that stands still, a person at a browser, and an API client."""

import base64
import hashlib
import html
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from demo.salesforce.org import Org

CALLBACK = "http://127.0.0.1:8000/api/crm/salesforce/callback"
VERIFIER = "verifier-" + "v" * 60
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


@dataclass
class StoppedClock:
    moment: datetime = datetime(2026, 11, 22, 10, 14, 7, 250_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **duration: float) -> None:
        self.moment += timedelta(**duration)


@dataclass
class Visitor:
    """A person in one browser, sent to Salesforce by the product."""

    url: str
    org: Org
    session: requests.Session = field(default_factory=requests.Session)

    def authorize(self, **changes: str) -> requests.Response:
        parameters = {
            "response_type": "code",
            "client_id": self.org.app.consumer_key,
            "redirect_uri": CALLBACK,
            "scope": "full refresh_token",
            "state": "s t&te",
            **PKCE,
            **changes,
        }
        given = {name: value for name, value in parameters.items() if value}
        return self.session.get(
            f"{self.url}/services/oauth2/authorize", params=given, allow_redirects=False, timeout=5
        )

    def follow(self, response: requests.Response) -> requests.Response:
        return self.session.get(self.url + response.headers["Location"], allow_redirects=False, timeout=5)

    def log_in(self, to_login: requests.Response, **changes: str) -> requests.Response:
        """Fills in the form behind the redirect and returns the answer to it."""
        form = hidden(self.follow(to_login).text)
        form |= {"username": "ada@acme.example", "password": "closed-won", **changes}
        return self.session.post(f"{self.url}/login", data=form, allow_redirects=False, timeout=5)

    def decide(self, consent: requests.Response, decision: str) -> requests.Response:
        return self.session.post(
            f"{self.url}/setup/secur/RemoteAccessAuthorizationPage.apexp",
            data={**hidden(consent.text), "decision": decision},
            allow_redirects=False,
            timeout=5,
        )

    def allow(self, **changes: str) -> str:
        """The whole way for somebody who is not signed in yet; returns the code."""
        consent = self.follow(self.log_in(self.authorize(**changes)))
        return answer(self.decide(consent, "allow"))["code"]


@dataclass
class Client:
    """The product's server: calls the token endpoints with the app's credentials, the API with a token."""

    url: str
    org: Org
    token: str = ""

    def post(self, path: str, **form: str) -> requests.Response:
        return requests.post(f"{self.url}/services/oauth2/{path}", data=form, timeout=5)

    def credentials(self) -> dict[str, str]:
        return {"client_id": self.org.app.consumer_key, "client_secret": self.org.app.consumer_secret}

    def exchange(self, code: str, /, **changes: str) -> requests.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **self.credentials(),
            **changes,
        }
        return self.post("token", **{name: value for name, value in form.items() if value})

    def refresh(self, token: str | None, /, **changes: str) -> requests.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token or "", **self.credentials()}
        return self.post("token", **{**form, **changes})

    def get(self, path: str, *, headers: dict[str, str] | None = None, **query: str) -> requests.Response:
        signed = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return requests.get(self.url + path, params=query, headers=signed, timeout=5, allow_redirects=False)

    def query(self, soql: str, *, resource: str = "query", batch_size: int | None = None) -> Any:
        options = {"Sforce-Query-Options": f"batchSize={batch_size}"} if batch_size else {}
        return self.get(f"/services/data/v66.0/{resource}/", headers=options, q=soql).json()

    def names(self, soql: str) -> list[str]:
        return [record["Name"] for record in self.query(soql)["records"]]


def hidden(text: str) -> dict[str, str]:
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text)
    return {name: html.unescape(value) for name, value in found}


def answer(response: requests.Response) -> dict[str, str]:
    """What a redirect to the callback carries, decoded once."""
    address, _, query = response.headers["Location"].partition("?")
    assert address == CALLBACK
    return {name: values[0] for name, values in parse_qs(query).items()}


def path_of(response: requests.Response) -> str:
    return urlsplit(response.headers["Location"]).path
