"""Every fault at every place of a poll of Salesforce: what is stored stays right, the next runs catch up with all."""

import pytest

from demo.salesforce.faults import switch_for
from demo.salesforce.org import Org
from tests.crm_sync.faults.kinds import KINDS, refusals
from tests.crm_sync.faults.matrix import cases, refuse_connections, strike
from tests.crm_sync.faults.oracle import Undisturbed, undisturbed
from tests.crm_sync.faults.worlds import SalesforceWorld

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
ALL_KINDS = KINDS | refusals(switch_for(Org()).provider.refusals)


@pytest.fixture(scope="module")
def quiet(salesforce_world: SalesforceWorld) -> Undisturbed:
    return undisturbed(salesforce_world)


@pytest.mark.parametrize(("name", "place"), cases(ALL_KINDS, SalesforceWorld.positions, usual="middle page"))
def test_salesforce_fault(
    salesforce_world: SalesforceWorld, quiet: Undisturbed, name: str, place: str
) -> None:
    strike(salesforce_world, ALL_KINDS[name], SalesforceWorld.positions[place], quiet)


def test_salesforce_that_refuses_connections(salesforce_world: SalesforceWorld, quiet: Undisturbed) -> None:
    refuse_connections(salesforce_world, quiet=quiet)
