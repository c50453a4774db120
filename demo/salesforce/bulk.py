"""Bulk API 2.0, its query half: jobs whose results are fetched as CSV, part by part."""

import base64
import binascii
import csv
import io
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from demo.http_server import Request, Response, Router, json_response
from demo.salesforce.answers import missing, rest_error
from demo.salesforce.ids import numbered_id
from demo.salesforce.org import Org
from demo.salesforce.query import Result
from demo.salesforce.values import moment_text

DELIMITERS = {"COMMA": ",", "SEMICOLON": ";", "TAB": "\t", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
OPERATIONS = ("query", "queryAll")
FINISHED = ("JobComplete", "Aborted", "Failed")
RESULT_LIFE = timedelta(days=7)
UNSUPPORTED = re.compile(r"\bOFFSET\b|\bGROUP\s+BY\b|\(\s*SELECT\b|\bCOUNT\s*\(", re.IGNORECASE)


@dataclass(slots=True, kw_only=True)
class Job:
    id: str
    operation: str
    version: str
    delimiter: str
    line_ending: str
    result: Result
    made_at: datetime
    polls_left: int
    state: str = "UploadComplete"

    def described(self, org: Org) -> dict[str, Any]:
        described: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.result.object_name,
            "createdById": org.admin_id,
            "createdDate": moment_text(self.made_at),
            "systemModstamp": moment_text(self.made_at),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": self.line_ending,
            "columnDelimiter": self.delimiter,
        }
        if self.state == "JobComplete":
            described |= {"jobType": "V2Query", "numberRecordsProcessed": self.result.size, "retries": 0}
        return described


class Bulk:
    def __init__(self, org: Org) -> None:
        self._org = org
        self._jobs: dict[str, Job] = {}

    def add_to(self, router: Router) -> None:
        jobs = r"(?P<data_url>/services/data/v\d+\.0)/jobs/query"
        one = rf"{jobs}/(?P<job_id>\w+)"
        router.add("POST", rf"{jobs}/?", self.create)
        router.add("GET", rf"{one}/?", self.status)
        router.add("GET", rf"{one}/results/?", self.results)
        router.add("PATCH", rf"{one}/?", self.abort)
        router.add("DELETE", rf"{one}/?", self.delete)

    def create(self, request: Request, data_url: str) -> Response:
        try:
            given = request.json()
        except ValueError:
            given = None
        if not isinstance(given, dict) or given.get("operation") not in OPERATIONS:
            return rest_error("INVALIDJOB", "operation has to be query or queryAll")
        delimiter, ending = given.get("columnDelimiter", "COMMA"), given.get("lineEnding", "LF")
        if delimiter not in DELIMITERS or ending not in LINE_ENDINGS:
            return rest_error("INVALIDJOB", "unknown columnDelimiter or lineEnding")
        soql = str(given.get("query", ""))
        if UNSUPPORTED.search(soql):
            return rest_error("API_ERROR", "This query is not supported by the Bulk API")
        result = self._org.query(soql, data_url=data_url, with_deleted=given["operation"] == "queryAll")
        job = Job(
            id=numbered_id(prefix="750", number=self._org.next_number("locator")),
            operation=given["operation"],
            version=data_url.rpartition("v")[2],
            delimiter=delimiter,
            line_ending=ending,
            result=result,
            made_at=self._org.now(),
            polls_left=self._org.bulk_polls,
        )
        self._jobs[job.id] = job
        return json_response(job.described(self._org))

    def status(self, request: Request, data_url: str, job_id: str) -> Response:
        job = self._find(job_id, data_url)
        if isinstance(job, Response):
            return job
        if job.state not in FINISHED:
            job.state = "InProgress" if job.polls_left else "JobComplete"
            job.polls_left = max(0, job.polls_left - 1)
        return json_response(job.described(self._org))

    def results(self, request: Request, data_url: str, job_id: str) -> Response:
        """Rows as found, values as they are by now; `Sforce-Locator` is the text null at the end."""
        job = self._find(job_id, data_url)
        if isinstance(job, Response):
            return job
        if job.state != "JobComplete":
            return rest_error("INVALIDJOBSTATE", f"The job is in the state {job.state}")
        try:
            start = int(base64.b64decode(request.argument("locator"), validate=True) or b"0")
            count = int(request.argument("maxRecords", str(self._org.max_page_size)))
        except (binascii.Error, ValueError):
            return rest_error("INVALID_QUERY_LOCATOR", "invalid query locator")
        rows = self._org.write_rows(job.result, start=start, end=start + count)
        is_last = start + count >= job.result.size
        locator = "null" if is_last else base64.b64encode(str(start + count).encode()).decode()
        return Response(
            body=_csv(rows, job).encode(),
            content_type="text/csv;charset=UTF-8",
            headers={"Sforce-Locator": locator, "Sforce-NumberOfRecords": str(len(rows))},
        )

    def abort(self, request: Request, data_url: str, job_id: str) -> Response:
        job = self._find(job_id, data_url)
        if isinstance(job, Response):
            return job
        if job.state in FINISHED:
            return rest_error("INVALIDJOBSTATE", f"The job is in the state {job.state}")
        job.state = "Aborted"
        return json_response(job.described(self._org))

    def delete(self, request: Request, data_url: str, job_id: str) -> Response:
        job = self._find(job_id, data_url)
        if isinstance(job, Response):
            return job
        del self._jobs[job.id]
        return Response(status=204)

    def _find(self, job_id: str, data_url: str) -> Job | Response:
        """A job is only known to the API version that made it, and its results for a week."""
        job = self._jobs.get(job_id)
        if job is None or self._org.now() - job.made_at >= RESULT_LIFE:
            return missing(Request(method="GET", path=""))
        if job.version != data_url.rpartition("v")[2]:
            message = f"The job was made with API version {job.version}"
            return rest_error("API_VERSION_MISMATCH", message, status=409)
        return job


def _csv(rows: list[str], job: Job) -> str:
    """Numbers as JSON has them, everything in quotes, nothing for null."""
    written = io.StringIO()
    writer = csv.writer(
        written,
        delimiter=DELIMITERS[job.delimiter],
        lineterminator=LINE_ENDINGS[job.line_ending],
        quoting=csv.QUOTE_ALL,
    )
    writer.writerow(".".join(path) for path in job.result.columns)
    for row in rows:
        record = json.loads(row, parse_float=str, parse_int=str)
        writer.writerow(_cell(record, path) for path in job.result.columns)
    return written.getvalue()


def _cell(record: dict[str, Any], path: tuple[str, ...]) -> str:
    value: Any = record
    for name in path:
        value = None if value is None else value[name]
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
