"""What the fault switch knows about Salesforce: its refusals, its pages, its tokens."""

from dataclasses import replace
from functools import partial

from demo.faults.provider import Body, Provider
from demo.faults.rules import Faults
from demo.http_server import Request, Response, html_response, text_response
from demo.salesforce.answers import identity_error, oauth_error
from demo.salesforce.org import Org
from demo.salesforce.refusals import (
    GRANT_REFUSALS,
    REST_REFUSALS,
    body_too_long,
    headers_too_long,
    refused,
    uri_too_long,
)
from demo.salesforce.shell import MENU

ENDPOINTS = {
    "Every call of the API": r"^\w+ /(services|id)/",
    "Token": r"^POST /services/oauth2/token",
    "Any query, first page": r"/query(All)?/?\?",
    "Any query, later pages": r"/query(All)?/0r8",
    "Deals, first page": r"FROM Opportunity\b",
    "Stages": r"FROM OpportunityStage",
    "Describe": r"/describe",
    "Versions": r"^GET /services/data/?$",
    "Identity": r"^GET /(id/|services/oauth2/userinfo)",
}


class SalesforcePaging:
    rows = "records"

    def following(self, request: Request, body: Body) -> Request | None:
        address = body.get("nextRecordsUrl")
        return replace(request, path=address, target=address, query={}) if address else None

    def link_to(self, body: Body, address: str) -> None:
        body |= {"done": False, "nextRecordsUrl": address}

    def link_to_itself(self, request: Request, body: Body) -> None:
        self.link_to(body, request.target)


def bad_oauth_token() -> Response:
    return identity_error("Bad_OAuth_Token")


def access_declined() -> Response:
    return text_response("ERROR_HTTP_400: Access Declined", status=400)


def being_set_up() -> Response:
    text = "<html><body><h1>We are setting things up</h1><p>Come back in a while.</p></body></html>"
    return html_response(text, status=420)


def switch_for(org: Org) -> Faults:
    return Faults(
        provider=Provider(
            name="Salesforce",
            menu=MENU,
            endpoints=ENDPOINTS,
            refusals={
                **{name: partial(refused, name) for name in REST_REFUSALS},
                **{name: partial(oauth_error, *each) for name, each in GRANT_REFUSALS.items()},
                "bad_oauth_token": bad_oauth_token,
                "access_declined": access_declined,
                "being_set_up": being_set_up,
                "uri_too_long": uri_too_long,
                "headers_too_long": headers_too_long,
                "body_too_long": body_too_long,
                "invalid_client_401": partial(oauth_error, *GRANT_REFUSALS["invalid_client"], status=401),
            },
            expire_tokens=org.expire_access_tokens,
            revoke_tokens=org.revoke_tokens,
            paging=SalesforcePaging(),
        )
    )
