"""What the tests hold in their hands: a clock that stands still, and a caller of the portal's API."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from demo.hubspot.portal import Portal


@dataclass
class StoppedClock:
    moment: datetime = datetime(2026, 11, 22, 15, 4, 5, 120_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **duration: float) -> None:
        self.moment += timedelta(**duration)


@dataclass
class Caller:
    """Calls with a token that has the recommended scopes, unless given another."""

    url: str
    portal: Portal
    token: str
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **query: str | int) -> requests.Response:
        return self._call("GET", path, params=query)

    def post(self, path: str, body: Any) -> requests.Response:
        return self._call("POST", path, json=body)

    def put(self, path: str, body: Any) -> requests.Response:
        return self._call("PUT", path, json=body)

    def patch(self, path: str, body: Any) -> requests.Response:
        return self._call("PATCH", path, json=body)

    def delete(self, path: str, **query: str) -> requests.Response:
        return self._call("DELETE", path, params=query)

    def send(self, path: str, **fields: str) -> requests.Response:
        """A form of a page."""
        return self.session.post(f"{self.url}{path}", data=fields, timeout=5, allow_redirects=False)

    def search(self, body: Any, object_type: str = "deals") -> requests.Response:
        return self.post(f"/crm/objects/2026-09/{object_type}/search", body)

    def found(self, *filters: dict[str, Any], object_type: str = "deals") -> list[str]:
        """The ids that one group of filters finds."""
        body = {"filterGroups": [{"filters": list(filters)}], "limit": 200}
        return [record["id"] for record in self.search(body, object_type).json()["results"]]

    def _call(self, method: str, path: str, **content: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.session.request(
            method, f"{self.url}{path}", headers=headers, timeout=5, allow_redirects=False, **content
        )


def error_body(response: requests.Response) -> dict[str, Any]:
    """The body of an error; its correlation id must be the one in the header."""
    body: dict[str, Any] = response.json()
    assert body.pop("correlationId") == response.headers["X-HubSpot-Correlation-Id"]
    return body


def condition(name: str, operator: str, value: str | None = None, **more: Any) -> dict[str, Any]:
    given = {} if value is None else {"value": value}
    return {"propertyName": name, "operator": operator, **given, **more}
