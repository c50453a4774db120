"""Portals in another data centre (the reference's section 1.9)."""

import logging
from typing import NoReturn

import pytest
from requests.adapters import HTTPAdapter

from contracts.models import Contract
from crm_sync.clients.hubspot.api import HubSpotApi
from crm_sync.errors import ConfigError
from crm_sync.models import Connection
from demo.http_server import Response, Server, json_response
from demo.hubspot.portal import Portal
from tests.crm_sync.clients.traps.portal_runs import refuse, seen
from tests.crm_sync.clients.wire import MakeTransport, Script
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell_in_hubspot

WRONG = (
    "HubSpot says that this portal is in another data centre (eu1). "
    "If it continues, make a new access token and paste it in Settings, CRM Integration."
)


class NobodyAnswers(Exception):
    """Instead of a call that leaves this machine."""


class Nobody(HTTPAdapter):
    def send(self, *args: object, **options: object) -> NoReturn:
        raise NobodyAnswers


US, EU = "api.hubapi.com", "api-eu1.hubapi.com"


def test_portal_that_has_moved_is_asked_in_its_data_centre_for_the_rest_of_the_run(
    hubspot: Connection, portal: Portal, asked_hosts: list[str], run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="crm_sync")
    sell_in_hubspot(portal)
    portal.state.other_hublet = "eu1"

    done = run(hubspot)

    assert (seen(done, hubspot), Contract.objects.count()) == (("done", "connected", ""), 1)
    assert asked_hosts == [US, *[EU] * (len(asked_hosts) - 1)]
    assert "HubSpot has the portal in its data centre eu1." in caplog.messages


def test_data_centre_that_denies_it_too_is_asked_once(
    hubspot: Connection, hubspot_server: Server, asked_hosts: list[str], run: Run
) -> None:
    refuse(hubspot_server, "wrong_hublet")

    stopped = run(hubspot)

    assert seen(stopped, hubspot) == ("failed", "degraded", WRONG)
    assert asked_hosts == [US, US, EU], "pipelines, the search, the search again"


@pytest.mark.parametrize(
    "named",
    ["", "eu", "EU1", "eu1.evil.example/", "eu1\n", "eu1@evil.example", "e1", 7, None, ["eu1"], {"eu1": 1}],
    ids=range(11),
)
def test_nothing_is_guessed_of_an_odd_name(make_transport: MakeTransport, named: object) -> None:
    moved = json_response({"message": "m", "correctHublet": named}, status=400)

    assert hosts_asked(make_transport, moved) == ["the usual one"]


def test_data_centre_that_may_not_be_called(make_transport: MakeTransport) -> None:
    moved = json_response({"message": "m", "correctHublet": "eu1"}, status=400)
    with Server(Script(moved)) as server:
        transport = make_transport(is_allowed=lambda origin: origin == server.url)
        api = HubSpotApi(transport=transport, base_url=server.url, access_token="pat-na1-token")
        with pytest.raises(ConfigError) as refusal:
            api.pipelines()

    assert (str(refusal.value), refusal.value.code, transport.calls) == (WRONG, "WRONG_HUBLET", 1)


def test_address_of_the_data_centre(make_transport: MakeTransport) -> None:
    moved = json_response({"message": "m", "correctHublet": "ap1"}, status=400)

    assert hosts_asked(make_transport, moved) == ["the usual one", "https://api-ap1.hubapi.com"]


def hosts_asked(make_transport: MakeTransport, answer: Response) -> list[str]:
    """Which addresses one call goes to. No other data centre answers, so that no call leaves this machine."""
    asked: list[str] = []
    with Server(Script(answer)) as server:

        def note(origin: str) -> bool:
            if origin not in asked:
                asked.append(origin)
            return True

        transport = make_transport(is_allowed=note)
        transport.session.mount("https://", Nobody())
        api = HubSpotApi(transport=transport, base_url=server.url, access_token="pat-na1-token")
        with pytest.raises((ConfigError, NobodyAnswers)):
            api.pipelines()
        return ["the usual one" if origin == server.url else origin for origin in asked]
