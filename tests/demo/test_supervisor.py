import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from demo import supervisor as module
from demo.supervisor import StopRequested, Supervisor, UnableToRun

# a process that forks one which does not end when asked to; both write their process id
STUBBORN = """
import os, signal, sys, time
if not os.fork():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(f"{sys.argv[1]}/{os.getpid()}", "w").close()
time.sleep(60)
"""
BRIEF = "import time; print('last words'); time.sleep(0.2); raise SystemExit(3)"


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored where the tests run under nohup
    supervisor = Supervisor(folder=tmp_path, environment=dict(os.environ), logs=tmp_path / "logs")
    yield supervisor
    supervisor.stop()
    for number, handler in handlers.items():
        signal.signal(number, handler)


def living(folder: Path) -> list[int]:
    return [
        int(path.name)
        for path in folder.iterdir()
        if psutil.pid_exists(int(path.name))
        and psutil.Process(int(path.name)).status() != psutil.STATUS_ZOMBIE
    ]


def start_stubborn(supervisor: Supervisor, *, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    before = len(list(folder.iterdir()))
    supervisor.start("stubborn", sys.executable, "-c", STUBBORN, str(folder))
    supervisor.wait_for("stubborn", lambda: len(list(folder.iterdir())) == before + 2)


def test_stop_ends_what_was_forked_too(supervisor: Supervisor, tmp_path: Path) -> None:
    start_stubborn(supervisor, folder=tmp_path / "pids")
    assert len(living(tmp_path / "pids")) == 2

    supervisor.stop()

    assert living(tmp_path / "pids") == []


def test_stop_ends_what_a_dead_process_had_forked(supervisor: Supervisor, tmp_path: Path) -> None:
    start_stubborn(supervisor, folder=tmp_path / "pids")
    os.kill(supervisor.pid("stubborn"), signal.SIGKILL)

    supervisor.stop()

    assert living(tmp_path / "pids") == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_watching(supervisor: Supervisor, number: int) -> None:
    os.kill(os.getpid(), number)

    with pytest.raises(StopRequested):
        supervisor.watch()


def test_command_that_fails(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(UnableToRun) as error:
        supervisor.finish("brief", sys.executable, "-c", BRIEF)

    log = tmp_path / "logs" / "brief.log"
    assert str(error.value) == f"brief ended with exit code 3. The end of {log}:\nlast words"


def test_process_that_keeps_ending(supervisor: Supervisor) -> None:
    supervisor.start("brief", sys.executable, "-c", BRIEF)

    with pytest.raises(UnableToRun, match="brief ended with exit code 3"):
        supervisor.watch()


def test_process_that_never_answers(supervisor: Supervisor) -> None:
    supervisor.start("mute", sys.executable, "-c", "import time; time.sleep(60)")

    with pytest.raises(UnableToRun, match="mute does not answer"):
        supervisor.wait_for("mute", lambda: False, seconds=0.3)


def test_what_ended_starts_again(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLED_SECONDS", 0)
    start_stubborn(supervisor, folder=tmp_path / "pids")
    first = set(living(tmp_path / "pids"))
    os.kill(supervisor.pid("stubborn"), signal.SIGKILL)
    deadline = time.monotonic() + 20

    def look() -> None:
        assert time.monotonic() < deadline
        now = set(living(tmp_path / "pids"))
        if len(now) == 2 and not now & first:
            raise StopRequested

    monkeypatch.setattr(supervisor, "_pause", look)
    with pytest.raises(StopRequested):
        supervisor.watch()
