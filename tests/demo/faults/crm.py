"""A small CRM to stand behind the switch, and what a caller does with it."""

import socket
from typing import Any

import requests

from demo.faults.provider import Provider
from demo.http_server import Request, Response, Server, json_response


class Crm:
    """Three pages of two rows, under /rows/0, /rows/1 and /rows/2; tokens that can be ended."""

    def __init__(self) -> None:
        self.handled: list[str] = []
        self.ended: list[str] = []

    def __call__(self, request: Request, /) -> Response:
        self.handled.append(f"{request.method} {request.path}")
        if self.ended:
            return json_response({"error": self.ended[-1]}, status=401)
        number = int(request.path[-1])
        following = f',"next":"/rows/{number + 1}"' if number < 2 else ""
        rows = ",".join(f'{{"id":{each},"amount":1.234567850E7}}' for each in (2 * number, 2 * number + 1))
        padding = "é" * 600
        return Response(body=f'{{"rows":[{rows}],"padding":"{padding}"{following}}}'.encode())

    def provider(self) -> Provider:
        return Provider(
            name="HubSpot",
            refusals={"locked": lambda: json_response(["locked"], status=423)},
            too_many_requests=lambda: json_response({"policyName": "DAILY"}, status=429),
            endpoints={"Rows": "^GET /rows"},
            expire_tokens=lambda: self.ended.append("expired"),
            revoke_tokens=lambda: self.ended.append("revoked"),
        )


def get(server: Server, path: str = "/rows/0", **options: Any) -> requests.Response:
    return requests.get(server.url + path, timeout=5, allow_redirects=False, **options)


def ids(response: requests.Response) -> list[int]:
    return [row["id"] for row in response.json()["rows"]]


def raw(server: Server, path: str = "/rows/0", *, takes: str = "identity") -> bytes:
    """All bytes of the answer until the server ends it."""
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {takes}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        parts = []
        while part := connection.recv(65_536):
            parts.append(part)
        return b"".join(parts)
