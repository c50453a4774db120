"""The data half of the REST API: versions, query, describe, limits."""

import re
import time
import zlib
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime

from demo.http_server import Request, Response, Router, json_response
from demo.salesforce.answers import bearer_token, host_url, method_refused, missing, rest_error
from demo.salesforce.bulk import Bulk
from demo.salesforce.composite import Composite
from demo.salesforce.describe import describe, summary
from demo.salesforce.grants import DATA_SCOPES
from demo.salesforce.org import Cursor, Org
from demo.salesforce.refusals import refused
from demo.salesforce.replication import Replication
from demo.salesforce.soql_words import QueryError

FIRST_RETIRED_VERSION = 7
SEASONS = ("Spring", "Summer", "Winter")
SPRING_2026 = 66
SMALLEST_BATCH, LARGEST_BATCH = 200, 2000
LIMIT_INFO = {
    "plain": "api-usage={used}/{limit}",
    "bursts": "api-usage={used}/{limit}; api-bursts=1/750",
    "per_app": "api-usage={used}/{limit}; per-app-api-usage=17/250(appName=sample-connected-app)",
}


class Rest:
    def __init__(self, org: Org) -> None:
        self._org = org
        self._router = Router(default=missing, refuse=method_refused)
        Bulk(org).add_to(self._router)
        replication, composite = Replication(org), Composite(org, route=self._routed)
        data = r"(?P<data_url>/services/data/v\d+\.0)"
        objects = rf"{data}/sobjects/(?P<name>\w+)"
        for pattern, handler in (
            (rf"{data}/?", self.resources),
            (rf"{data}/(?P<resource>query|queryAll)/?", self.query),
            (rf"{data}/(?P<resource>query|queryAll)/(?P<locator>\w+)-(?P<start>\d+)", self.more),
            (rf"{data}/(?:query|queryAll)/(?P<locator>.+)", self.bad_locator),
            (rf"{data}/sobjects/?", self.objects),
            (rf"{objects}/?", self.object),
            (rf"{objects}/describe/?", self.describe),
            (rf"{objects}/(?P<record_id>\w{{15,18}})", self.record),
            (rf"{objects}/updated/?", replication.updated),
            (rf"{objects}/deleted/?", replication.deleted),
            (rf"{data}/limits/?", self.limits),
            (rf"{data}/limits/recordCount/?", self.record_count),
            (rf"{data}/composite/sobjects/(?P<name>\w+)/?", composite.collection),
        ):
            self._router.add("GET", pattern, handler)
        for pattern, handler in (
            (rf"{data}/composite/?", composite.composite),
            (rf"{data}/composite/batch/?", composite.batch),
            (rf"{data}/composite/sobjects/(?P<name>\w+)/?", composite.collection),
        ):
            self._router.add("POST", pattern, handler)

    def versions(self, request: Request) -> Response:
        """Needs no token, counts towards no limit."""
        numbers = range(self._org.oldest_version, self._org.newest_version + 1)
        return json_response(
            [
                {"label": _label(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
                for number in numbers
            ]
        )

    def __call__(self, request: Request, version: str) -> Response:
        """Any call under a version: is the version served, is the session good, then the resource."""
        number = float(version)
        if FIRST_RETIRED_VERSION <= number < self._org.oldest_version:
            return rest_error("GONE", "The requested API version has been retired", status=410)
        if not FIRST_RETIRED_VERSION <= number <= self._org.newest_version:
            return missing(request)
        refusal = self._refusal(request)
        if refusal:
            return self._with_usual_headers(refusal)
        self._org.count_calls(1)
        with self._org.running.one_more():
            return self._with_usual_headers(self._routed(request))

    def _routed(self, request: Request) -> Response:
        try:
            return self._router(request)
        except QueryError as error:
            return rest_error(error.code, error.message)

    def _refusal(self, request: Request) -> Response | None:
        if request.headers.get("Authorization") and not bearer_token(request):
            return rest_error("INVALID_AUTH_HEADER", "INVALID_AUTH_HEADER", status=401)
        access = self._org.grants.authenticate(bearer_token(request))
        if access is None:
            return refused("session_expired")
        if not DATA_SCOPES & set(access.approval.scopes):
            return refused("not_for_rest")
        org = self._org
        if org.refuse_data_with:
            return refused(org.refuse_data_with)
        if org.api_used >= org.api_limit:
            return refused("request_limit")
        if org.running.longer_than(org.long_request_seconds) >= org.long_request_limit:
            return refused("concurrent_requests")
        return None

    def _with_usual_headers(self, response: Response) -> Response:
        response.headers["Set-Cookie"] = "BrowserId=Zm9yLWRlbW8tb25seQ; Path=/; Max-Age=31536000"
        if self._org.limit_info_form:
            response.headers["Sforce-Limit-Info"] = LIMIT_INFO[self._org.limit_info_form].format(
                used=self._org.api_used, limit=self._org.api_limit
            )
        return response

    def resources(self, request: Request, data_url: str) -> Response:
        names = ("composite", "jobs", "limits", "query", "queryAll", "sobjects")
        identity = f"{self._org.identity_host}/id/{self._org.org_id}/{self._org.admin_id}"
        return json_response({name: f"{data_url}/{name}" for name in names} | {"identity": identity})

    def query(self, request: Request, data_url: str, resource: str) -> Response:
        result = self._org.query(
            request.argument("q"), data_url=data_url, with_deleted=resource == "queryAll"
        )
        time.sleep(self._org.query_seconds)
        if result.is_count:
            return json_response({"totalSize": result.size, "done": True, "records": []})
        if self._org.query_timeout_rows is not None and result.size > self._org.query_timeout_rows:
            return refused("query_timeout")
        size = min(_batch_size(request), self._org.max_page_size)
        cursor = self._org.open_cursor(result, page_size=size)
        return self._page(cursor, start=0, query_url=f"{data_url}/{resource}")

    def more(self, request: Request, data_url: str, resource: str, locator: str, start: str) -> Response:
        cursor = self._org.find_cursor(locator)
        if cursor is None or int(start) >= cursor.result.size:
            return self.bad_locator(request, data_url, locator)
        return self._page(cursor, start=int(start), query_url=f"{data_url}/{resource}")

    def bad_locator(self, request: Request, data_url: str, locator: str) -> Response:
        return rest_error("INVALID_QUERY_LOCATOR", "invalid query locator")

    def _page(self, cursor: Cursor, *, start: int, query_url: str) -> Response:
        total = cursor.result.size
        end = start + cursor.page_size
        rows = ",".join(self._org.write_rows(cursor.result, start=start, end=end))
        more = (
            f'"done":false,"nextRecordsUrl":"{query_url}/{cursor.locator}-{end}"'
            if end < total
            else '"done":true'
        )
        return Response(body=f'{{"totalSize":{total},{more},"records":[{rows}]}}'.encode())

    def objects(self, request: Request, data_url: str) -> Response:
        if unchanged := self._unchanged(request, "all"):
            return unchanged
        entities = [self._org.schema.visible(name) for name in self._org.schema.readable_names]
        listed = [summary(entity, data_url=data_url) for entity in entities]
        body = {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed}
        return json_response(body, headers=self._validators("all"))

    def object(self, request: Request, data_url: str, name: str) -> Response:
        entity = self._org.schema.find(name)
        if entity is None:
            return missing(request)
        if unchanged := self._unchanged(request, entity.name):
            return unchanged
        body = {"objectDescribe": summary(entity, data_url=data_url), "recentItems": []}
        return json_response(body, headers=self._validators(entity.name))

    def describe(self, request: Request, data_url: str, name: str) -> Response:
        entity = self._org.schema.find(name)
        if entity is None:
            return missing(request)
        if unchanged := self._unchanged(request, entity.name):
            return unchanged
        instance_url = self._org.instance_url or host_url(request)
        body = describe(entity, data_url=data_url, instance_url=instance_url)
        return json_response(body, headers=self._validators(entity.name))

    def _unchanged(self, request: Request, what: str) -> Response | None:
        """304 for a caller that has seen the metadata since its last change."""
        since = request.headers.get("If-Modified-Since", "")
        if not _is_unchanged_since(self._org.schema_changed_at, since):
            return None
        return Response(status=304, headers=self._validators(what))

    def _validators(self, what: str) -> dict[str, str]:
        changed_at = self._org.schema_changed_at
        return {
            "Last-Modified": format_datetime(changed_at, usegmt=True),
            "ETag": f'"{zlib.crc32(f"{changed_at} {what}".encode()):08x}"',
        }

    def record(self, request: Request, data_url: str, name: str, record_id: str) -> Response:
        """One record, as a query by its id would show it."""
        entity = self._org.schema.find(name)
        if entity is None:
            return missing(request)
        fields = request.argument("fields") or ",".join(each.name for each in entity.fields)
        text = " ".join(["SELECT", fields, "FROM", entity.name, f"WHERE Id = '{record_id}'"])
        rows = self._org.write_rows(
            self._org.query(text, data_url=data_url, with_deleted=False), start=0, end=1
        )
        return Response(body=rows[0].encode()) if rows else missing(request)

    def limits(self, request: Request, data_url: str) -> Response:
        remaining = max(0, self._org.api_limit - self._org.api_used)
        return json_response(
            {
                "DailyApiRequests": {"Max": self._org.api_limit, "Remaining": remaining},
                "DailyBulkV2QueryJobs": {"Max": 10000, "Remaining": 10000},
                "DataStorageMB": {"Max": 1073, "Remaining": 1073},
            }
        )

    def record_count(self, request: Request, data_url: str) -> Response:
        wanted = request.argument("sObjects").split(",")
        counted = [
            {"count": len(self._org.records(name)), "name": name}
            for name in self._org.schema.readable_names
            if name in wanted
        ]
        return json_response({"sObjects": counted})


def _batch_size(request: Request) -> int:
    match = re.search(r"batchSize=(\d+)", request.headers.get("Sforce-Query-Options", ""), re.IGNORECASE)
    return min(max(int(match.group(1)), SMALLEST_BATCH), LARGEST_BATCH) if match else LARGEST_BATCH


def _label(version: int) -> str:
    """Three releases a year; the winter one carries the name of the year to come."""
    years, season = divmod(version - SPRING_2026, len(SEASONS))
    year = 26 + years + (season == SEASONS.index("Winter"))
    return f"{SEASONS[season]} '{year:02}"


def _is_unchanged_since(changed_at: datetime, header: str) -> bool:
    try:
        return changed_at <= parsedate_to_datetime(header)
    except (TypeError, ValueError):
        return False
