import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.documents.text import one_line, paragraphs, wrap


def measure(text: str) -> float:
    return float(len(text))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        (" \n\t\r\n ", []),
        ("one two three", ["one two", "three"]),
        ("one\ntwo", ["one", "two"]),
        ("one\u2028two\x0bthree\x85four", ["one", "two", "three", "four"]),
        ("  one \t two  ", ["one two"]),
        ("unbreakable", ["unbreaka", "ble"]),
        ("at unbreakable word", ["at", "unbreaka", "ble word"]),
        ("12345678", ["12345678"]),
        ("Cafe\u0301", ["Café"]),
        ("a\x07b\x00c", ["a\ufffdb\ufffdc"]),
        ("a\ud800b\uffff", ["a\ufffdb\ufffd"]),
    ],
)
def test_text_is_broken_into_lines(text: str, lines: list[str]) -> None:
    assert wrap(text, width=8, measure=measure) == lines


@given(text=st.text(max_size=200), width=st.integers(1, 30))
def test_no_letter_is_lost_and_no_line_is_too_wide(text: str, width: int) -> None:
    lines = wrap(text, width=width, measure=measure)

    assert "".join("".join(lines).split()) == "".join("".join(paragraphs(text)).split())
    assert all(0 < measure(line) <= width for line in lines)


def test_a_letter_wider_than_the_line_still_stands_there() -> None:
    assert wrap("ab", width=0.5, measure=measure) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "line"),
    [("short", "short"), ("one\ntwo", "one two"), ("much too long", "much to…"), ("12345678", "12345678")],
)
def test_running_head_is_shortened_visibly(text: str, line: str) -> None:
    assert one_line(text, width=8, measure=measure) == line
