"""Every way in which a request can go wrong, by name: the fault of the switch and its parameters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

STATUSES = (400, 406, 420, 500, 503)
OTHER_STATUSES = (403, 404, 408, 410, 414, 423, 431, 477, 502, 504, 521, 530)
BODIES = (
    *(
        "[]",
        "{}",
        "[[]]",
        "[{}]",
        "true",
        "0",
        '""',
        "null null",
        "\ufeff{}",
        '{"error":"x"}',
        '{"errors":[7]}',
    ),
    *(
        '{"records":null,"results":null}',
        '{"records":[null],"results":[null]}',
        '{"records":{},"results":{}}',
    ),
    '{"records":[{}],"results":[{}],"done":true,"totalSize":1,"total":1}',
    '{"records":[],"results":[],"done":true,"totalSize":99999999999,"total":99999999999}',
    '{"records":[],"results":[],"done":false,"totalSize":"1","total":"1"}',
    '{"records":[],"results":[],"done":false,"totalSize":5,"nextRecordsUrl":7,"total":5,"paging":7}',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`is_slow`: the deadlines have to be short for it. `is_big`: so has the limit of a body."""

    behaviour: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    is_slow: bool = False
    is_big: bool = False
    times: int | None = None
    ends_run: bool = False
    """Whether a poll that believed the answer would be wrong to."""
    hides_rows: bool = False
    """An answer that lacks rows and does not show it: the daily sweep finds them."""
    is_everywhere: bool = True
    """Whether it is played at every place; a variant of another kind is played at one."""


def kind(behaviour: str, **parameters: Any) -> Kind:
    return Kind(behaviour=behaviour, parameters=parameters)


def variant(behaviour: str, **parameters: Any) -> Kind:
    return Kind(behaviour=behaviour, parameters=parameters, is_everywhere=False)


def network() -> Iterator[tuple[str, Kind]]:
    for name in (
        *("reset_before_headers", "reset_after_headers", "reset_mid_body", "close_mid_body"),
        *("chunk_cut_off", "last_chunk_missing", "close_after_answer"),
        *("truncated_gzip", "gzip_without_trailer", "gzip_with_wrong_checksum"),
    ):
        yield name, kind(name)
    yield "reset_unheard", kind("reset_before_headers", handled=False)
    yield "reset_in_first_byte", kind("reset_mid_body", after=1)
    yield "late", kind("delay", seconds=0.01)
    yield "silence", Kind(behaviour="silence", parameters={"seconds": 5}, is_slow=True)
    yield (
        "silence_handled",
        Kind(behaviour="silence", parameters={"seconds": 5, "handled": True}, is_slow=True),
    )
    yield (
        "silence_after_headers",
        Kind(behaviour="silence_after_headers", parameters={"seconds": 5}, is_slow=True),
    )
    yield "drip", Kind(behaviour="drip", parameters={"seconds": 0.05, "size": 100}, is_slow=True)
    yield "endless_body", Kind(behaviour="endless_body", is_big=True)
    yield "gzip_bomb", Kind(behaviour="gzip_bomb", parameters={"mebibytes": 3}, is_big=True)


def answers() -> Iterator[tuple[str, Kind]]:
    for name in (
        *(
            "expired_token",
            "revoked_token",
            "html_page",
            "empty_body",
            "no_content",
            "json_null",
            "json_list",
        ),
        *("invalid_json", "nan", "nested_lists", "long_integer", "duplicate_name"),
    ):
        yield name, kind(name)
    for wait in ("", "2", "86400"):
        yield f"429 retry after {wait or 'nothing'}", kind("too_many_requests", retry_after=wait)
    for wait in ("0", "soon", "-5", "1.5", "9" * 30):
        yield f"429 retry after {wait}", variant("too_many_requests", retry_after=wait)
    for seconds in (1, 3600, -3600):
        yield f"429 until {seconds} s", variant("too_many_requests", date_in=seconds)
    for code in STATUSES:
        yield f"status {code}", kind("status", code=code)
    for code in OTHER_STATUSES:
        yield f"status {code}", variant("status", code=code)
    yield "status 503 for an hour", kind("status", code=503, retry_after="3600")
    yield (
        "right body with 500",
        Kind(behaviour="status_with_right_body", parameters={"code": 500}, ends_run=True),
    )
    for code in (204, 302, 401, 503):
        yield f"right body with {code}", variant("status_with_right_body", code=code)
    for to in ("self", "http", "other_host", "metadata"):
        yield f"redirect 302 to {to}", kind("redirected", to=to)
        for code in (301, 307, 308):
            yield f"redirect {code} to {to}", variant("redirected", code=code, to=to)
    for text in BODIES:
        hides_rows = '"results":[]' in text
        yield (
            f"body {text}",
            Kind(behaviour="body", parameters={"text": text}, hides_rows=hides_rows, is_everywhere=False),
        )
    yield "body of HTML type", variant("body", text="{}", type="text/html")
    yield "body of no type", variant("body", text="{}", type="")
    yield "body of status 299", variant("body", text="{}", code=299)


def paging() -> Iterator[tuple[str, Kind]]:
    for name in (*("duplicate_rows", "reversed_rows", "overlapping_rows", "self_link"),):
        yield name, kind(name)
    for name in ("previous_page", "missing_rows", "empty_page"):
        yield name, Kind(behaviour=name, hides_rows=True)
    for to in (
        *("https://crm.evil.example/next", "http://169.254.169.254/latest/meta-data/", "//evil.example/x"),
        *("/services/data/v66.0/query/0r8000000000009AAA-2000", "/services/apexrest/x", "x\r\nHost: evil"),
    ):
        yield f"next link {to}", variant("foreign_link", to=to)
    yield "swapped_pages", Kind(behaviour="swapped_pages", times=2)


KINDS = dict([*network(), *answers(), *paging()])


def refusals(names: Iterator[str]) -> dict[str, Kind]:
    """The CRM's own refusals."""
    return {f"refusal {name}": variant("refusal", name=name) for name in names}
