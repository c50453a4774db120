import html
import re

import pytest
import requests

from demo.faults.behaviours import BEHAVIOURS
from demo.http_server import Server
from tests.demo.faults.crm import get


def test_rules_by_json(server: Server) -> None:
    address = f"{server.url}/demo/faults"
    rules = [
        {"behaviour": "status", "endpoint": "/rows/", "nth": 2, "times": 1, "parameters": {"code": 503}},
        {"behaviour": "nan", "every": 3},
    ]

    added = requests.post(address, json=rules, timeout=5)
    one = requests.post(address, json={"behaviour": "drip"}, timeout=5).json()
    removed = requests.delete(f"{address}/3", timeout=5)
    missing = requests.delete(f"{address}/3", timeout=5)
    cleared = requests.delete(address, timeout=5).json()

    common = {"endpoint": "", "nth": 1, "every": 1, "times": None, "parameters": {}, "seen": 0, "struck": 0}
    expected = [{**common, "id": 1, **rules[0]}, {**common, "id": 2, **rules[1]}]
    assert (added.status_code, added.json()["rules"]) == (201, expected)
    assert one["rules"] == [*expected, {**common, "id": 3, "behaviour": "drip"}]
    assert (removed.status_code, removed.json()["rules"]) == (200, expected)
    assert (missing.status_code, missing.json()) == (404, {"error": "there is no such rule"})
    assert cleared["rules"] == []


def test_behaviours_by_json(server: Server) -> None:
    body = requests.get(f"{server.url}/demo/faults", timeout=5).json()

    assert body["behaviours"]["drip"] == {
        "about": "The right answer, a few bytes at a time. seconds: pause after each portion; size: bytes of one.",
        "parameters": {"seconds": 0.2, "size": 1},
    }
    assert list(body["behaviours"]) == list(BEHAVIOURS)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b"[1]", "a rule is an object with the name of its behaviour"),
        (b"{}", "a rule is an object with the name of its behaviour"),
        (b'[{"behaviour":"nan"},{"behaviour":"no"}]', "there is no fault no"),
        (b'{"behaviour":"nan","nth":"x"}', "nth cannot be x"),
        (
            b'{"behaviour":"status","parameters":{"nth":1}}',
            "parameters is an object with the parameters of the behaviour",
        ),
        (
            b'{"behaviour":"status","parameters":[1]}',
            "parameters is an object with the parameters of the behaviour",
        ),
    ],
)
def test_bad_json_adds_nothing(server: Server, body: bytes, error: str) -> None:
    response = requests.post(f"{server.url}/demo/faults", data=body, timeout=5)

    assert (response.status_code, response.json()) == (400, {"error": error})
    assert server.faults.rules == []


def test_switch_cannot_be_struck(server: Server) -> None:
    server.faults.add("no_content")

    statuses = [get(server, path).status_code for path in ("/faults", "/demo/faults", "/faults/x", "/rows/0")]

    assert statuses == [200, 200, 200, 204]


def test_page_adds_and_removes(server: Server) -> None:
    form = {"behaviour": "status", "endpoint": "<rows>", "nth": "2", "every": "3", "times": "4"}
    added = requests.post(
        f"{server.url}/faults",
        data={**form, "parameters": "code=502 retry_after='in a while'"},
        timeout=5,
        allow_redirects=False,
    )
    text = get(server, "/faults").text
    rules = server.faults.rules
    requests.post(f"{server.url}/faults/1/remove", timeout=5)
    after_removal = server.faults.rules
    server.faults.add("nan")
    requests.post(f"{server.url}/faults/clear", timeout=5)

    assert (added.status_code, added.headers["Location"]) == (303, "/faults")
    assert rules == [
        {
            "id": 1,
            "behaviour": "status",
            "endpoint": "<rows>",
            "nth": 2,
            "every": 3,
            "times": 4,
            "parameters": {"code": 502, "retry_after": "in a while"},
            "seen": 0,
            "struck": 0,
        }
    ]
    assert '<td data-label="Requests">&lt;rows&gt;</td>' in text
    assert "every 3. from request 2 on, 4 times" in text
    assert (after_removal, server.faults.rules) == ([], [])


@pytest.mark.parametrize(
    ("form", "refusal"),
    [
        ({"behaviour": "explode"}, "Not added: there is no fault explode."),
        (
            {"behaviour": "nan", "parameters": "'"},
            "Not added: the parameters cannot be read: No closing quotation.",
        ),
    ],
)
def test_page_refuses_and_keeps_what_was_typed(server: Server, form: dict[str, str], refusal: str) -> None:
    response = requests.post(f"{server.url}/faults", data={**form, "endpoint": "/typed"}, timeout=5)

    assert response.status_code == 400
    assert html.escape(refusal) in response.text
    assert 'name="endpoint" value="/typed"' in response.text


def test_page_has_no_scripts_and_names_every_fault(server: Server) -> None:
    text = get(server, "/faults").text

    assert "<script" not in text
    assert re.findall(r'data-label="Fault">(?:<span>)?<code>(\w+)</code></td>', text) == list(BEHAVIOURS)
    assert '<option value="^GET /rows" >Rows</option>' in text
