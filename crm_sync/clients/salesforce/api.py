"""Salesforce's REST API over HTTP: versions, describe, query pages, and one renewal of the session.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from crm_sync.clients.http import Answer, Transport
from crm_sync.clients.reading import is_count
from crm_sync.clients.salesforce.errors import data_error, needs_new_token, refuses_session
from crm_sync.clients.salesforce.values import NEXT_PAGE
from crm_sync.deals import Allowance
from crm_sync.errors import TransientError

API_VERSION = "66.0"
PAGE_SIZE = 2000
SMALLEST_BATCH = 200
SHORT_ANSWER = "SHORT_ANSWER"
EMPTY_PAGES = 10
"""So many more pages than rows a query may have before it counts as endless."""
RENEW_EVERY_SECONDS = 300
API_USAGE = re.compile(r"(?<![\w-])api-usage=(\d{1,12})/(\d{1,12})")
GONE = 410
Record = dict[str, Any]


class SalesforceApi:
    """Paths and answers of one org. `renew` gives (access token, instance address) for a stale token."""

    def __init__(
        self,
        *,
        transport: Transport,
        instance_url: str,
        access_token: str,
        renew: Callable[[str], tuple[str, str]],
        api_version: str = API_VERSION,
    ) -> None:
        self.transport = transport
        self.instance_url = instance_url
        self.access_token = access_token
        self.renew = renew
        self.api_version = api_version
        self.allowance: Allowance | None = None
        self.told_time: datetime | None = None
        self.renewed_at: float | None = None
        self.has_asked_for_versions = False

    @property
    def data_path(self) -> str:
        return f"/services/data/v{self.api_version}"

    def choose_version(self) -> str:
        """The pinned version, or the highest below it; the lowest above it where all those are gone.

        https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_versions.htm
        """
        self.has_asked_for_versions = True
        answer = self.get("/services/data/")
        try:
            offered = sorted((str(entry["version"]) for entry in answer.json_value()), key=float)
        except (KeyError, TypeError, ValueError):
            raise answer.unusable("JSON that is no list of API versions") from None
        usable = [number for number in offered if float(number) <= float(API_VERSION)]
        self.api_version = (usable[-1:] or offered[:1] or [API_VERSION])[0]
        return self.api_version

    def describe(self, entity: str) -> list[Record]:
        """https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm"""
        return self.get_data(f"sobjects/{entity}/describe").objects("fields")

    def query_all(self, soql: str) -> list[Record]:
        return [record for _, body in self.pages(soql) for record in body["records"]]

    def pages(
        self, soql: str, *, resource: str = "query", batch: int = PAGE_SIZE
    ) -> Iterator[tuple[Answer, Record]]:
        """All pages of a query; fewer rows than it announced, each counted once, are an error at its end.

        https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm
        """
        size = max(SMALLEST_BATCH, min(batch, PAGE_SIZE))
        answer = self.get_data(
            f"{resource}/", params={"q": soql}, headers={"Sforce-Query-Options": f"batchSize={size}"}
        )
        visited: set[str] = set()
        known: set[str] = set()
        shown = 0
        while True:
            body = answer.json_object()
            shown += count_new(answer.objects_in(body, "records"), known=known)
            if not isinstance(body.get("done"), bool) or not is_count(body.get("totalSize")):
                raise answer.unusable("JSON that is no query result")
            if body["done"] and shown < body["totalSize"]:
                raise short(announced=body["totalSize"], shown=shown)
            yield answer, body
            if body["done"]:
                return
            path = str(body.get("nextRecordsUrl", ""))
            is_endless = path in visited or len(visited) >= body["totalSize"] + EMPTY_PAGES
            if is_endless or not NEXT_PAGE.fullmatch(path):
                raise TransientError(
                    "Salesforce named a next page that cannot be followed.",
                    next_step="The next poll continues from the last page that was stored.",
                    code="BAD_NEXT_PAGE",
                )
            visited.add(path)
            answer = self.get(path)

    def get_data(
        self,
        rest: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A call below the version's path. A version that Salesforce has retired is replaced, once a run."""
        answer = self.ask(f"{self.data_path}/{rest}", params=params, headers=headers)
        if answer.status == GONE and not self.has_asked_for_versions:
            self.choose_version()
            answer = self.ask(f"{self.data_path}/{rest}", params=params, headers=headers)
        return successful(answer)

    def get(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        return successful(self.ask(path, params=params, headers=headers))

    def ask(
        self, path: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One authorised call. A session that has ended is renewed, and the call repeated once.

        Once a poll: a session that ends again within minutes is left to the next one, because every renewal
        may rotate the refresh token.
        """
        answer = self.send(path=path, params=params, headers=headers)
        if not needs_new_token(answer):
            return answer
        now = self.transport.clock()
        if self.renewed_at is not None and now - self.renewed_at < RENEW_EVERY_SECONDS:
            if not refuses_session(answer):
                return answer
            raise TransientError(
                "Salesforce has ended the session again.",
                next_step="The next poll renews it and continues from the last page that was stored.",
                code="SESSION_ENDED_AGAIN",
                status=answer.status,
            )
        self.access_token, self.instance_url = self.renew(self.access_token)
        self.renewed_at = now
        answer = self.send(path=path, params=params, headers=headers)
        if refuses_session(answer):
            raise TransientError(
                "Salesforce refused a call although it had just renewed the session.",
                code="FRESH_SESSION_REFUSED",
                status=answer.status,
            )
        return answer

    def send(
        self, *, path: str, params: Mapping[str, str] | None, headers: Mapping[str, str] | None
    ) -> Answer:
        answer = self.transport.send(
            method="GET",
            url=self.instance_url + path,
            params=params,
            headers={
                "Authorization": f"Bearer {self.access_token}",
                "Accept": "application/json",
                **(headers or {}),
            },
        )
        self.allowance = allowance_of(answer) or self.allowance
        self.told_time = answer.sent_at or self.told_time
        return answer


def successful(answer: Answer) -> Answer:
    if not answer.is_success:
        raise data_error(answer)
    return answer


def count_new(records: Sequence[Record], *, known: set[str]) -> int:
    """How many rows were not shown before, and adds their ids; rows without an id are all new."""
    new = 0
    for record in records:
        key = record.get("Id")
        if not isinstance(key, str) or key not in known:
            new += 1
        if isinstance(key, str):
            known.add(key)
    return new


def short(*, announced: int, shown: int) -> TransientError:
    """What was announced and what was shown do not agree."""
    return TransientError(
        f"Salesforce announced {announced} records and showed {shown}.",
        next_step="Nothing is taken as complete. The next poll reads them again.",
        code=SHORT_ANSWER,
    )


def allowance_of(answer: Answer) -> Allowance | None:
    """What Salesforce says of the day's calls. It does not say it on every answer.

    https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_api_usage.htm
    """
    found = API_USAGE.search(answer.headers.get("Sforce-Limit-Info", ""))
    return Allowance(used=int(found[1]), limit=int(found[2])) if found else None
