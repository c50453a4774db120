"""Starts the lanes of the worker and keeps them running until it is told to stop."""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

LOOK_SECONDS = 0.2
FROZEN_LOOK_SECONDS = 30.0
SETTLED_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
STOP_SECONDS = 240.0
"""A task may take so long; whoever stops the supervisor waits a little longer."""
log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Running:
    """One lane: its parent process while it runs, and when it is started again while it does not."""

    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    pause: float = FIRST_PAUSE_SECONDS


class LaneSupervisor:
    """Runs `command` once for each lane, in a session of its own, with the lane's queue in Q_CLUSTER_NAME.

    A lane that ends is started again whatever its exit code: half a second later, and twice as long after
    each end within a minute, 30 seconds at most. `frozen` names the queues of lanes that live and do nothing.
    """

    def __init__(
        self,
        *,
        command: Sequence[str],
        queues: Collection[str],
        environment: Mapping[str, str],
        frozen: Callable[[], Collection[str]],
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        self._command = list(command)
        self._environment = dict(environment)
        self._frozen = frozen
        self._stop_seconds = stop_seconds
        self._lanes = {queue: Running() for queue in queues}
        self._stop_requested = False

    def run(self) -> None:
        """Returns after SIGTERM or SIGINT, when every lane has ended."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request_stop)
        look_at = time.monotonic() + FROZEN_LOOK_SECONDS
        try:
            while not self._stop_requested:
                self._start_what_is_due()
                if time.monotonic() > look_at:
                    self._kill_frozen()
                    look_at = time.monotonic() + FROZEN_LOOK_SECONDS
                time.sleep(LOOK_SECONDS)
        finally:
            self._stop()

    def _request_stop(self, number: int, frame: FrameType | None) -> None:
        self._stop_requested = True  # an exception here could fall between a process and its name

    def _start_what_is_due(self) -> None:
        for queue, lane in self._lanes.items():
            if lane.process is not None and lane.process.poll() is not None:
                self._note_end(queue, lane)
            if lane.process is None and time.monotonic() >= lane.due_at:
                self._start(queue, lane)

    def _start(self, queue: str, lane: Running) -> None:
        lane.process = subprocess.Popen(
            self._command,
            env=self._environment | {"Q_CLUSTER_NAME": queue, "WORK_PID": str(os.getpid())},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        lane.started_at = time.monotonic()

    def _note_end(self, queue: str, lane: Running) -> None:
        if lane.process is None:
            return
        kill_group(lane.process)  # what it left behind
        now = time.monotonic()
        if now - lane.started_at >= SETTLED_SECONDS:
            lane.pause = FIRST_PAUSE_SECONDS
        log.error(
            "The lane %s ended with code %s; it starts again in %s s.",
            *(queue, lane.process.returncode, lane.pause),
        )
        lane.process, lane.due_at = None, now + lane.pause
        lane.pause = min(lane.pause * 2, LONGEST_PAUSE_SECONDS)

    def _kill_frozen(self) -> None:
        for queue in self._frozen():
            lane = self._lanes.get(queue)
            if lane is not None and lane.process is not None:
                log.error("The lane %s is frozen: tasks wait and none begins or ends. It is killed.", queue)
                kill_group(lane.process)

    def _stop(self) -> None:
        """Asks the parents alone: a cluster whose children get the signal too may hang at its own locks."""
        processes = [lane.process for lane in self._lanes.values() if lane.process is not None]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + self._stop_seconds
        while time.monotonic() < deadline and any(process.poll() is None for process in processes):
            time.sleep(LOOK_SECONDS)
        for process in processes:
            kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kills a lane with all its processes, if there are any left, and waits for its parent."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
