"""HubSpot's calls, one function each, with the page of HubSpot's documentation that describes it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm_sync.clients.http import BODY_TOO_LARGE, Answer, Transport, is_https_host
from crm_sync.clients.hubspot.calls import INTROSPECTION, Body, HubSpotCalls
from crm_sync.clients.hubspot.errors import UNKNOWN_ADDRESS
from crm_sync.clients.hubspot.values import NO_COMPANY, Introspection, object_id
from crm_sync.clients.reading import is_count, reads_answers_of
from crm_sync.errors import ConfigError, SyncError, TransientError

HUBSPOT_API_VERSION = "2026-09"
FALLBACK_VERSIONS = (HUBSPOT_API_VERSION, "2026-03", "v3")
SEARCH_LIMIT = 200
BATCH_LIMIT = 100
ASSOCIATION_LIMIT = 1000
PAGE_BUDGET = 1000
NOT_FOUND = "OBJECT_NOT_FOUND"
REFUSED = "VALIDATION_ERROR"
"""Of single records, whose ids come with it: asking for them again brings no more."""
NOBODY = ""
UNREADABLE: dict[str, Any] = {"toObjectId": None}
TOO_LARGE_FOR_HUBSPOT = 413
BY_ID = {"propertyName": "hs_object_id", "direction": "ASCENDING"}
NEWEST_FIRST = {"propertyName": "hs_lastmodifieddate", "direction": "DESCENDING"}
reads_answers = reads_answers_of("HubSpot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page of a search. `until`: the place of its last row in the whole result, shown or not."""

    total: int
    results: list[Body]
    answer: Answer
    until: int
    has_more: bool

    @property
    def unseen(self) -> int:
        """How many rows up to `until` are counted and not shown."""
        return min(self.total, self.until) - len(self.results)


@dataclass(slots=True, kw_only=True)
class Batch:
    """Records by id. `gone`: HubSpot says that it has none; `unreadable`: without an id, or refused."""

    records: dict[str, Body] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)


def is_hubspot_origin(origin: str) -> bool:
    return is_https_host(origin, hosts=("api.hubapi.com",), suffixes=(".hubapi.com",))


