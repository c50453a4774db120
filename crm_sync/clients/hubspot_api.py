"""HubSpot's calls, one function each, with the page of HubSpot's documentation that describes it."""

from collections.abc import Mapping, Sequence
from typing import Any

from crm_sync.clients.http import Answer, Transport, is_https_host
from crm_sync.clients.hubspot_errors import error_of
from crm_sync.clients.hubspot_values import Introspection
from crm_sync.errors import ConfigError, TransientError

HUBSPOT_API_VERSION = "2026-09"
FALLBACK_VERSIONS = (HUBSPOT_API_VERSION, "2026-03", "v3")
SEARCH_LIMIT = 200
BATCH_LIMIT = 100
ASSOCIATION_LIMIT = 1000
Body = dict[str, Any]


def is_hubspot_origin(origin: str) -> bool:
    return is_https_host(origin, hosts=("api.hubapi.com",), suffixes=(".hubapi.com",))


class HubSpotApi:
    """HubSpot over HTTP. Knows paths and bodies, and nothing of what they are for."""

    def __init__(
        self, *, transport: Transport, base_url: str, access_token: str, version: str = HUBSPOT_API_VERSION
    ) -> None:
        self.transport = transport
        self.base_url = base_url
        self.access_token = access_token
        self.version = version

    def introspect(self) -> Introspection:
        """https://developers.hubspot.com/docs/apps/legacy-apps/private-apps/overview"""
        body = self.post("/oauth/v2/private-apps/get/access-token-info", body={"tokenKey": self.access_token})
        return Introspection(portal_id=str(body["hubId"]), scopes=frozenset(body.get("scopes") or ()))

    def account(self) -> Body:
        """https://developers.hubspot.com/docs/api-reference/account-account-info-v3/guide"""
        return self.get(self.path("account-info", "details"))

    def pipelines(self) -> list[Body]:
        """https://developers.hubspot.com/docs/api-reference/crm-pipelines-v3/guide"""
        return list(self.get(self.path("crm/pipelines", "deals"))["results"])

    def properties(self, kind: str) -> list[Body]:
        """https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide"""
        return list(self.get(self.path("crm/properties", kind))["results"])

    def owners(self, *, archived: bool) -> list[Body]:
        """https://developers.hubspot.com/docs/api-reference/crm-crm-owners-v3/guide"""
        owners: list[Body] = []
        after = ""
        while True:
            params = {"limit": "100", "archived": str(archived).lower()} | ({"after": after} if after else {})
            body = self.get(self.path("crm/owners", ""), params=params)
            owners += body["results"]
            following = str(((body.get("paging") or {}).get("next") or {}).get("after") or "")
            if not following or following == after:
                return owners
            after = following

    def search_deals(
        self, *, groups: Sequence[Sequence[Body]], properties: Sequence[str], limit: int = SEARCH_LIMIT
    ) -> tuple[Body, Answer]:
        """One page in the order of ids: deals that match all filters of any group.

        https://developers.hubspot.com/docs/api-reference/search/guide
        """
        answer = self.send(
            method="POST",
            path=self.path("crm/objects", "deals/search"),
            body={
                "filterGroups": [{"filters": list(filters)} for filters in groups],
                "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                "properties": list(properties),
                "limit": limit,
            },
        )
        body = answer.json_object()
        if not isinstance(body.get("results"), list) or not isinstance(body.get("total"), int):
            raise answer.unusable("JSON that is no search result")
        return body, answer

    def read_batch(self, *, kind: str, ids: Sequence[str], properties: Sequence[str]) -> dict[str, Body]:
        """Records by id, as the store has them; what is missing is absent. 207 is success with gaps.

        https://developers.hubspot.com/docs/api-reference/crm-objects-v3/guide
        """
        records: dict[str, Body] = {}
        for start in range(0, len(ids), BATCH_LIMIT):
            part = ids[start : start + BATCH_LIMIT]
            body = self.post(
                self.path("crm/objects", f"{kind}/batch/read"),
                params={"archived": "false"},
                body={"properties": list(properties), "inputs": [{"id": one} for one in part]},
            )
            records |= {str(record["id"]): record for record in body["results"]}
        return records

    def company_links(self, *, deal_ids: Sequence[str]) -> tuple[dict[str, Body], list[Body]]:
        """(association result per deal, errors). https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide"""
        links: dict[str, Body] = {}
        errors: list[Body] = []
        for start in range(0, len(deal_ids), ASSOCIATION_LIMIT):
            inputs: list[Body] = [{"id": one} for one in deal_ids[start : start + ASSOCIATION_LIMIT]]
            while inputs:
                body = self.post(self.association_path(), body={"inputs": inputs})
                errors += body.get("errors") or []
                inputs = []
                for result in body["results"]:
                    deal_id = str(result["from"]["id"])
                    known = links.setdefault(deal_id, {"to": []})
                    known["to"] += result.get("to") or []
                    after = ((result.get("paging") or {}).get("next") or {}).get("after")
                    if after:
                        inputs.append({"id": deal_id, "after": after})
        return links, errors

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

    def get(self, path: str, *, params: Mapping[str, str] | None = None) -> Body:
        return self.send(method="GET", path=path, params=params).json_object()

    def post(self, path: str, *, body: Body, params: Mapping[str, str] | None = None) -> Body:
        return self.send(method="POST", path=path, params=params, body=body).json_object()

    def send(
        self, *, method: str, path: str, params: Mapping[str, str] | None = None, body: Body | None = None
    ) -> Answer:
        answer = self.transport.send(
            method=method,
            url=self.base_url + path,
            params=params,
            body=body,
            headers={"Authorization": f"Bearer {self.access_token}", "Accept": "application/json"},
        )
        if answer.is_success:
            return answer
        raise error_of(answer)


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
