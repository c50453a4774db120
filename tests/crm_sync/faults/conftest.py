"""The two worlds in which faults are played, each built once for a module."""

from collections.abc import Iterator

import pytest
from pytest_django.plugin import DjangoDbBlocker

pytest.register_assert_rewrite("tests.crm_sync.faults.oracle", "tests.crm_sync.faults.matrix")

from tests.crm_sync.faults.canaries import every_word  # noqa: E402  rewritten first
from tests.crm_sync.faults.worlds import HubSpotWorld, SalesforceWorld, Watch, prepared  # noqa: E402


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
