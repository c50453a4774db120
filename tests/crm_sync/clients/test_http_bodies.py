"""Bodies that are cut, endless, compressed or no JSON: an error with a reason, never a wrong value."""

from decimal import Decimal
from typing import Any

import pytest

from crm_sync.clients.http import BODY_LIMIT, Transport
from crm_sync.errors import SyncError, TransientError
from tests.crm_sync.clients.wire import Pauses, RawServer, answer_of, chunked, gzipped, reply

JSON = b'{"records": [' + b"1," * 500 + b"1]}"
PARSED = {"records": [1] * 501}


def fetch(transport: Transport, reply_bytes: bytes) -> Any:
    with RawServer(reply_bytes) as server:
        return transport.send(method="GET", url=server.url).json_object()


@pytest.mark.parametrize(
    "whole",
    [
        reply(JSON),
        gzipped(JSON),
        chunked(JSON[:10], JSON[10:11], JSON[11:]),
        gzipped(JSON, keep=-8),
        reply(JSON, kind="Application/JSON;charset=UTF-8"),
        reply(b"\xef\xbb\xbf" + JSON),
    ],
    ids=["plain", "gzip", "chunks", "gzip without its trailer", "charset", "byte order mark"],
)
def test_whole_bodies(transport: Transport, whole: bytes) -> None:
    assert fetch(transport, whole) == PARSED


@pytest.mark.parametrize(
    "cut",
    [
        reply(JSON[:200], length=len(JSON)),
        chunked(JSON[:200], ending=b""),
        chunked(JSON, ending=b""),
        chunked(JSON, ending=b"zz\r\n"),
        reply(b"no gzip at all", headers=["Content-Encoding: gzip"]),
        b"",
        b"not HTTP\r\n\r\n",
    ],
    ids=[
        "shorter than announced",
        "a chunk short",
        "no last chunk",
        "bad chunk size",
        "broken gzip",
        "nothing",
        "no HTTP",
    ],
)
def test_a_body_that_breaks_off_is_tried_again(transport: Transport, pauses: Pauses, cut: bytes) -> None:
    with pytest.raises(TransientError) as failure:
        fetch(transport, cut)

    assert (failure.value.code, transport.calls, len(pauses)) == ("UNREACHABLE", 3, 2)


def test_a_gzip_cut_with_an_honest_length_is_no_json(transport: Transport) -> None:
    with pytest.raises(TransientError) as failure:
        fetch(transport, gzipped(JSON * 10, keep=-20))

    assert failure.value.code == "UNUSABLE_ANSWER"


@pytest.mark.parametrize(
    "bomb",
    [gzipped(b" " * (3 * BODY_LIMIT)), reply(b" " * (BODY_LIMIT + 1)), chunked(*[b" " * 2**20] * 21)],
    ids=["gzip bomb", "too long", "too many chunks"],
)
def test_a_body_without_measure_is_cut_and_not_asked_for_again(transport: Transport, bomb: bytes) -> None:
    with pytest.raises(TransientError) as failure:
        fetch(transport, bomb)

    assert str(failure.value) == (
        "127.0.0.1 sent more than 20 MiB in one answer. The next poll tries again with what is stored so far."
    )
    assert (failure.value.code, transport.calls) == ("BODY_TOO_LARGE", 1)


NO_JSON = "crm.example answered 200 with a body that is no valid JSON."
NO_OBJECT = "crm.example answered 200 with a JSON value that is no object."


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", NO_JSON),
        (b"null", NO_JSON),
        (b"<html>", NO_JSON),
        (b'{"amount": NaN}', NO_JSON),
        (b'{"amount": Infinity}', NO_JSON),
        (b'{"amount": -Infinity}', NO_JSON),
        (b'{"amount": 1, "amount": 2}', NO_JSON),
        (b'{"deal": {"id": "1", "id": "2"}}', NO_JSON),
        (b'{"amount": ' + b"9" * 5_000 + b"}", NO_JSON),
        (b"[" * 100_000 + b"]" * 100_000, NO_JSON),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, NO_JSON),
        (b'{"name": "\xff\xfe"}', NO_JSON),
        (b'{"a": 1} {"b": 2}', NO_JSON),
        (b"[]", NO_OBJECT),
        (b'"text"', NO_OBJECT),
        (b"0", NO_OBJECT),
        (b"true", NO_OBJECT),
    ],
    ids=range(17),
)
def test_what_is_no_json_object(body: bytes, sentence: str) -> None:
    with pytest.raises(TransientError) as failure:
        answer_of(body).json_object()

    assert str(failure.value) == (
        f"{sentence} The next poll tries again. If it continues, check that the address is right."
    )
    assert (failure.value.code, failure.value.status) == ("UNUSABLE_ANSWER", 200)


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("text/html;charset=UTF-8", "text/html"), ("", "nothing"), ("text/json", "text/json")],
)
def test_a_page_instead_of_json(transport: Transport, kind: str, shown: str) -> None:
    with pytest.raises(TransientError) as failure:
        fetch(transport, reply(b"{}", kind=kind))

    assert failure.value.sentence == f"127.0.0.1 answered 200 with {shown} instead of JSON."


def test_an_answer_without_content(transport: Transport) -> None:
    with pytest.raises(SyncError) as failure:
        fetch(transport, b"HTTP/1.1 204 No Content\r\n\r\n")

    assert failure.value.sentence == "127.0.0.1 answered 204 with nothing instead of JSON."


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"v": 0.10}', Decimal("0.10")),
        (b'{"v": 1e400}', Decimal("1E+400")),
        (b'{"v": 1E+999999}', Decimal("1E+999999")),
        (b'{"v": -0.0}', Decimal("-0.0")),
        (b'{"v": 1e99999999999999999999}', "1e99999999999999999999"),
        (b'{"v": 0.' + b"1" * 200 + b"}", "0." + "1" * 200),
        (b'{"v": "\\ud800"}', "\ud800"),
        (b'{"v": 12345678901234567890}', 12345678901234567890),
    ],
    ids=range(8),
)
def test_numbers_are_exact_and_one_beyond_measure_spoils_nothing_else(body: bytes, value: object) -> None:
    read = answer_of(body).json_object()["v"]

    assert (type(read), repr(read)) == (type(value), repr(value))


@pytest.mark.parametrize("body", ["{}", '{"records": null}', '{"records": {}}', '{"records": [1]}', "[]"])
def test_a_list_of_objects_is_one(body: str) -> None:
    with pytest.raises(TransientError):
        answer_of(body).objects("records")


def test_the_list_under_a_name() -> None:
    assert answer_of({"records": [{"Id": "1"}], "more": 1}).objects("records") == [{"Id": "1"}]
