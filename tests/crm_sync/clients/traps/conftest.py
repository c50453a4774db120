from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from crm_sync.clients.http import Transport
from crm_sync.connections import credentials
from demo.http_server import Server
from demo.hubspot.app import Intercept, build_app
from demo.hubspot.portal import Portal
from tests.crm_sync.clients.wire import Pauses


class Detour(HTTPAdapter):
    """Leads calls of HubSpot's own hosts to a simulated portal, which sees the host that was meant."""

    def __init__(self, *, url: str, hosts: list[str]) -> None:
        super().__init__()
        self.url = url
        self.hosts = hosts

    def send(self, request: PreparedRequest, *args: object, **options: object) -> Response:
        host = urlsplit(request.url or "").hostname or ""
        self.hosts.append(host)
        request.headers["Host"] = host
        request.url = (request.url or "").replace(f"https://{host}", self.url)
        return super().send(request, *args, **options)  # type: ignore[arg-type]


@pytest.fixture
def asked_hosts(
    hubspot_server: Server, sleepless: Pauses, monkeypatch: pytest.MonkeyPatch, settings
) -> list[str]:
    """The hosts of HubSpot that were called, each by a call that the simulated portal answered."""
    hosts: list[str] = []

    def open_transport(**options: object) -> Transport:
        transport = Transport(**options, pause=sleepless)  # type: ignore[arg-type]
        transport.session.mount("https://", Detour(url=hubspot_server.url, hosts=hosts))
        return transport

    monkeypatch.setattr(credentials, "Transport", open_transport)
    settings.HUBSPOT_API_URL = "https://api.hubapi.com"
    return hosts


@pytest.fixture
def intercept(portal: Portal, settings) -> Iterator[Callable[[Intercept], Server]]:
    """From here on a function sees every request to the portal and may act or answer in between."""
    with ExitStack() as stack:

        def serve(between: Intercept) -> Server:
            server = stack.enter_context(Server(build_app(portal, intercept=between)))
            settings.CRM_TRUSTED_ORIGINS = [*settings.CRM_TRUSTED_ORIGINS, server.url]
            settings.HUBSPOT_API_URL = server.url
            return server

        yield serve
