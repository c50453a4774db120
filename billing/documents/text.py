"""Text from anywhere, made fit to be set: cleaned, and broken into lines that fit a width."""

import unicodedata
from collections.abc import Callable, Iterator

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
Measure = Callable[[str], float]


def paragraphs(text: str) -> list[str]:
    """The lines somebody wrote, without blank ones. What cannot be printed shows as a replacement mark."""
    lines = (" ".join(line.split()) for line in unicodedata.normalize("NFC", text).splitlines())
    return ["".join(map(_printable, line)) for line in lines if line]


def wrap(text: str, *, width: float, measure: Measure) -> list[str]:
    """Every letter of the text, in lines no wider than `width`, broken inside a word only if it is wider."""
    return [line for paragraph in paragraphs(text) for line in _fill(paragraph, width, measure)]


def one_line(text: str, *, width: float, measure: Measure) -> str:
    """What fits, and an ellipsis for the rest: for running heads, which repeat what stands elsewhere."""
    line = " ".join(paragraphs(text))
    if measure(line) <= width:
        return line
    return line[: _fitting(line, width - measure("…"), measure)] + "…"


def _fill(paragraph: str, width: float, measure: Measure) -> Iterator[str]:
    line = ""
    for word in paragraph.split(" "):
        longer = f"{line} {word}" if line else word
        if measure(longer) <= width:
            line = longer
            continue
        if line:
            yield line
        while measure(word) > width:
            count = max(1, _fitting(word, width, measure))
            yield word[:count]
            word = word[count:]
        line = word
    if line:
        yield line


def _fitting(text: str, width: float, measure: Measure) -> int:
    """How many characters of the text fit."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low


def _printable(character: str) -> str:
    is_character = ord(character) & 0xFFFE != 0xFFFE
    is_control = unicodedata.category(character) in ("Cc", "Cs")
    return character if is_character and not is_control else REPLACEMENT
