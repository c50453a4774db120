"""Keeps an org in a file, so that deals and tokens outlive a restart of the simulator."""

import json
import threading
from pathlib import Path

from demo.salesforce import snapshot
from demo.salesforce.org import Org

SAVE_EVERY_SECONDS = 0.5


class StateFile:
    """Saves shortly after each change, and once more on `stop`."""

    def __init__(self, *, path: Path, org: Org) -> None:
        self._path = path
        self._org = org
        self._saved: tuple[int, int] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_saving, name="salesforce-state", daemon=True)

    def load(self) -> bool:
        """False when there is no file yet."""
        if not self._path.exists():
            return False
        snapshot.restore(self._org, json.loads(self._path.read_text()))
        return True

    def save(self) -> None:
        """The new file replaces the old one in one step, so that a crash leaves one of the two."""
        with self._org.lock:
            changes = (self._org.changes, self._org.grants.changes)
            if changes == self._saved:
                return
            text = json.dumps(snapshot.take(self._org))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_name(f"{self._path.name}.new")
        draft.touch(mode=0o600)
        draft.write_text(text)
        draft.replace(self._path)
        self._saved = changes

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        self.save()

    def _keep_saving(self) -> None:
        while not self._stopping.wait(SAVE_EVERY_SECONDS):
            self.save()
