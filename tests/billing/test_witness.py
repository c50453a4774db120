from pathlib import Path

import pytest

from billing.issuing.witness import UnreadableWitness, ensure_writable, highest, note
from billing.values import SeriesKey

KEY = SeriesKey(legal_entity_id=1, kind="invoice", year=2026)
OTHER = SeriesKey(legal_entity_id=1, kind="credit_note", year=2026)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "witness.jsonl"


def test_without_a_file_nothing_is_known(path: Path) -> None:
    assert highest(path=path) == {}


def test_the_highest_number_of_each_series_and_lineage_is_known(path: Path) -> None:
    note(path=path, lineage="a", numbers={KEY: 7, OTHER: 1})
    note(path=path, lineage="a", numbers={KEY: 5})
    note(path=path, lineage="b", numbers={KEY: 2})

    assert highest(path=path) == {"a": {KEY: 7, OTHER: 1}, "b": {KEY: 2}}
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_half_written_line_is_left_behind(path: Path) -> None:
    note(path=path, lineage="a", numbers={KEY: 7})
    with path.open("ab") as file:
        file.write(b'{"lineage": "a", "ser')

    note(path=path, lineage="a", numbers={KEY: 8})

    assert highest(path=path) == {"a": {KEY: 8}}


@pytest.mark.parametrize(
    "line", ["nonsense", '{"lineage": "a"}', "{}", "[]", '{"lineage":"a","series":"x","number":1}']
)
def test_a_changed_line_is_not_read_over(path: Path, line: str) -> None:
    note(path=path, lineage="a", numbers={KEY: 7})
    with path.open("a") as file:
        file.write(f"{line}\n")

    with pytest.raises(UnreadableWitness, match=r"^Line 2 of witness\.jsonl cannot be read"):
        highest(path=path)


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        note(path=tmp_path / "file" / "witness.jsonl", lineage="a", numbers={KEY: 7})
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        ensure_writable(path=tmp_path / "file" / "witness.jsonl")


def test_lines_follow_each_other_also_after_a_torn_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "witness"
    key = SeriesKey(legal_entity_id=1, kind="invoice", year=2026)
    for number in (1, 2):
        note(path=path, lineage="x", numbers={key: number})
    with path.open("ab") as file:
        file.write(b'{"lineage": "x", "ser')

    note(path=path, lineage="x", numbers={key: 3})

    assert highest(path=path) == {"x": {key: 3}}
    assert (path.read_bytes().count(b"\n"), b"\n\n" in path.read_bytes()) == (4, False)
    assert path.parent.stat().st_mode & 0o777 == 0o700
