import pytest
from django.contrib.auth.models import User

from tests.billing.people import person


@pytest.fixture(autouse=True)
def limit_of_one_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """One person may credit and make void as much as a test needs, unless it sets a limit."""
    monkeypatch.setattr("billing.issuing.policy.CREDIT_LIMIT", 1_000_000_000)


@pytest.fixture
def approver() -> User:
    return person("ann", group="Approver")


@pytest.fixture
def clerk() -> User:
    return person("finn", group="Finance")
