"""Nothing on a page leaves its margins or lies upon anything else."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import combinations
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rounds

from billing.documents.content import Document, Party, Reference
from billing.documents.fonts import fonts
from billing.documents.layout import (
    FOOTER_FROM,
    LEFT,
    RIGHT,
    SMALL,
    TOP,
    Mark,
    Rule,
    Text,
    footer_fits,
    lay_out,
)
from billing.tax import RateTotal
from tests.billing.documents.papers import LINE, documents, lines, paper

HUGE = paper(
    currency="CLF",
    lines=[replace(LINE, amount_minor=-(10**18))],
    net_minor=-(10**18),
    tax_minor=-(10**18),
    total_minor=-(10**18),
)


class Box(NamedTuple):
    left: float
    right: float
    bottom: float
    top: float
    text: str

    def meets(self, other: "Box") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )


def boxes(page: list[Mark]) -> Iterator[Box]:
    """Of each text from its baseline to the height of a capital."""
    for mark in page:
        if isinstance(mark, Text):
            font = fonts().bold if mark.bold else fonts().regular
            width = font.width(mark.text, size=mark.size)
            left = mark.x - width if mark.from_right else mark.x
            yield Box(left, left + width, mark.y, mark.y + 0.72 * mark.size, mark.text)


def assert_well_placed(document: Document) -> None:
    for page in lay_out(document):
        placed = list(boxes(page))
        for box in placed:
            assert box.left >= LEFT - 0.01, box
            assert box.right <= RIGHT + 0.01, box
            assert box.bottom >= FOOTER_FROM - SMALL * 1.35 - 0.01, box
            assert box.top <= TOP, box
        foot = max(place for place, mark in enumerate(page) if isinstance(mark, Rule))
        line = page[foot]
        assert isinstance(line, Rule)
        assert [box for box in boxes(page[:foot]) if box.bottom < line.y] == []
        assert [pair for pair in combinations(placed, 2) if pair[0].meets(pair[1])] == []


@rounds(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=documents)
def test_generated_invoices(document: Document) -> None:
    assert_well_placed(document)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("count", range(40, 62))
def test_sender_with_an_address_of_nearly_a_page(count: int, language: str) -> None:
    """The facts beside the buyer do not run into the footer."""
    seller = Party(name="Fincelo Inc", address="\n".join(["Street"] * count), tax_id="US-2")

    assert_well_placed(paper(seller=seller, po_number="W" * 100, language=language))


@pytest.mark.parametrize("language", ["en", "de"])
def test_largest_amounts_and_widest_dates(language: str) -> None:
    assert_well_placed(replace(HUGE, language=language))


@pytest.mark.parametrize("language", ["en", "de"])
def test_tax_of_the_largest_amounts(language: str) -> None:
    taxes = [RateTotal(rate=rate, net=-(10**18), tax=-(10**18)) for rate in (99_999, 8_875, 0)]

    assert_well_placed(replace(HUGE, language=language, taxes=taxes, prices_include_tax=True))


@pytest.mark.parametrize("count", range(1, 60))
def test_totals_of_many_rates_go_on_to_the_next_page(count: int) -> None:
    taxes = [RateTotal(rate=rate, net=10_000, tax=1_900) for rate in range(1, count + 1)]

    assert_well_placed(paper(taxes=taxes, lines=lines(count % 7 + 1), prices_include_tax=True))


@pytest.mark.parametrize("language", ["en", "de"])
def test_credit_note(language: str) -> None:
    credited = Reference(number="W" * 16, issue_date=date(2026, 11, 22))

    assert_well_placed(paper(credits=credited, number="W" * 16, language=language, due_date=None))


@pytest.mark.parametrize("count", range(1, 60))
def test_each_length_of_a_table(count: int) -> None:
    assert_well_placed(paper(lines=lines(count, description="word " * 12), footer="a\n" * 6))


def test_footer_of_six_lines_fits() -> None:
    assert [footer_fits("a\n" * count) for count in (0, 6, 7)] == [True, True, False]
