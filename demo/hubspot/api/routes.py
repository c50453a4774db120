"""The paths, in the old and the dated spelling of each, and what each call needs."""

from collections.abc import Callable
from dataclasses import dataclass

from demo.hubspot import scopes
from demo.hubspot.api import (
    account,
    association_writes,
    associations,
    objects,
    other_apis,
    owners,
    pipeline_writes,
    schema,
    writes,
)
from demo.hubspot.api.call import object_type_named
from demo.hubspot.scopes import Requirement
from demo.hubspot.usage import Kind
from demo.messages import Response

V3 = "(?P<version>v3)"
V4 = "(?P<version>v4)"
DATED = r"(?P<version>\d{4}-\d{2}[a-z-]*)"
DATED_2026_03 = "(?P<version>2026-03)"

Handler = Callable[..., Response]
Requirements = Callable[..., list[Requirement]]
Family = Callable[..., str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`family` is the group of calls by which a token may be kept away from it; `versioned` handlers want to
    know under which version they were called."""

    method: str
    paths: tuple[str, ...]
    handler: Handler
    needs: Requirements
    family: Family
    kind: Kind = "general"
    versioned: bool = False


def _family(name: str) -> Family:
    return lambda **names: name


def _needing(*requirements: Requirement) -> Requirements:
    return lambda **names: list(requirements)


def _object_family(*, object_type: str, **names: str) -> str:
    return object_type_named(object_type)


def _object_read(*, object_type: str, **names: str) -> list[Requirement]:
    return [scopes.OBJECTS[object_type_named(object_type)]]


def _object_write(*, object_type: str, **names: str) -> list[Requirement]:
    return [scopes.OBJECT_WRITES[object_type_named(object_type)]]


def _both_ends(*, from_type: str, to_type: str, **names: str) -> list[Requirement]:
    return [scopes.OBJECTS[object_type_named(name)] for name in (from_type, to_type)]


def _both_ends_write(*, from_type: str, to_type: str, **names: str) -> list[Requirement]:
    return [scopes.OBJECT_WRITES[object_type_named(name)] for name in (from_type, to_type)]


def _objects(
    method: str, rest: str, handler: Handler, *, needs: Requirements = _object_read, kind: Kind = "general"
) -> Endpoint:
    paths = (f"/crm/{V3}/objects{rest}", f"/crm/objects/{DATED}{rest}")
    return Endpoint(
        method=method, paths=paths, handler=handler, needs=needs, family=_object_family, kind=kind
    )


def _writing(method: str, rest: str, handler: Handler) -> Endpoint:
    return _objects(method, rest, handler, needs=_object_write)


def _crm(
    family: str,
    rest: str,
    handler: Handler,
    requirement: Requirement,
    *,
    method: str = "GET",
    versioned: bool = False,
) -> Endpoint:
    return Endpoint(
        method=method,
        paths=(f"/crm/{V3}/{family}{rest}", f"/crm/{family}/{DATED}{rest}"),
        handler=handler,
        needs=_needing(requirement),
        family=_family(family),
        versioned=versioned,
    )


def _linked(method: str, rest: str, handler: Handler, *, needs: Requirements = _both_ends) -> Endpoint:
    ends = "/(?P<from_type>[^/]+)/(?P<to_type>[^/]+)"
    return _association_calls(
        method,
        f"/crm/{V4}/associations{ends}{rest}",
        f"/crm/associations/{DATED}{ends}{rest}",
        handler,
        needs,
    )


def _of_record(method: str, rest: str, handler: Handler, *, needs: Requirements = _both_ends) -> Endpoint:
    return _association_calls(
        method, f"/crm/{V4}/objects{rest}", f"/crm/objects/{DATED_2026_03}{rest}", handler, needs
    )


def _association_calls(method: str, old: str, dated: str, handler: Handler, needs: Requirements) -> Endpoint:
    return Endpoint(
        method=method,
        paths=(old, dated),
        handler=handler,
        needs=needs,
        family=_family("associations"),
        kind="associations",
    )


def _account(rest: str, handler: Handler) -> Endpoint:
    return Endpoint(
        method="GET",
        paths=(f"/account-info/{V3}{rest}", f"/account-info/{DATED}{rest}"),
        handler=handler,
        needs=_needing(),
        family=_family("account"),
    )


def _elsewhere(family: str, paths: tuple[str, ...], requirement: Requirement) -> Endpoint:
    return Endpoint(
        method="GET",
        paths=paths,
        handler=other_apis.empty_list,
        needs=_needing(requirement),
        family=_family(family),
    )


TYPE = "/(?P<object_type>[^/]+)"
RECORD = f"{TYPE}/(?P<object_id>[^/]+)"
PIPELINE = f"{TYPE}/(?P<pipeline_id>[^/]+)"
STAGE = f"{PIPELINE}/stages/(?P<stage_id>[^/]+)"
FROM_RECORD = "/(?P<from_type>[^/]+)/(?P<object_id>[^/]+)/associations"
TO_TYPE = f"{FROM_RECORD}/(?P<to_type>[^/]+)"
TO_RECORD = f"{TO_TYPE}/(?P<to_id>[^/]+)"
TO_RECORD_BY_DEFAULT = f"{FROM_RECORD}/default/(?P<to_type>[^/]+)/(?P<to_id>[^/]+)"

ENDPOINTS = (
    _elsewhere("contracts", (f"/crm/objects/{DATED}/contracts",), scopes.CONTRACTS),
    _objects("GET", TYPE, objects.list_objects),
    _objects("POST", f"{TYPE}/search", objects.search_objects, kind="search"),
    _objects("POST", f"{TYPE}/batch/read", objects.batch_read),
    _objects("GET", RECORD, objects.get_object),
    _writing("POST", TYPE, writes.create_object),
    _writing("PATCH", RECORD, writes.update_object),
    _writing("DELETE", RECORD, writes.archive_object),
    _writing("POST", f"{TYPE}/batch/create", writes.create_batch),
    _writing("POST", f"{TYPE}/batch/update", writes.update_batch),
    _writing("POST", f"{TYPE}/batch/archive", writes.archive_batch),
    _writing("POST", f"{TYPE}/merge", writes.merge_objects),
    _writing("POST", f"{TYPE}/gdpr-delete", writes.delete_for_good),
    _linked("POST", "/batch/read", associations.read_batch),
    _linked("GET", "/labels", associations.list_labels),
    _linked("POST", "/batch/create", association_writes.create_batch, needs=_both_ends_write),
    _linked(
        "POST", "/batch/associate/default", association_writes.create_default_batch, needs=_both_ends_write
    ),
    _linked("POST", "/batch/archive", association_writes.archive_batch, needs=_both_ends_write),
    _of_record("GET", TO_TYPE, associations.read_one),
    _of_record("PUT", TO_RECORD_BY_DEFAULT, association_writes.link_default, needs=_both_ends_write),
    _of_record("PUT", TO_RECORD, association_writes.link_one, needs=_both_ends_write),
    _of_record("DELETE", TO_RECORD, association_writes.unlink_one, needs=_both_ends_write),
    _crm("pipelines", TYPE, schema.list_pipelines, scopes.ANY_OBJECT),
    _crm("pipelines", PIPELINE, schema.get_pipeline, scopes.ANY_OBJECT),
    _crm("pipelines", f"{PIPELINE}/audit", schema.audit_pipeline, scopes.ANY_OBJECT),
    _crm("pipelines", f"{PIPELINE}/stages", schema.list_stages, scopes.ANY_OBJECT),
    _crm("pipelines", STAGE, schema.get_stage, scopes.ANY_OBJECT),
    _crm("pipelines", f"{STAGE}/audit", schema.audit_stage, scopes.ANY_OBJECT),
    _crm(
        "pipelines",
        f"{PIPELINE}/stages",
        pipeline_writes.create_stage,
        scopes.SCHEMA_WRITE,
        method="POST",
    ),
    _crm("pipelines", STAGE, pipeline_writes.update_stage, scopes.SCHEMA_WRITE, method="PATCH"),
    _crm(
        "pipelines",
        STAGE,
        pipeline_writes.delete_stage,
        scopes.SCHEMA_WRITE,
        method="DELETE",
        versioned=True,
    ),
    _crm("properties", TYPE, schema.list_properties, scopes.ANY_OBJECT),
    _crm("properties", f"{TYPE}/(?P<name>[^/]+)", schema.get_property, scopes.ANY_OBJECT),
    _crm("owners", "", owners.list_owners, scopes.OWNERS),
    _crm("owners", "/(?P<owner_id>[^/]+)", owners.get_owner, scopes.OWNERS),
    _account("/details", account.details),
    _account("/api-usage/daily/private-apps", account.daily_usage),
    _crm("schemas", "", other_apis.empty_list, scopes.CUSTOM_SCHEMAS),
    _elsewhere("users", (f"/settings/{V3}/users", f"/settings/users/{DATED}"), scopes.USERS),
    _elsewhere(
        "currencies",
        (f"/settings/{V3}/currencies/exchange-rates", f"/settings/currencies/{DATED}/exchange-rates"),
        scopes.CURRENCIES,
    ),
)
