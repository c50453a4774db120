import gzip
import socket
import threading
from collections.abc import Iterator

import pytest
import requests

from demo.http_server import (
    Headers,
    Request,
    Response,
    Router,
    Server,
    html_response,
    json_response,
    redirect,
)


def echo(request: Request) -> Response:
    return json_response(
        {
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "form": request.form(),
            "cookies": request.cookies,
            "target": request.target,
        }
    )


def read_number(request: Request, number: str) -> Response:
    return json_response({"number": number})


@pytest.fixture
def server() -> Iterator[Server]:
    router = Router()
    router.add("GET", r"/echo|/two words", echo)
    router.add("POST", r"/echo", echo)
    router.add("GET", r"/numbers/(?P<number>\d+)", read_number)
    router.add("GET", r"/long", lambda request: html_response("<p>" + "é" * 4000))
    router.add("GET", r"/away", lambda request: redirect("/echo?a=1"))
    router.add("GET", r"/bare", lambda request: Response(body=b"bare", content_type=""))
    router.add("GET", r"/same", lambda request: Response(status=304, headers={"ETag": '"1"'}))
    with Server(router) as running:
        yield running


def test_get_gives_decoded_path_query_and_cookies(server: Server) -> None:
    response = requests.get(f"{server.url}/two words?a=1&a=%2B&b=", cookies={"c": "d"}, timeout=5)

    assert response.json() == {
        "method": "GET",
        "path": "/two words",
        "query": {"a": ["1", "+"], "b": [""]},
        "form": {},
        "cookies": {"c": "d"},
        "target": "/two%20words?a=1&a=%2B&b=",
    }


def test_post_gives_the_form(server: Server) -> None:
    response = requests.post(f"{server.url}/echo", data={"name": "Zoë & co", "empty": ""}, timeout=5)

    assert response.json()["form"] == {"name": "Zoë & co", "empty": ""}


def test_named_group_becomes_an_argument(server: Server) -> None:
    assert requests.get(f"{server.url}/numbers/42", timeout=5).json() == {"number": "42"}


def test_unknown_path_and_wrong_method(server: Server) -> None:
    missing = requests.get(f"{server.url}/numbers/x", timeout=5)
    refused = requests.post(f"{server.url}/numbers/1", timeout=5)

    assert (missing.status_code, missing.text) == (404, "No page at /numbers/x")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET")


def test_long_body_is_compressed_only_when_asked(server: Server) -> None:
    plain = requests.get(f"{server.url}/long", headers={"Accept-Encoding": "identity"}, timeout=5)
    packed = requests.get(f"{server.url}/long", headers={"Accept-Encoding": "gzip"}, timeout=5, stream=True)

    raw = packed.raw.read()
    packed.close()
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(raw) == plain.content


def test_head_sends_the_headers_alone(server: Server) -> None:
    response = requests.head(f"{server.url}/long", headers={"Accept-Encoding": "identity"}, timeout=5)

    assert (response.status_code, response.headers["Content-Length"], response.content) == (200, "8003", b"")


def test_not_modified_has_no_body_and_no_length(server: Server) -> None:
    response = requests.get(f"{server.url}/same", timeout=5)

    assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", '"1"')
    assert "Content-Length" not in response.headers


def test_empty_content_type_is_left_out(server: Server) -> None:
    assert "Content-Type" not in requests.get(f"{server.url}/bare", timeout=5).headers


def test_redirect_is_followed(server: Server) -> None:
    assert requests.get(f"{server.url}/away", timeout=5).json()["query"] == {"a": ["1"]}


def test_chunked_body_is_read(server: Server) -> None:
    with requests.Session() as session:
        response = session.post(f"{server.url}/echo", data=iter([b"a=1", b"&b=" + b"x" * 20]), timeout=5)
        again = session.get(f"{server.url}/numbers/1", timeout=5)

    assert response.json()["form"] == {"a": "1", "b": "x" * 20}
    assert again.json() == {"number": "1"}


@pytest.mark.parametrize(
    ("coding", "body"),
    [("chunked", b"x\r\n"), ("chunked", b"\r\n"), ("gzip", b""), ("gzip, chunked", b"0\r\n")],
)
def test_body_in_a_coding_that_cannot_be_read(server: Server, coding: str, body: bytes) -> None:
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        head = f"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {coding}\r\n\r\n"
        connection.sendall(head.encode() + body)
        first = connection.recv(65_536).partition(b"\r\n")[0]

    assert first == b"HTTP/1.1 400 Bad Request"


def test_requests_are_counted_until_reset(server: Server) -> None:
    with requests.Session() as session:
        session.get(f"{server.url}/echo?q=1", timeout=5)
        session.post(f"{server.url}/echo", timeout=5)
    counted = server.requests

    server.reset_requests()

    assert counted == [("GET", "/echo"), ("POST", "/echo")]
    assert server.requests == []


def test_stop_ends_open_connections_and_frees_the_port() -> None:
    server = Server(echo).start()
    with requests.Session() as session:
        session.get(server.url, timeout=5)

        server.stop()

        with pytest.raises(requests.ConnectionError):
            session.get(server.url, timeout=5)
    assert [thread.name for thread in threading.enumerate() if thread.name == f"demo-{server.port}"] == []
    with socket.create_server(("127.0.0.1", server.port)):
        pass


def test_headers_ignore_case_and_keep_the_first() -> None:
    headers = Headers([("Accept", "a"), ("accept", "b")])

    assert (headers["ACCEPT"], headers.get("Missing"), len(headers)) == ("a", None, 1)
