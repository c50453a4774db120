"""Several reading calls in one: composite, composite/batch, and the collection of records by id."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from demo.http_server import Headers, Request, Response
from demo.salesforce.answers import rest_error
from demo.salesforce.org import Org

SUB_REQUESTS = 25
QUERIES = 5
RECORDS = 200
QUERY = re.compile(r"/(query|queryAll|composite)(/|\?|$)")
REFERENCE = re.compile(r"@\{(\w+)\.([\w.\[\]]+)\}")
STEP = re.compile(r"(\w+)|\[(\d+)\]")
PASSED_ON = ("ETag", "Last-Modified", "Location")


class Composite:
    """`route` answers a single call of an authenticated caller."""

    def __init__(self, org: Org, *, route: Callable[[Request], Response]) -> None:
        self._org = org
        self._route = route

    def composite(self, request: Request, data_url: str) -> Response:
        """One call for the limits, however many parts it has. The outer status is 200 even if parts fail."""
        asked = _parts(request, "compositeRequest")
        if isinstance(asked, Response):
            return asked
        queries = sum(bool(QUERY.search(str(part.get("url", "")))) for part in asked)
        if queries > QUERIES:
            return rest_error("LIMIT_EXCEEDED", f"At most {QUERIES} of the subrequests may be queries")
        answered: dict[str, Response] = {}
        written = []
        for part in asked:
            reference = str(part.get("referenceId", ""))
            answered[reference] = self._part(request, part, answered)
            written.append(_composite_part(answered[reference], reference))
        return _assembled('{"compositeResponse":[', written, "]}")

    def _part(self, request: Request, part: Mapping[str, Any], answered: Mapping[str, Response]) -> Response:
        try:
            url = REFERENCE.sub(lambda match: _referred(match, answered), str(part.get("url", "")))
        except LookupError as error:
            return rest_error("PROCESSING_HALTED", f"Invalid reference specified. No value for {error}")
        return self._route(_sub_request(request, part, url))

    def batch(self, request: Request, data_url: str) -> Response:
        """Each part is a call of its own for the limits. Addresses begin with the version."""
        asked = _parts(request, "batchRequests")
        if isinstance(asked, Response):
            return asked
        self._org.count_calls(len(asked) - 1)
        answered = [
            self._route(_sub_request(request, part, f"/services/data/{part.get('url', '')}"))
            for part in asked
        ]
        failed = any(response.status >= 400 for response in answered)
        parts = [f'{{"statusCode":{each.status},"result":{_text(each)}}}' for each in answered]
        return _assembled(f'{{"hasErrors":{json.dumps(failed)},"results":[', parts, "]}")

    def collection(self, request: Request, data_url: str, name: str) -> Response:
        """Records by id, in the order asked for; null for one that is not there."""
        asked = _read(request) if request.method == "POST" else {}
        ids = asked.get("ids") or list(filter(None, request.argument("ids").split(",")))
        fields = asked.get("fields") or list(filter(None, request.argument("fields").split(",")))
        if not ids or not fields:
            return rest_error("INVALID_INPUT", "ids and fields have to be given")
        if len(ids) > RECORDS:
            return rest_error("INVALID_INPUT", f"The number of ids is above the maximum of {RECORDS}")
        base = f"{data_url}/sobjects/{name}"
        answered = [
            self._route(_sub_request(request, {}, f"{base}/{each}?fields={','.join(fields)}")) for each in ids
        ]
        refused = next((each for each in answered if each.status not in (200, 404)), None)
        if refused:
            return refused
        return _assembled("[", [_text(each) if each.status == 200 else "null" for each in answered], "]")


def _read(request: Request) -> dict[str, Any]:
    try:
        body = request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _parts(request: Request, name: str) -> list[dict[str, Any]] | Response:
    asked = _read(request).get(name)
    if not isinstance(asked, list) or not asked or not all(isinstance(part, dict) for part in asked):
        return rest_error("JSON_PARSER_ERROR", f"Required field is missing: {name}")
    if len(asked) > SUB_REQUESTS:
        return rest_error("LIMIT_EXCEEDED", f"At most {SUB_REQUESTS} subrequests are allowed")
    return asked


def _sub_request(request: Request, part: Mapping[str, Any], url: str) -> Request:
    """Addresses in a body may hold blanks and other characters as they are."""
    parts = urlsplit(url)
    sent = {
        **dict(request.headers),
        **{key.lower(): str(each) for key, each in part.get("httpHeaders", {}).items()},
    }
    return replace(
        request,
        method=str(part.get("method", "GET")).upper(),
        path=unquote(parts.path),
        query=parse_qs(parts.query, keep_blank_values=True),
        headers=Headers(sent),
        body=b"",
        target=url,
    )


def _referred(match: re.Match[str], answered: Mapping[str, Response]) -> str:
    """The value that `@{a.records[0].Id}` stands for."""
    value: Any = json.loads(answered[match[1]].body)
    for name, number in STEP.findall(match[2]):
        value = value[name] if name else value[int(number)]
    return str(value)


def _composite_part(response: Response, reference: str) -> str:
    headers = {name: response.headers[name] for name in PASSED_ON if name in response.headers}
    return (
        f'{{"body":{_text(response)},"httpHeaders":{json.dumps(headers)},'
        f'"httpStatusCode":{response.status},"referenceId":{json.dumps(reference)}}}'
    )


def _text(response: Response) -> str:
    """A body as it is, so that its numbers stay as they were written."""
    return response.body.decode() or "null"


def _assembled(start: str, parts: list[str], end: str) -> Response:
    return Response(body=f"{start}{','.join(parts)}{end}".encode())
