"""The outside witness: a file beside the database that keeps the highest number given in each series.

A database that is restored from a backup knows nothing of the documents issued since. The file does. It is
only appended to, one JSON object a line, and written to the disk before the number can leave the house. Each
line names the database by its lineage, which a backup carries along, so several databases can share a file.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from billing.values import SeriesKey


class UnreadableWitness(Exception):
    """A line of the file is not what was written. What it kept is unknown."""


def highest(*, path: Path) -> Mapping[str, Mapping[SeriesKey, int]]:
    """By lineage and series: the highest number that was ever given. Empty where there is no file."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return {}
    return _read(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)


def note(*, path: Path, lineage: str, numbers: Mapping[SeriesKey, int]) -> None:
    """Appends the numbers; they are on the disk when this returns. OSError where they cannot be written."""
    lines = "".join(
        json.dumps({"lineage": lineage, "series": str(key), "number": number}) + "\n"
        for key, number in numbers.items()
    )
    is_new = not path.exists()
    handle = _open(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not _ends_a_line(handle):
            lines = f"\n{lines}"  # after a line that a lost machine left half written
        os.write(handle, lines.encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    if is_new:
        _sync_folder(path.parent)


def ensure_writable(*, path: Path) -> None:
    """OSError where no number could be written."""
    os.close(_open(path))


def _open(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)


def _ends_a_line(handle: int) -> bool:
    size = os.fstat(handle).st_size
    return size == 0 or os.pread(handle, 1, size - 1) == b"\n"


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@lru_cache(maxsize=4)
def _read(path: Path, inode: int, size: int, changed_ns: int) -> Mapping[str, Mapping[SeriesKey, int]]:
    """By lineage, read again only when the file has changed."""
    found: dict[str, dict[SeriesKey, int]] = {}
    lines = path.read_bytes().split(b"\n")
    for place, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            entry = json.loads(line)
            key, number = SeriesKey.from_text(entry["series"]), int(entry["number"])
            of_lineage = found.setdefault(str(entry["lineage"]), {})
        except (ValueError, KeyError, TypeError) as error:
            if _is_torn(line):
                continue
            raise UnreadableWitness(
                f"Line {place} of {path.name} cannot be read, so it is unknown which numbers were given. "
                "Take the file from the last backup, or remove that line and say the highest number sent."
            ) from error
        of_lineage[key] = max(number, of_lineage.get(key, 0))
    return found


def _is_torn(line: bytes) -> bool:
    """The beginning of a line, which a machine that stopped left behind: its number never left the house."""
    return line.startswith(b"{") and not line.endswith(b"}")
