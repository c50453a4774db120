"""Starts the processes of the demo and sees to it that none outlives it."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import psutil

GRACE_SECONDS = 10
SETTLED_SECONDS = 30
LAST_LINES = 15


class StopRequested(Exception):
    """Somebody pressed Ctrl-C, or the system is going down."""


class UnableToRun(Exception):
    """A process of the demo did not start, or keeps stopping."""


@dataclass(slots=True, kw_only=True)
class Running:
    command: list[str]
    process: subprocess.Popen[bytes]
    started: float
    inherits: Sequence[int] = ()


class Supervisor:
    """Gives each process a session of its own: a Ctrl-C then reaches the supervisor only, and whatever the
    process forks can be found and ended with it."""

    def __init__(self, *, folder: Path, environment: dict[str, str], logs: Path) -> None:
        self._folder = folder
        self._environment = environment
        self._logs = logs
        self._running: dict[str, Running] = {}
        self._stop_requested = False
        signal.signal(signal.SIGINT, self._request_stop)
        signal.signal(signal.SIGTERM, self._request_stop)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as it is under nohup
            signal.signal(signal.SIGHUP, self._request_stop)

    def _request_stop(self, number: int, frame: FrameType | None) -> None:
        self._stop_requested = True  # an exception here could fall between a process and its name

    def start(self, name: str, *command: str, inherits: Sequence[int] = ()) -> None:
        """`inherits`: descriptors of sockets that the process listens at."""
        self._logs.mkdir(parents=True, exist_ok=True)
        with self._log(name).open("ab" if name in self._running else "wb") as log:
            process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=inherits,
            )
        self._running[name] = Running(
            command=list(command), process=process, started=time.monotonic(), inherits=inherits
        )

    def pid(self, name: str) -> int:
        return self._running[name].process.pid

    def finish(self, name: str, *command: str) -> None:
        """Run a command to its end."""
        self.start(name, *command)
        while (code := self._running[name].process.poll()) is None:
            self._pause()
        if code:
            raise UnableToRun(self._obituary(name))
        del self._running[name]

    def wait_for(self, name: str, is_ready: Callable[[], bool], *, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not is_ready():
            if self._running[name].process.poll() is not None or time.monotonic() > deadline:
                raise UnableToRun(self._obituary(name))
            self._pause()

    def watch(self) -> None:
        """Until told to stop, start again what ended. The worker looks after its own lanes."""
        while True:
            self._pause()
            for name, running in list(self._running.items()):
                if running.process.poll() is not None:
                    self._restart(name)

    def _restart(self, name: str) -> None:
        running = self._running[name]
        if time.monotonic() - running.started < SETTLED_SECONDS:
            raise UnableToRun(self._obituary(name))
        _kill(running)
        self.start(name, *running.command, inherits=running.inherits)

    def stop(self) -> None:
        """Ask each process to end, wait for that, then kill what is left of it and of what it forked."""
        for running in self._running.values():
            running.process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < deadline and any(
            each.process.poll() is None for each in self._running.values()
        ):
            time.sleep(0.05)
        for running in self._running.values():
            _kill(running)
        self._running.clear()

    def _pause(self) -> None:
        if self._stop_requested:
            raise StopRequested
        time.sleep(0.1)

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _obituary(self, name: str) -> str:
        lines = self._log(name).read_text(errors="replace").splitlines()[-LAST_LINES:]
        code = self._running[name].process.poll()
        ending = "does not answer" if code is None else f"ended with exit code {code}"
        return "\n".join([f"{name} {ending}. The end of {self._log(name)}:", *lines])


def _kill(running: Running) -> None:
    members = [process for process in psutil.process_iter() if _session(process) == running.process.pid]
    with contextlib.suppress(psutil.NoSuchProcess):  # those with sessions of their own, as the worker's lanes
        members += psutil.Process(running.process.pid).children(recursive=True)
    for process in members:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    running.process.wait()
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and any(map(_is_alive, members)):
        time.sleep(0.05)


def _is_alive(process: psutil.Process) -> bool:
    """One that was killed but that nobody waits for is gone for good, though it is still listed."""
    try:
        lives: bool = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        return lives
    except psutil.NoSuchProcess:
        return False


def _session(process: psutil.Process) -> int | None:
    try:
        return os.getsid(process.pid)
    except (ProcessLookupError, PermissionError):
        return None
