"""The OAuth endpoints that servers call: token, revoke, introspect, identity and userinfo."""

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from demo.http_server import Request, Response, json_response
from demo.salesforce.answers import NO_STORE, bearer_token, host_url, identity_error, oauth_error
from demo.salesforce.columns import Row
from demo.salesforce.grants import IMPLIED_BY_FULL, App, GrantRefused, Issued
from demo.salesforce.org import Org


class TokenEndpoints:
    def __init__(self, org: Org) -> None:
        self._org = org

    def token(self, request: Request) -> Response:
        form = request.form()
        flows: dict[str, Callable[[App, Mapping[str, str]], Issued]] = {
            "authorization_code": self._exchange,
            "client_credentials": self._client_credentials,
            "refresh_token": self._refresh,
        }
        try:
            flow = flows.get(form.get("grant_type", ""))
            if flow is None:
                raise GrantRefused("unsupported_grant_type", "grant type not supported")
            app = self._client(request, form)
            if "scope" in form:
                raise GrantRefused("invalid_request", "scope parameter not supported")
            issued = flow(app, form)
        except GrantRefused as refused:
            return oauth_error(refused.error, refused.description)
        return _in_format(request, form, self._token_body(request, app, issued))

    def _exchange(self, app: App, form: Mapping[str, str]) -> Issued:
        return self._org.grants.exchange(
            app=app,
            code=_required(form, "code"),
            redirect_uri=_required(form, "redirect_uri"),
            verifier=form.get("code_verifier", ""),
        )

    def _refresh(self, app: App, form: Mapping[str, str]) -> Issued:
        return self._org.grants.refresh(app=app, token=_required(form, "refresh_token"))

    def _client_credentials(self, app: App, form: Mapping[str, str]) -> Issued:
        return self._org.grants.issue_to_app(app)

    def _token_body(self, request: Request, app: App, issued: Issued) -> dict[str, str]:
        """No `expires_in`, and the scopes in another order than they were asked for."""
        identity_url = self._identity_url(issued.user_id)
        issued_at = str(int(issued.issued_at.timestamp() * 1000))
        signed = hmac.digest(app.consumer_secret.encode(), f"{identity_url}{issued_at}".encode(), "sha256")
        refresh = {"refresh_token": issued.refresh_token} if issued.refresh_token else {}
        return {
            "access_token": issued.access_token,
            **refresh,
            "signature": base64.b64encode(signed).decode(),
            "scope": " ".join(reversed(issued.scopes)),
            "instance_url": self._instance_url(request),
            "id": identity_url,
            "token_type": "Bearer",
            "issued_at": issued_at,
        }

    def revoke(self, request: Request) -> Response:
        """By POST as the manual says; GET works too, as it does at Salesforce."""
        token = request.form().get("token") or request.argument("token")
        try:
            self._org.grants.revoke(token)
        except GrantRefused as refused:
            return oauth_error(refused.error, refused.description)
        return Response()

    def introspect(self, request: Request) -> Response:
        form = request.form()
        try:
            app = self._client(request, form)
        except GrantRefused as refused:
            return oauth_error(refused.error, refused.description)
        return json_response(self._introspected(app, form.get("token", "")), headers=dict(NO_STORE))

    def _introspected(self, app: App, token: str) -> dict[str, Any]:
        access = self._org.grants.authenticate(token)
        approval = access.approval if access else self._org.grants.live_approval(token)
        if approval is None or approval.consumer_key != app.consumer_key:
            return {"active": False}
        described: dict[str, Any] = {
            "active": True,
            "scope": " ".join(reversed(approval.scopes)),
            "client_id": app.consumer_key,
            "username": self._org.record(approval.user_id)["Username"],
            "sub": self._identity_url(approval.user_id),
            "token_type": "access_token" if access else "refresh_token",
        }
        if access:
            issued_at = int(access.issued_at.timestamp())
            described |= {"exp": int(access.ends_at.timestamp()), "iat": issued_at, "nbf": issued_at}
        return described

    def configuration(self, request: Request) -> Response:
        """https://openid.net/specs/openid-connect-discovery-1_0.html"""
        here = host_url(request)
        oauth2 = f"{here}/services/oauth2"
        return json_response(
            {
                "issuer": here,
                "authorization_endpoint": f"{oauth2}/authorize",
                "token_endpoint": f"{oauth2}/token",
                "revocation_endpoint": f"{oauth2}/revoke",
                "userinfo_endpoint": f"{oauth2}/userinfo",
                "introspection_endpoint": f"{oauth2}/introspect",
                "jwks_uri": f"{here}/id/keys",
                "scopes_supported": sorted(IMPLIED_BY_FULL | {"refresh_token"}),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    def userinfo(self, request: Request) -> Response:
        user = self._signed_in(request)
        if user is None:
            return identity_error("Bad_OAuth_Token")
        return json_response(
            {
                "sub": self._identity_url(str(user["Id"])),
                "user_id": user["Id"],
                "organization_id": self._org.org_id,
                "preferred_username": user["Username"],
                "nickname": user["Alias"],
                "name": user["Name"],
                "email": user["Email"],
                "email_verified": True,
                "given_name": user["FirstName"],
                "family_name": user["LastName"],
                "zoneinfo": user["TimeZoneSidKey"],
                "urls": self._service_urls(request),
                **self._account_facts(user),
            }
        )

    def identity(self, request: Request, org_id: str, user_id: str) -> Response:
        user = self._signed_in(request)
        if user is None:
            return identity_error("Bad_OAuth_Token")
        if org_id != self._org.org_id:
            return identity_error("Wrong_Org")
        if user_id != user["Id"]:
            return identity_error("Bad_Id")
        pictures = self._instance_url(request) + "/profilephoto/005"
        return json_response(
            {
                "id": self._identity_url(user_id),
                "asserted_user": True,
                "user_id": user_id,
                "organization_id": org_id,
                "username": user["Username"],
                "nick_name": user["Alias"],
                "display_name": user["Name"],
                "email": user["Email"],
                "email_verified": True,
                "first_name": user["FirstName"],
                "last_name": user["LastName"],
                "timezone": user["TimeZoneSidKey"],
                "photos": {"picture": f"{pictures}/F", "thumbnail": f"{pictures}/T"},
                "status": {"created_date": None, "body": None},
                "urls": self._service_urls(request),
                **self._account_facts(user),
                "last_modified_date": str(user["LastModifiedDate"]).replace(".000+0000", "Z"),
            }
        )

    def _account_facts(self, user: Row) -> dict[str, Any]:
        return {
            "active": user["IsActive"],
            "user_type": "STANDARD",
            "language": user["LanguageLocaleKey"],
            "locale": user["LocaleSidKey"],
            "utcOffset": 0,
        }

    def _service_urls(self, request: Request) -> dict[str, str]:
        """`{version}` stays in them for the reader to fill in."""
        instance = self._instance_url(request)
        data = f"{instance}/services/data/v{{version}}/"
        return {
            "enterprise": f"{instance}/services/Soap/c/{{version}}/{self._org.org_id}",
            "rest": data,
            "sobjects": f"{data}sobjects/",
            "query": f"{data}query/",
        }

    def _signed_in(self, request: Request) -> Row | None:
        """By the header, or by the parameter that identity URLs take as well."""
        token = bearer_token(request) or request.argument("oauth_token")
        access = self._org.grants.authenticate(token)
        return self._org.record(access.approval.user_id) if access else None

    def _client(self, request: Request, form: Mapping[str, str]) -> App:
        key, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic" and not secret:
            try:
                key, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                raise GrantRefused("invalid_basic_auth_header", "invalid basic auth header") from None
        return self._org.grants.client(consumer_key=key, consumer_secret=secret)

    def _identity_url(self, user_id: str) -> str:
        return f"{self._org.identity_host}/id/{self._org.org_id}/{user_id}"

    def _instance_url(self, request: Request) -> str:
        return self._org.instance_url or host_url(request)


def _in_format(request: Request, form: Mapping[str, str], body: Mapping[str, str]) -> Response:
    """JSON unless the parameter `format`, or else the Accept header, asks for something else."""
    accept = request.headers.get("Accept", "")
    known = ("json", "xml", "urlencoded")
    wanted = form.get("format") or next((name for name in known if name in accept), "json")
    if wanted == "urlencoded":
        kind, text = "application/x-www-form-urlencoded", urlencode(body)
    elif wanted == "xml":
        values = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in body.items())
        kind, text = "application/xml", f'<?xml version="1.0" encoding="UTF-8"?><OAuth>{values}</OAuth>'
    else:
        return json_response(body, headers=dict(NO_STORE))
    return Response(body=text.encode(), content_type=f"{kind};charset=UTF-8", headers=dict(NO_STORE))


def _required(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise GrantRefused("invalid_request", f"missing required parameter: {name}")
    return form[name]
