"""What the fault switch has to know about the CRM in front of which it stands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from demo.messages import Request, Response, html_response

Body = dict[str, Any]


class Paging(Protocol):
    """How this CRM writes pages. `rows` is the key under which the records of a page stand."""

    rows: str

    def following(self, request: Request, body: Body) -> Request | None:
        """The request for the page after this one; None after the last."""

    def link_to(self, body: Body, address: str) -> None:
        """Makes the page name `address` as its next one."""

    def link_to_itself(self, request: Request, body: Body) -> None:
        """Makes the page name itself as its next one."""


class LinkedPaging:
    """Pages with `{"rows": [...], "next": address}`, for applications of no particular CRM."""

    rows = "rows"

    def following(self, request: Request, body: Body) -> Request | None:
        address = body.get("next")
        return replace(request, path=address, target=address, query={}) if address else None

    def link_to(self, body: Body, address: str) -> None:
        body["next"] = address

    def link_to_itself(self, request: Request, body: Body) -> None:
        body["next"] = request.target


def nothing() -> None:
    pass


def too_many_requests() -> Response:
    return html_response("<h1>429 Too Many Requests</h1>", status=429)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """`refusals`: answers of this CRM by name, for the fault `refusal`; `too_many_requests` is its 429.
    `endpoints`: patterns offered on the page by what they mean. `menu`: links of the page by label."""

    name: str = "CRM"
    refusals: Mapping[str, Callable[[], Response]] = field(default_factory=dict)
    too_many_requests: Callable[[], Response] = too_many_requests
    endpoints: Mapping[str, str] = field(default_factory=dict)
    menu: Mapping[str, str] = field(default_factory=dict)
    expire_tokens: Callable[[], None] = nothing
    revoke_tokens: Callable[[], None] = nothing
    paging: Paging = field(default_factory=LinkedPaging)
