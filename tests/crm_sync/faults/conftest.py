"""The two worlds in which faults are played, each built once for a module."""

from collections.abc import Iterator

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.crm_sync.faults.canaries import every_word
from tests.crm_sync.faults.worlds import HubSpotWorld, SalesforceWorld, Watch, prepared


@pytest.fixture(scope="module")
def salesforce_world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[SalesforceWorld]:
    with django_db_blocker.unblock(), every_word() as words:
        world = SalesforceWorld(watch=Watch(words=words))
        with prepared(world):
            yield world


@pytest.fixture(scope="module")
def hubspot_world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[HubSpotWorld]:
    with django_db_blocker.unblock(), every_word() as words:
        world = HubSpotWorld(watch=Watch(words=words))
        with prepared(world):
            yield world
