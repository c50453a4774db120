"""The paths, in the old and the dated spelling of each, and what each call needs."""

from collections.abc import Callable
from dataclasses import dataclass

from demo.http_server import Request, Response, Router, json_response
from demo.hubspot import scopes
from demo.hubspot.api import access, account, associations, objects, owners, schema
from demo.hubspot.api.call import Call, object_type_named
from demo.hubspot.portal import Portal
from demo.hubspot.refusals import Refusal, too_many_searches
from demo.hubspot.scopes import Requirement

V3 = "(?P<version>v3)"
V4 = "(?P<version>v4)"
DATED = r"(?P<version>\d{4}-\d{2}[a-z-]*)"
DATED_2026_03 = "(?P<version>2026-03)"

Handler = Callable[..., Response]
Requirements = Callable[..., list[Requirement]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    method: str
    paths: tuple[str, ...]
    handler: Handler
    needs: Requirements
    is_search: bool = False


def _object_scope(*, object_type: str, **names: str) -> list[Requirement]:
    return [scopes.OBJECTS[object_type_named(object_type)]]


def _both_ends(*, from_type: str, to_type: str, **names: str) -> list[Requirement]:
    return [scopes.OBJECTS[object_type_named(name)] for name in (from_type, to_type)]


def _any_object(**names: str) -> list[Requirement]:
    return [scopes.ANY_OBJECT]


def _owners(**names: str) -> list[Requirement]:
    return [scopes.OWNERS]


def _nothing(**names: str) -> list[Requirement]:
    return []


def _objects(method: str, rest: str, handler: Handler, *, is_search: bool = False) -> Endpoint:
    paths = (f"/crm/{V3}/objects{rest}", f"/crm/objects/{DATED}{rest}")
    return Endpoint(method=method, paths=paths, handler=handler, needs=_object_scope, is_search=is_search)


def _reading(family: str, rest: str, handler: Handler, needs: Requirements) -> Endpoint:
    paths = (f"/crm/{V3}/{family}{rest}", f"/crm/{family}/{DATED}{rest}")
    return Endpoint(method="GET", paths=paths, handler=handler, needs=needs)


def _linked(method: str, rest: str, handler: Handler) -> Endpoint:
    ends = "/(?P<from_type>[^/]+)/(?P<to_type>[^/]+)"
    paths = (f"/crm/{V4}/associations{ends}{rest}", f"/crm/associations/{DATED}{ends}{rest}")
    return Endpoint(method=method, paths=paths, handler=handler, needs=_both_ends)


def _account(rest: str, handler: Handler) -> Endpoint:
    paths = (f"/account-info/{V3}{rest}", f"/account-info/{DATED}{rest}")
    return Endpoint(method="GET", paths=paths, handler=handler, needs=_nothing)


TYPE = "/(?P<object_type>[^/]+)"
ONE_RECORD = "/(?P<from_type>[^/]+)/(?P<object_id>[^/]+)/associations/(?P<to_type>[^/]+)"

ENDPOINTS = (
    _objects("GET", TYPE, objects.list_objects),
    _objects("POST", f"{TYPE}/search", objects.search_objects, is_search=True),
    _objects("POST", f"{TYPE}/batch/read", objects.batch_read),
    _objects("GET", f"{TYPE}/(?P<object_id>[^/]+)", objects.get_object),
    _linked("POST", "/batch/read", associations.read_batch),
    _linked("GET", "/labels", associations.list_labels),
    Endpoint(
        method="GET",
        paths=(f"/crm/{V4}/objects{ONE_RECORD}", f"/crm/objects/{DATED_2026_03}{ONE_RECORD}"),
        handler=associations.read_one,
        needs=_both_ends,
    ),
    _reading("pipelines", TYPE, schema.list_pipelines, _any_object),
    _reading("pipelines", f"{TYPE}/(?P<pipeline_id>[^/]+)", schema.get_pipeline, _any_object),
    _reading("properties", TYPE, schema.list_properties, _any_object),
    _reading("properties", f"{TYPE}/(?P<name>[^/]+)", schema.get_property, _any_object),
    _reading("owners", "", owners.list_owners, _owners),
    _reading("owners", "/(?P<owner_id>[^/]+)", owners.get_owner, _owners),
    _account("/details", account.details),
    _account("/api-usage/daily/private-apps", account.daily_usage),
)
INTROSPECTION = "/oauth/v2/private-apps/get/access-token-info"


def api_router(portal: Portal) -> Router:
    router = Router(default=access.unknown_path, refuse=access.method_refused)
    for endpoint in ENDPOINTS:
        for path in endpoint.paths:
            router.add(endpoint.method, f"{path}/?", _guarded(portal, endpoint))
    router.add("POST", INTROSPECTION, _introspection(portal))
    return router


def _guarded(portal: Portal, endpoint: Endpoint) -> Handler:
    def work(request: Request, **names: str) -> Response:
        token = access.authenticate(portal, request)
        access.require(token, endpoint.needs(**names))
        at = portal.clock()
        portal.usage.count_call(at=at, zone=portal.zone)
        if endpoint.is_search and not portal.usage.admit_search(at=at, limit=portal.search_rate_limit):
            raise too_many_searches()
        return endpoint.handler(Call(portal=portal, request=request), **names)

    def answer(request: Request, *, version: str, **names: str) -> Response:
        if version not in portal.api_versions:
            return access.unknown_path(request)
        with portal.lock:
            response = _finished(portal, request, work, **names)
            if response.status not in (401, 530) and not endpoint.is_search:
                response.headers |= portal.usage.headers(at=portal.clock(), zone=portal.zone)
        return response

    return answer


def _introspection(portal: Portal) -> Handler:
    def work(request: Request) -> Response:
        return account.introspect(Call(portal=portal, request=request))

    def answer(request: Request) -> Response:
        with portal.lock:
            return _finished(portal, request, work)

    return answer


def _finished(portal: Portal, request: Request, work: Handler, **names: str) -> Response:
    correlation = access.correlation_id(portal)
    try:
        response = work(request, **names)
    except access.MalformedToken:
        return access.refused_at_the_edge()
    except Refusal as refusal:
        body = refusal.body(correlation_id=correlation)
        response = json_response(body, status=refusal.status, headers=refusal.headers)
    response.headers |= access.common_headers(at=portal.clock(), correlation=correlation)
    return response
