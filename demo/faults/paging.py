"""Faults of paging: pages that come twice, in the wrong order, empty, short, or that lead nowhere good."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from demo.faults.behaviours import behaviour
from demo.faults.exchange import Exchange
from demo.faults.provider import Body
from demo.messages import Response

FRACTION = re.compile(r'"\\u0000([^"]*)"')


@behaviour("The page before this one once more, as it was; the first page is right.")
def previous_page(exchange: Exchange) -> None:
    exchange.memory.last = exchange.memory.last or exchange.answer()
    exchange.send(exchange.memory.last)


@behaviour("Every row of the page twice.")
def duplicate_rows(exchange: Exchange) -> None:
    _send_changed(exchange, lambda rows: [each for row in rows for each in (row, row)])


@behaviour("The rows of the page in the opposite order.")
def reversed_rows(exchange: Exchange) -> None:
    _send_changed(exchange, lambda rows: rows[::-1])


@behaviour("The page without its last rows; its totals are untouched. count: how many are missing.")
def missing_rows(exchange: Exchange, *, count: int = 1) -> None:
    _send_changed(exchange, lambda rows: rows[:-count] if count else rows)


@behaviour("The page begins with the last rows of the page before it. count: how many.")
def overlapping_rows(exchange: Exchange, *, count: int = 1) -> None:
    last, response = exchange.memory.last, exchange.answer()
    page, key = read(response), exchange.provider.paging.rows
    if last and key in page:
        page[key] = read(last)[key][-count:] + page[key]
    exchange.memory.last = response
    exchange.send(_written(response, page))


@behaviour("No rows, and the next link as it is; a last page links to itself.")
def empty_page(exchange: Exchange) -> None:
    response = exchange.answer()
    page, paging = read(response), exchange.provider.paging
    page[paging.rows] = []
    if paging.following(exchange.request, page) is None:
        paging.link_to_itself(exchange.request, page)
    exchange.send(_written(response, page))


@behaviour("The page names itself as the next one.")
def self_link(exchange: Exchange) -> None:
    response = exchange.answer()
    page = read(response)
    exchange.provider.paging.link_to_itself(exchange.request, page)
    exchange.send(_written(response, page))


@behaviour("The page names another address as the next one.")
def foreign_link(exchange: Exchange, *, to: str = "https://crm.evil.example/next") -> None:
    response = exchange.answer()
    page = read(response)
    exchange.provider.paging.link_to(page, to)
    exchange.send(_written(response, page))


@behaviour("Two pages change places, rows only: give it two times, for a page and the one after it.")
def swapped_pages(exchange: Exchange) -> None:
    paging, held = exchange.provider.paging, exchange.memory.rows
    response = exchange.answer()
    page = read(response)
    following = paging.following(exchange.request, page)
    if held:
        page[paging.rows], exchange.memory.rows = held, []
    elif following:
        exchange.memory.rows = page[paging.rows]
        page[paging.rows] = read(exchange.application(following))[paging.rows]
    exchange.send(_written(response, page))


def read(response: Response) -> Body:
    """A page with its fractions as marked text, so that they can be written the way they came."""
    page: Body = json.loads(response.body, parse_float=lambda text: f"\x00{text}")
    return page


def _written(response: Response, page: Body) -> Response:
    text = json.dumps(page, ensure_ascii=False, separators=(",", ":"))
    return replace(response, body=FRACTION.sub(r"\1", text).encode())


def _send_changed(exchange: Exchange, change: Callable[[list[Any]], list[Any]]) -> None:
    response = exchange.answer()
    page, key = read(response), exchange.provider.paging.rows
    if key in page:
        page[key] = change(page[key])
    exchange.send(_written(response, page))
