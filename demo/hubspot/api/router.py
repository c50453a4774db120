"""Takes a request of the API through everything that stands before its endpoint, and finishes the answer."""

from collections.abc import Callable

from demo.hubspot.api import access, account
from demo.hubspot.api.call import Call
from demo.hubspot.api.routes import ENDPOINTS, Endpoint, Handler
from demo.hubspot.portal import Portal
from demo.hubspot.records import AccessToken, Source
from demo.hubspot.refusals import Refusal
from demo.messages import Application, Request, Response, json_response
from demo.routing import Router

INTROSPECTION = "/oauth/v2/private-apps/get/access-token-info"
OLD_INTROSPECTION = "/oauth/v1/access-tokens/(?P<token>[^/]+)"
WITHOUT_RATE_HEADERS = (401, 477, 530)


def api(portal: Portal) -> Application:
    router = Router(default=access.unknown_path, refuse=access.method_refused)
    for endpoint in ENDPOINTS:
        for path in endpoint.paths:
            router.add(endpoint.method, f"{path}/?", _guarded(portal, endpoint))
    router.add("POST", INTROSPECTION, _open(portal, account.introspect))
    router.add("GET", OLD_INTROSPECTION, _open(portal, account.old_introspection))

    def answer(request: Request, /) -> Response:
        return access.too_long(request) or router(request)

    return answer


def _guarded(portal: Portal, endpoint: Endpoint) -> Handler:
    def work(request: Request, token: AccessToken, names: dict[str, str]) -> Response:
        access.check_account(portal, request)
        access.admit(portal, token, endpoint.kind)
        family = endpoint.family(**names)
        access.require(portal, token, family=family, requirements=endpoint.needs(**names))
        with portal.written_by(Source(type="INTEGRATION", id=str(token.app_id))):
            return endpoint.handler(Call(portal=portal, request=request, token=token), **names)

    def answer(request: Request, *, version: str, **names: str) -> Response:
        if version not in portal.api_versions:
            return access.unknown_path(request)
        given = {**names, "version": version} if endpoint.versioned else names
        with portal.lock:
            return _finished(portal, lambda: _with_rates(portal, request, endpoint, work, given))

    return answer


def _with_rates(
    portal: Portal,
    request: Request,
    endpoint: Endpoint,
    work: Callable[[Request, AccessToken, dict[str, str]], Response],
    names: dict[str, str],
) -> Response:
    """Every answer to a valid token says how much is left, but those of a search and those of the edge."""
    token = access.authenticate(portal, request)
    try:
        response = work(request, token, names)
    except Refusal as refusal:
        if endpoint.kind != "search" and refusal.status not in WITHOUT_RATE_HEADERS:
            refusal.headers |= _rates(portal, token, endpoint)
        raise
    if endpoint.kind != "search":
        response.headers |= _rates(portal, token, endpoint)
    return response


def _rates(portal: Portal, token: AccessToken, endpoint: Endpoint) -> dict[str, str]:
    return portal.usage.headers(
        app_id=token.app_id, kind=endpoint.kind, at=portal.clock(), zone=portal.zone, limits=portal.limits
    )


def _open(portal: Portal, work: Callable[..., Response]) -> Handler:
    """Without a token of its own."""

    def answer(request: Request, **names: str) -> Response:
        with portal.lock:
            return _finished(portal, lambda: work(portal, request, **names))

    return answer


def _finished(portal: Portal, work: Callable[[], Response]) -> Response:
    correlation = access.correlation_id(portal)
    try:
        response = work()
    except access.MalformedToken:
        return access.refused_at_the_edge()
    except Refusal as refusal:
        body = refusal.body(correlation_id=correlation)
        response = json_response(body, status=refusal.status, headers=refusal.headers)
    response.headers |= access.common_headers(at=portal.clock(), correlation=correlation)
    return response