class HubSpotApi(HubSpotCalls):
    """HubSpot over HTTP. Knows paths and bodies, and nothing of what they are for."""

    def __init__(
        self, *, transport: Transport, base_url: str, access_token: str, version: str = HUBSPOT_API_VERSION
    ) -> None:
        super().__init__(transport=transport, base_url=base_url, access_token=access_token)
        self.version = version

    @reads_answers
    def introspect(self) -> Introspection:
        """https://developers.hubspot.com/docs/apps/legacy-apps/private-apps/overview"""
        answer = self.post(INTROSPECTION, body={"tokenKey": self.access_token})
        body = answer.json_object()
        if not body.get("hubId"):
            raise answer.unusable("JSON that names no portal")
        return Introspection(portal_id=object_id(body["hubId"]), scopes=frozenset(body.get("scopes") or ()))

    def account(self) -> Body:
        """https://developers.hubspot.com/docs/api-reference/account-account-info-v3/guide"""
        return self.get(self.path("account-info", "details")).json_object()

    def pipelines(self) -> list[Body]:
        """https://developers.hubspot.com/docs/api-reference/crm-pipelines-v3/guide"""
        return self.get(self.path("crm/pipelines", "deals")).objects("results")

    def properties(self, kind: str) -> list[Body]:
        """https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide"""
        return self.get(self.path("crm/properties", kind)).objects("results")

    @reads_answers
    def owners(self, *, archived: bool) -> list[Body]:
        """https://developers.hubspot.com/docs/api-reference/crm-crm-owners-v3/guide"""
        owners: list[Body] = []
        params = {"limit": "100", "archived": str(archived).lower()}
        for _ in range(PAGE_BUDGET):
            answer = self.get(self.path("crm/owners", ""), params=params)
            body = answer.json_object()
            owners += answer.objects_in(body, "results")
            after = following_page(body)
            if not after:
                return owners
            params |= {"after": after}
        raise endless("owners")

    @reads_answers
    def search_deals(
        self,
        *,
        groups: Sequence[Sequence[Body]],
        properties: Sequence[str],
        limit: int = SEARCH_LIMIT,
        newest_first: bool = False,
    ) -> Found:
        """One page in the order of ids, or of changes: deals that match all filters of any group.

        A page can be empty and not the last, where the index still holds what is archived: the next one that
        shows something is answered then. https://developers.hubspot.com/docs/api-reference/search/guide
        """
        asked = search_body(groups=groups, properties=properties, limit=limit, newest_first=newest_first)
        until = limit
        for _ in range(PAGE_BUDGET):
            answer = self.post(self.path("crm/objects", "deals/search"), body=asked)
            body = answer.json_object()
            results = answer.objects_in(body, "results")
            if not is_count(body.get("total")):
                raise answer.unusable("JSON that is no search result")
            following = following_page(body)
            if results or not following or following == asked.get("after"):
                return Found(
                    total=body["total"],
                    results=results,
                    answer=answer,
                    until=until,
                    has_more=bool(following),
                )
            asked["after"] = following
            until += limit
        raise endless("deals")

    @reads_answers
    def read_batch(
        self, *, kind: str, ids: Sequence[str], properties: Sequence[str], archived: bool = False
    ) -> Batch:
        """Records by id, as the store has them. 207 is success with gaps: what does not exist is absent.

        A merged record can be absent without a word. https://developers.hubspot.com/docs/api-reference/crm-objects-v3/guide
        """
        batch = Batch()

        def ask(part: Sequence[Body]) -> Answer:
            return self.post(
                self.path("crm/objects", f"{kind}/batch/read"),
                params={"archived": str(archived).lower()},
                body={"properties": list(properties), "inputs": list(part)},
            )

        for part, answer in in_parts([{"id": one} for one in ids], limit=BATCH_LIMIT, ask=ask):
            found = answer.json_object()
            for error in found.get("errors") or ():
                named = {str(one) for one in (error.get("context") or {}).get("ids") or ()}
                if error.get("category") == NOT_FOUND:
                    batch.gone |= named
                elif error.get("category") == REFUSED and named:
                    batch.unreadable |= named
                else:
                    raise incomplete(f"read some {kind}", error=error)
            add_records(batch, answer.objects_in(found, "results"), asked=[str(one["id"]) for one in part])
        return batch

    @reads_answers
    def read_one(self, *, kind: str, record_id: str, properties: Sequence[str]) -> Body | None:
        """A record by its own id or one that was merged into it; None when there is none.

        https://developers.hubspot.com/docs/api-reference/crm-objects-v3/guide
        """
        try:
            answer = self.get(
                self.path("crm/objects", f"{kind}/{record_id}"), params={"properties": ",".join(properties)}
            )
        except SyncError as error:
            if error.status == 404 and error.code != UNKNOWN_ADDRESS:
                return None
            raise
        body = answer.json_object()
        if not body.get("id"):
            raise answer.unusable("JSON that is no record")
        return body

    @reads_answers
    def company_links(self, *, deal_ids: Sequence[str]) -> dict[str, list[Body]]:
        """The links to companies per deal; a deal without any may be absent. A failed look-up is a retry.

        Deals of which the answer says nothing at all are asked for once more: one that has a company then was
        lost. Where an entry does not say whose it is, each of them has the link UNREADABLE.
        https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide
        """
        told = self.told_links(deal_ids)
        silent = [one for one in deal_ids if one not in told]
        again = self.told_links(silent) if silent else {}
        if NOBODY in told and NOBODY in again:
            told |= again | {one: [UNREADABLE] for one in silent if one not in again}
        elif any(again.values()):
            raise short("companies of deals")
        return {key: links for key, links in told.items() if links and key != NOBODY}

    def told_links(self, deal_ids: Sequence[str]) -> dict[str, list[Body]]:
        """The links of each deal that the answers speak of; none for one that is said to have none.

        What does not say whose it is stands under NOBODY.
        """
        links: dict[str, list[Body]] = {}
        inputs: list[Body] = [{"id": one} for one in deal_ids]
        for _ in range(PAGE_BUDGET):
            if not inputs:
                return links
            answers = in_parts(
                inputs,
                limit=ASSOCIATION_LIMIT,
                ask=lambda part: self.post(self.association_path(), body={"inputs": list(part)}),
            )
            inputs = [deal for _, answer in answers for deal in read_links(answer, links=links)]
        raise endless("companies of deals")

    def owner_exists(self, *, owner_id: str) -> bool:
        """Whether an owner is known, active or archived. https://developers.hubspot.com/docs/api-reference/crm-crm-owners-v3/guide"""
        for archived in ("false", "true"):
            try:
                self.get(self.path("crm/owners", owner_id), params={"archived": archived})
            except SyncError as error:
                if error.status not in (400, 404) or error.code == UNKNOWN_ADDRESS:
                    raise
            else:
                return True
        return False

    def association_path(self) -> str:
        if self.version == "v3":
            return "/crm/v4/associations/deals/companies/batch/read"
        return f"/crm/associations/{self.version}/deals/companies/batch/read"

    def path(self, area: str, rest: str) -> str:
        """A dated path, `/crm/objects/2026-09/deals`, or the old form, `/crm/v3/objects/deals`."""
        if self.version != "v3":
            stem = f"/{area}/{self.version}"
        else:
            first, _, second = area.partition("/")
            stem = f"/{first}/v3" + (f"/{second}" if second else "")
        return f"{stem}/{rest}" if rest else stem


