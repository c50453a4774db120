import pytest


@pytest.fixture(autouse=True)
def limit_of_one_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """One person may credit and make void as much as a test needs, unless it sets a limit."""
    monkeypatch.setattr("billing.policy.CREDIT_LIMIT", 1_000_000_000)
