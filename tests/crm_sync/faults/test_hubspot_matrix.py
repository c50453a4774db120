"""Every fault at every place of a poll of HubSpot: what is stored stays right, the next runs catch up with all."""

import pytest

from demo.hubspot.faults import switch_for
from demo.hubspot.portal import Portal
from tests.crm_sync.faults.kinds import KINDS, refusals
from tests.crm_sync.faults.matrix import cases, refuse_connections, strike
from tests.crm_sync.faults.oracle import Undisturbed, undisturbed
from tests.crm_sync.faults.worlds import HubSpotWorld

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
ELSEWHERE = "refusal wrong_hublet"
"""Leads to another data centre of HubSpot, off this machine: test_hubspot_hublets.py has one of its own."""
ALL_KINDS = KINDS | refusals(switch_for(Portal()).provider.refusals)
ALL_KINDS.pop(ELSEWHERE)


@pytest.fixture(scope="module")
def quiet(hubspot_world: HubSpotWorld) -> Undisturbed:
    return undisturbed(hubspot_world)


@pytest.mark.parametrize(("name", "place"), cases(ALL_KINDS, HubSpotWorld.positions, usual="middle search"))
def test_hubspot_fault(hubspot_world: HubSpotWorld, quiet: Undisturbed, name: str, place: str) -> None:
    strike(hubspot_world, ALL_KINDS[name], HubSpotWorld.positions[place], quiet)


def test_hubspot_that_refuses_connections(hubspot_world: HubSpotWorld, quiet: Undisturbed) -> None:
    refuse_connections(hubspot_world, quiet=quiet)
