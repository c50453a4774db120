from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from demo.http_server import Server
from tests.demo.faults.crm import Crm, get


@pytest.mark.parametrize(
    ("parameters", "header"),
    [
        ({}, None),
        ({"retry_after": "2"}, "2"),
        ({"retry_after": "86400"}, "86400"),
        ({"retry_after": "soon"}, "soon"),
    ],
)
def test_too_many_requests(server: Server, parameters: dict[str, Any], header: str | None) -> None:
    server.faults.add("too_many_requests", **parameters)

    response = get(server)

    assert (response.status_code, response.json(), response.headers.get("Retry-After")) == (
        429,
        {"policyName": "DAILY"},
        header,
    )


def test_too_many_requests_until_a_moment(server: Server) -> None:
    server.faults.add("too_many_requests", date_in=90)

    headers = get(server).headers

    until, now = (parsedate_to_datetime(headers[name]) for name in ("Retry-After", "Date"))
    assert timedelta(seconds=89) <= until - now <= timedelta(seconds=91)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (420, "We are setting things up"),
        (500, "Internal Server Error"),
        (502, "Bad Gateway"),
        (503, "Down for maintenance"),
        (504, "Gateway Timeout"),
        (403, "Refused"),
    ],
)
def test_status_with_html(server: Server, crm: Crm, code: int, words: str) -> None:
    server.faults.add("status", code=code)

    response = get(server)

    assert (response.status_code, response.headers["Content-Type"], response.text) == (
        code,
        "text/html;charset=UTF-8",
        f"<html><body><h1>{code}</h1><p>{words}</p></body></html>",
    )
    assert crm.handled == []


def test_status_with_the_right_body(server: Server) -> None:
    right = get(server).content
    server.faults.add("status_with_right_body", code=500)

    response = get(server)

    assert (response.status_code, response.content) == (500, right)


def test_refusal_of_the_crm(server: Server) -> None:
    server.faults.add("refusal", name="locked")

    response = get(server)

    assert (response.status_code, response.json()) == (423, ["locked"])


@pytest.mark.parametrize(
    ("code", "to", "location"),
    [
        (301, "self", "/rows/0?a=b%20c"),
        (302, "http", "http://login.salesforce.com/rows/0?a=b%20c"),
        (307, "other_host", "https://crm.evil.example/rows/0?a=b%20c"),
        (302, "metadata", "http://169.254.169.254/latest/meta-data/"),
        (308, "https://acme.example/x", "https://acme.example/x"),
    ],
)
def test_redirected(server: Server, code: int, to: str, location: str) -> None:
    server.faults.add("redirected", code=code, to=to)

    response = get(server, "/rows/0?a=b%20c")

    assert (response.status_code, response.headers["Location"], response.content) == (code, location, b"")


@pytest.mark.parametrize(("name", "word"), [("expired_token", "expired"), ("revoked_token", "revoked")])
def test_tokens_end_for_good(server: Server, name: str, word: str) -> None:
    server.faults.add(name, nth=2, times=1)

    answers = [(each.status_code, "error" in each.json()) for each in (get(server) for _ in range(3))]

    assert answers == [(200, False), (401, True), (401, True)]
    assert get(server).json() == {"error": word}


@pytest.mark.parametrize(
    ("name", "parameters", "status", "content_type", "text"),
    [
        (
            "html_page",
            {},
            200,
            "text/html;charset=UTF-8",
            "<html><head><title>Login</title></head><body><form>Log in to continue</form></body></html>",
        ),
        ("empty_body", {}, 200, "application/json;charset=UTF-8", ""),
        ("no_content", {}, 204, None, ""),
        ("json_null", {}, 200, "application/json;charset=UTF-8", "null"),
        ("body", {"text": "[]", "code": 207, "type": "text/plain"}, 207, "text/plain", "[]"),
    ],
)
def test_body_that_was_not_asked_for(
    server: Server, name: str, parameters: dict[str, Any], status: int, content_type: str | None, text: str
) -> None:
    server.faults.add(name, **parameters)

    response = get(server)

    assert (response.status_code, response.headers.get("Content-Type"), response.text) == (
        status,
        content_type,
        text,
    )


def test_bodies_made_from_the_right_one(server: Server) -> None:
    right = get(server).text
    bodies = {}
    for name in ("json_list", "invalid_json", "nan", "nested_lists", "long_integer", "duplicate_name"):
        server.faults.add(name)
        bodies[name] = get(server).content.decode(errors="replace")
        server.faults.clear()

    assert bodies == {
        "json_list": f"[{right}]",
        "invalid_json": right.encode()[: len(right.encode()) // 2].decode(errors="replace"),
        "nan": '{"fault":NaN,' + right[1:],
        "nested_lists": '{"fault":' + "[" * 100_000 + "]" * 100_000 + "," + right[1:],
        "long_integer": '{"fault":' + "9" * 5_000 + "," + right[1:],
        "duplicate_name": right[:-1] + ',"rows":null}',
    }
