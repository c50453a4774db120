"""Custom fields on documents, written as the document's language does."""

import pytest

from billing.documents.content import CustomFact
from billing.documents.layout import Text, lay_out
from billing.documents.painting import render
from tests.billing.documents.papers import CATALOGUE, PAPER, lines, pages, paper

FACTS = [
    CustomFact(label="Region", type="text", value="North"),
    CustomFact(label="Seats", type="number", value="-1234567.50"),
    CustomFact(label="Renewal", type="date", value="2027-01-31"),
    CustomFact(label="Pilot", type="yes_no", value="Yes"),
]


@pytest.mark.parametrize(
    ("language", "values"),
    [
        ("en", ["North", "-1,234,567.50", "31 Jan 2027", "Yes"]),
        ("de", ["North", "-1.234.567,50", "31.01.2027", "Ja"]),
    ],
)
def test_values_are_written_by_type_and_language(language: str, values: list[str]) -> None:
    [page] = pages(render(paper(language=language, custom_fields=FACTS)))

    start = page.index("Region")
    assert page[start : start + 8] == [
        said for fact, value in zip(FACTS, values, strict=True) for said in (fact.label, value)
    ]


def test_a_document_without_any_is_the_same_bytes_as_before_there_were_any() -> None:
    assert render(paper(custom_fields=[])) == render(PAPER)


def test_long_labels_and_values_go_on_over_pages_and_lose_nothing() -> None:
    words = [f"word{number}" for number in range(2_000)]
    facts = [
        CustomFact(
            label="A label of eighty characters that cannot stand in a single line of it",
            type="text",
            value=" ".join(words),
        ),
        *(CustomFact(label=text[:80], type="text", value=text) for text in CATALOGUE),
    ]

    found = pages(render(paper(custom_fields=facts, lines=lines(3))))

    assert len(found) > 1
    told = " ".join(line for page in found for line in page)
    assert [word for word in words if word not in told] == []
    assert "Line 3" in told


def test_no_line_stands_below_the_end_of_its_page() -> None:
    fact = CustomFact(label="Terms", type="text", value="word " * 4_000)

    sheets = lay_out(paper(custom_fields=[fact], footer=""))

    assert len(sheets) > 3
    assert [mark for sheet in sheets for mark in sheet if isinstance(mark, Text) and mark.y < 20] == []
