"""The demo as a whole: it comes up, and nothing of it is left when it is told to stop."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from tests.migrated import copy_migrated, product_environment

UP_SECONDS = 90
DOWN_SECONDS = 30

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "var"
    shutil.rmtree((tmp_path / "var" / "postgres").resolve(), ignore_errors=True)


def start(var: Path) -> subprocess.Popen[bytes]:
    with (var.parent / "output").open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "demo.run"],
            cwd=settings.BASE_DIR,
            env=product_environment(var),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def output(var: Path) -> str:
    return (var.parent / "output").read_text()


def wait_until_up(demo: subprocess.Popen[bytes], var: Path) -> str:
    deadline = time.monotonic() + UP_SECONDS
    while not (address := re.search(r"Fincelo runs at (\S+)", output(var))):
        assert demo.poll() is None, output(var)
        assert time.monotonic() < deadline, output(var)
        time.sleep(0.2)
    return address[1]


def left_over(var: Path) -> list[str]:
    """Processes that were started for this folder; each has it in its environment or its command."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.environ().get("VAR_DIR", "")]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(
            str(var) in word or str(var_data(var)) in word for word in words
        ):
            found.append(" ".join(process.cmdline()))
    return found


def var_data(var: Path) -> Path:
    return (var / "postgres").resolve()


@pytest.mark.parametrize(("number", "is_new"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_demo_comes_up_and_leaves_nothing(var: Path, number: int, is_new: bool) -> None:
    if not is_new:
        copy_migrated(var)
    demo = start(var)
    try:
        address = wait_until_up(demo, var)
        with urllib.request.urlopen(f"{address}/login/", timeout=10) as page:
            assert page.status == 200
        second = subprocess.run(
            [sys.executable, "-m", "demo.run"],
            cwd=settings.BASE_DIR,
            env=os.environ | {"VAR_DIR": str(var)},
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert (second.returncode, second.stderr) == (
            1,
            "It runs already in this folder. Stop that one with Ctrl-C first.\n",
        )
        assert len(left_over(var)) > 6
    finally:
        demo.send_signal(number)
        code = demo.wait(DOWN_SECONDS)

    assert code == 0
    assert output(var).endswith("Stopping ...\n")
    assert left_over(var) == []


def test_stop_while_it_comes_up(var: Path) -> None:
    demo = start(var)
    deadline = time.monotonic() + UP_SECONDS
    while not (var / "demo" / "logs" / "migrate.log").exists():
        assert time.monotonic() < deadline, output(var)
        time.sleep(0.1)
    time.sleep(1)

    demo.send_signal(signal.SIGINT)

    assert demo.wait(DOWN_SECONDS) == 0
    assert left_over(var) == []
