"""A process that dies right after one of the calls that connect Salesforce was answered."""

from typing import Any

import pytest

from crm_sync.clients.http import Transport

NAMED_CALLS = 11


class Killed(BaseException):
    """Ends a process where it stands, as far as a test can."""


@pytest.fixture
def dies_after(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Ends the process right after the nth call was answered."""
    fate = {"call": 0, "made": 0}
    send = Transport.send

    def sends(self: Transport, **request: Any) -> Any:
        answer = send(self, **request)
        fate["made"] += 1
        if fate["made"] == fate["call"]:
            raise Killed
        return answer

    monkeypatch.setattr(Transport, "send", sends)
    return fate