def read_links(answer: Answer, *, links: dict[str, list[Body]]) -> list[Body]:
    """Adds one answer to `links`; returns the deals that have further pages."""
    body = answer.json_object()
    for error in body.get("errors") or ():
        ids = [str(one) for one in (error.get("context") or {}).get("fromObjectId") or ()]
        is_none, is_refused = error.get("subCategory") == NO_COMPANY, error.get("category") == REFUSED and ids
        if not is_none and not is_refused:
            raise incomplete("tell the companies of some deals", error=error)
        for deal_id in ids:
            links.setdefault(deal_id, []).extend([] if is_none else [UNREADABLE])
    further: list[Body] = []
    for result in answer.objects_in(body, "results"):
        deal_id = deal_of(result)
        links.setdefault(deal_id, []).extend(result.get("to") or ())
        after = following_page(result)
        if after and deal_id != NOBODY:
            further.append({"id": deal_id, "after": after})
    return further


def deal_of(result: Body) -> str:
    """Whose companies an entry lists; NOBODY where that cannot be read."""
    whose = result.get("from")
    try:
        return object_id(whose.get("id") if isinstance(whose, dict) else None)
    except ValueError:
        return NOBODY


def add_records(batch: Batch, records: Sequence[Body], *, asked: Sequence[str]) -> None:
    """By their ids. A record without one stands for whatever was asked for and is not there."""
    found = {key: record for record in records if (key := id_of(record))}
    batch.records |= found
    if len(found) < len(records):
        batch.unreadable |= set(asked) - found.keys() - batch.gone


def id_of(record: Body) -> str:
    """The record's id, by way of its property where the field itself cannot be read; empty for none."""
    properties = record.get("properties")
    for value in (record.get("id"), properties.get("hs_object_id") if isinstance(properties, dict) else None):
        try:
            return object_id(value)
        except ValueError:
            continue
    return ""


def in_parts(
    inputs: Sequence[Body], *, limit: int, ask: Callable[[Sequence[Body]], Answer]
) -> Iterator[tuple[Sequence[Body], Answer]]:
    """What was asked for and its answer, so many at once as one call may ask for.

    A question or an answer that is too large is halved.
    """
    waiting = [inputs[start : start + limit] for start in range(0, len(inputs), limit)]
    while waiting:
        part = waiting.pop(0)
        try:
            answer = ask(part)
        except SyncError as error:
            if (error.status != TOO_LARGE_FOR_HUBSPOT and error.code != BODY_TOO_LARGE) or len(part) == 1:
                raise
            middle = len(part) // 2
            waiting[:0] = [part[:middle], part[middle:]]
        else:
            yield part, answer


def search_body(
    *,
    groups: Sequence[Sequence[Body]],
    properties: Sequence[str],
    limit: int = SEARCH_LIMIT,
    newest_first: bool = False,
) -> Body:
    order = NEWEST_FIRST if newest_first else BY_ID
    return {
        "filterGroups": [{"filters": list(filters)} for filters in groups],
        "sorts": [dict(order)],
        "properties": list(properties),
        "limit": limit,
    }


def following_page(body: Body) -> str:
    return str(((body.get("paging") or {}).get("next") or {}).get("after") or "")


def incomplete(what: str, *, error: Body) -> TransientError:
    return TransientError(
        f"HubSpot could not {what}.",
        code=str(error.get("category", "")),
    )


def endless(what: str) -> TransientError:
    return TransientError(f"HubSpot's list of {what} has no end.", code="ENDLESS_PAGES")


def short(what: str) -> TransientError:
    """What was announced and what was shown do not agree."""
    return TransientError(
        f"HubSpot announced more {what} than it showed.",
        next_step="Nothing is taken as complete. The next poll reads them again.",
        code="SHORT_ANSWER",
    )


def choose_version(api: HubSpotApi) -> str:
    """The newest API version that this portal is served, found with the pipelines call."""
    for version in FALLBACK_VERSIONS:
        api.version = version
        try:
            api.pipelines()
        except ConfigError as error:
            if error.status != 404:
                raise
        else:
            return version
    raise TransientError(
        "HubSpot serves none of the API versions that Fincelo knows.",
        next_step="Update Fincelo, then connect again.",
        code="NO_VERSION",
    )
