import re
from typing import Any

import pytest

from demo.faults.behaviours import UnknownFault
from demo.http_server import Server
from tests.demo.faults.crm import Crm, get


@pytest.mark.parametrize(
    ("rule", "struck"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"nth": 3}, [3, 4, 5, 6]),
        ({"nth": 3, "times": 1}, [3]),
        ({"times": 2}, [1, 2]),
        ({"every": 2}, [1, 3, 5]),
        ({"nth": 2, "every": 3, "times": 5}, [2, 5]),
    ],
)
def test_which_requests_a_rule_strikes(server: Server, rule: dict[str, int], struck: list[int]) -> None:
    server.faults.add("no_content", endpoint="^GET /rows", **rule)

    statuses = [get(server).status_code for _ in range(6)]

    assert [number for number, status in enumerate(statuses, 1) if status == 204] == struck


def test_endpoint_is_searched_in_the_decoded_request(server: Server) -> None:
    server.faults.add("no_content", endpoint="^GET /rows/0\\?q=SELECT Id FROM A$")

    statuses = [get(server, f"/rows/0?q=SELECT+Id%20FROM+{name}").status_code for name in ("A", "AB")]

    assert statuses == [204, 200]


def test_oldest_rule_strikes_and_each_counts(server: Server) -> None:
    server.faults.add("status", code=502, times=1)
    server.faults.add("status", code=504, endpoint="/rows/1", nth=2)
    server.faults.add("status", code=500, endpoint="^POST")

    statuses = [get(server, f"/rows/{number}").status_code for number in (1, 1, 0)]

    assert statuses == [502, 504, 200]
    assert [(rule["seen"], rule["struck"]) for rule in server.faults.rules] == [(3, 1), (2, 1), (0, 0)]


def test_removed_rules_strike_no_more(server: Server) -> None:
    first, second = (server.faults.add("status", code=code) for code in (502, 504))

    before = get(server).status_code
    removed = [server.faults.remove(first), server.faults.remove(first)]
    between = get(server).status_code
    server.faults.clear()

    assert (before, removed, between, get(server).status_code) == (502, [True, False], 504, 200)
    assert server.faults.rules == []
    assert second == 2


@pytest.mark.parametrize(
    ("name", "rule", "reason"),
    [
        ("explode", {}, "there is no fault explode"),
        ("status", {"colour": "red"}, "status takes no colour"),
        ("status", {"code": "x"}, "code cannot be x"),
        ("silence", {"handled": "perhaps"}, "handled cannot be perhaps"),
        ("status", {"nth": 0}, "nth, every and times count from 1"),
        ("status", {"times": 0}, "nth, every and times count from 1"),
        (
            "status",
            {"endpoint": "("},
            "the endpoint is no pattern: missing ), unterminated subpattern at position 0",
        ),
        ("refusal", {"name": "x"}, "this CRM has no refusal x; it has locked"),
    ],
)
def test_senseless_rule_is_refused(server: Server, name: str, rule: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnknownFault, match=f"^{re.escape(reason)}$"):
        server.faults.add(name, **rule)
    assert server.faults.rules == []


def test_application_without_a_switch_gets_a_plain_one(crm: Crm) -> None:
    with Server(crm) as server:
        server.faults.add("too_many_requests", times=1)
        statuses = [get(server).status_code for _ in range(2)]

    assert statuses == [429, 200]
