"""Keeps a portal in a file of JSON lines, so that a restart finds it again.

Each line is a part of the portal; a later line takes the place of an earlier one for the same part. A change
so costs one line, whatever the size of the portal. The lines are written together at each start.
"""

import json
import os
import threading
from datetime import datetime
from pathlib import Path
from typing import IO

from demo.hubspot import state_entries
from demo.hubspot.portal import Portal
from demo.hubspot.state_entries import Entry

SAVE_EVERY_SECONDS = 1.0


class StateFile:
    """Saves soon after each change, and once more on `stop`. Readable by the owner only: it holds tokens."""

    def __init__(self, *, path: Path, portal: Portal) -> None:
        self._path = path
        self._portal = portal
        self._writing = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_saving, name="hubspot-state", daemon=True)

    def load(self) -> bool:
        """False when there is no file of this kind yet."""
        if not self._path.exists():
            return False
        entries = self._read()
        with self._portal.lock:
            for (section, key), value in entries.items():
                state_entries.restore(self._portal, section, key, value)
        return bool(entries)

    def rewrite(self) -> None:
        """The whole portal, in place of the old file in one step."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_name(f"{self._path.name}.new")
        with self._writing:
            with self._portal.lock, _open_private(draft, "w") as file:
                state_entries.take_unsaved(self._portal)
                file.writelines(_line(entry) for entry in state_entries.everything(self._portal))
            draft.replace(self._path)

    def save(self) -> None:
        with self._writing:
            with self._portal.lock:
                parts = state_entries.take_unsaved(self._portal)
                lines = [_line(state_entries.entry(self._portal, *part)) for part in sorted(parts)]
            if lines:
                with _open_private(self._path, "a") as file:
                    file.writelines(lines)

    def start(self) -> None:
        self.rewrite()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        self.save()

    def _keep_saving(self) -> None:
        while not self._stopping.wait(SAVE_EVERY_SECONDS):
            self.save()

    def _read(self) -> dict[tuple[str, str], object]:
        """The last value of each part. A line that a crash cut short is the last one, and is left out."""
        entries: dict[tuple[str, str], object] = {}
        with self._path.open() as file:
            for line in file:
                if not line.endswith("]\n"):
                    break
                section, key, value = json.loads(line)
                entries[section, key] = value
        return entries


def _open_private(path: Path, mode: str) -> IO[str]:
    return open(path, mode, opener=lambda name, flags: os.open(name, flags, 0o600))


def _line(entry: Entry) -> str:
    return f"{json.dumps(entry, default=_moment)}\n"


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be stored")
