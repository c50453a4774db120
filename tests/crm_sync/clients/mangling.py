"""A transport without a wire, on which one answer of a simulated CRM is changed before the client reads it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from crm_sync.clients.http import Answer, Transport
from demo.messages import Application, Headers, Request

URL = "https://crm.example"
DATE = "Sun, 22 Nov 2026 10:00:00 GMT"
REMOVED = object()
Place = tuple[str | int, ...]
Change = tuple[int, Any]
"""The number of a place in the body, and what stands there instead."""

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        [
            *("", " ", "0", "-1", "1e400", "null", "true", "NaN", "١٢", "1_000", "\ud800", "\u0000", "../x"),
            *(
                "0063000000AAAAA",
                "006300000000AAAAAA",
                "9999-12-31T23:59:59.999Z",
                "0001-01-01T00:00:00+14:00",
            ),
            *(
                "9999-12-31T23:59:59.000-1400",
                "https://crm.evil.example/next",
                "/services/data/v66.0/query/0-0",
            ),
            *(2**31, 10**30, -(10**30)),
        ]
    ),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "Id", "properties", "results", "after", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
changes = st.lists(st.tuples(st.integers(0, 400), values | st.just(REMOVED)), min_size=1, max_size=3)


class InProcess(Transport):
    """Asks the application itself; the nth answer is given another body, and perhaps another status."""

    def __init__(
        self, app: Application, *, changes: Sequence[Change] = (), nth: int = 0, status: int = 0
    ) -> None:
        super().__init__(is_allowed=lambda origin: origin == URL, pause=lambda seconds: None)
        self.app = app
        self.changes = changes
        self.nth = nth
        self.status = status

    def attempt(
        self,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        params: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
        body: Any,
    ) -> Answer:
        self.calls += 1
        query = urlencode(params or {})
        path = urlsplit(url).path
        sent = urlencode(form or {}).encode() if body is None else json.dumps(body).encode()
        request = Request(
            method=method,
            path=path,
            query=parse_qs(query, keep_blank_values=True),
            headers=Headers(
                {**(headers or {}), "Content-Type": "application/json" if form is None else "x-form"}
            ),
            body=sent,
            target=f"{path}?{query}" if query else path,
        )
        response = self.app(request)
        is_struck = self.calls == self.nth
        return Answer(
            status=self.status or response.status if is_struck else response.status,
            headers=CaseInsensitiveDict(
                {"Date": DATE, "Content-Type": response.content_type, **response.headers}
            ),
            body=changed(response.body, self.changes) if is_struck else response.body,
            host="crm.example",
        )


def changed(body: bytes, changes: Sequence[Change]) -> bytes:
    """The body with other values in some places, counted from the outside in; 0 is all of it."""
    value = json.loads(body)
    for number, new in changes:
        found = places(value)
        value = put(value, found[number % len(found)], new)
    return json.dumps(value).encode()


def places(value: Any) -> list[Place]:
    found: list[Place] = [()]
    for place in found:
        inner = at(value, place)
        keys = inner if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ()
        found += [(*place, key) for key in keys]
    return found


def at(value: Any, place: Place) -> Any:
    for key in place:
        value = value[key]
    return value


def put(value: Any, place: Place, new: Any) -> Any:
    if not place:
        return None if new is REMOVED else new
    parent = at(value, place[:-1])
    if new is REMOVED:
        del parent[place[-1]]
    else:
        parent[place[-1]] = new
    return value
