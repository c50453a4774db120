from typing import Any

import pytest

from demo.http_server import Server
from tests.demo.faults.crm import get, ids


def walk(server: Server, *, limit: int = 6) -> list[list[int]]:
    """The rows of each page, following the links, through no more than so many pages."""
    address, pages = "/rows/0", list[list[int]]()
    while address and len(pages) < limit:
        answer = get(server, address)
        pages.append(ids(answer))
        address = answer.json().get("next", "")
    return pages


@pytest.mark.parametrize(
    ("name", "rule", "pages"),
    [
        ("previous_page", {"endpoint": "/rows/", "nth": 2, "times": 1}, [[0, 1], [0, 1], [2, 3], [4, 5]]),
        ("previous_page", {"endpoint": "/rows/"}, [[0, 1]] * 6),
        ("duplicate_rows", {"endpoint": "/rows/1"}, [[0, 1], [2, 2, 3, 3], [4, 5]]),
        ("reversed_rows", {"endpoint": "/rows/"}, [[1, 0], [3, 2], [5, 4]]),
        ("missing_rows", {"endpoint": "/rows/1"}, [[0, 1], [2], [4, 5]]),
        ("missing_rows", {"endpoint": "/rows/1", "count": 2}, [[0, 1], [], [4, 5]]),
        ("overlapping_rows", {"endpoint": "/rows/", "nth": 2}, [[0, 1], [1, 2, 3], [3, 4, 5]]),
        ("empty_page", {"endpoint": "/rows/1"}, [[0, 1], [], [4, 5]]),
        ("empty_page", {"endpoint": "/rows/2"}, [[0, 1], [2, 3], [], [], [], []]),
        ("self_link", {"endpoint": "/rows/1"}, [[0, 1], [2, 3], [2, 3], [2, 3], [2, 3], [2, 3]]),
        ("swapped_pages", {"endpoint": "/rows/", "nth": 2, "times": 2}, [[0, 1], [4, 5], [2, 3]]),
    ],
)
def test_paging(server: Server, name: str, rule: dict[str, Any], pages: list[list[int]]) -> None:
    server.faults.add(name, **rule)

    assert walk(server) == pages


def test_changed_page_keeps_everything_else_to_the_byte(server: Server) -> None:
    right = get(server).text
    server.faults.add("foreign_link", to="https://crm.evil.example/next")

    assert get(server).text == right.replace('"/rows/1"', '"https://crm.evil.example/next"')
