"""The whole demo in processes of its own, and what it printed."""

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from tests.migrated import copy_migrated, product_environment

UP_SECONDS, DOWN_SECONDS = 120, 60
LOGINS = ("admin", "finance", "approver", "support", "operator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    web: str
    password: str
    salesforce: str
    consumer_key: str
    consumer_secret: str
    hubspot: str
    token: str
    passwords: dict[str, str]
    """By the name of the login: admin, finance, approver, support, operator."""
    var: Path


@contextmanager
def running_demo(folder: Path, **environment: str) -> Iterator[Demo]:
    """`make run` without make, in a folder that was migrated and is gone afterwards. `environment`: further variables."""
    var, output = folder / "var", folder / "output"
    copy_migrated(var)
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "demo.run"],
            cwd=settings.BASE_DIR,
            env=product_environment(var) | environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield read(printed(process, output), var=var)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(DOWN_SECONDS)
        shutil.rmtree((var / "postgres").resolve(), ignore_errors=True)


def printed(process: subprocess.Popen[bytes], output: Path) -> str:
    deadline = time.monotonic() + UP_SECONDS
    while "Ctrl-C stops everything" not in output.read_text():
        assert process.poll() is None, output.read_text()
        assert time.monotonic() < deadline, output.read_text()
        time.sleep(0.2)
    return output.read_text()


def read(text: str, *, var: Path) -> Demo:
    def value(pattern: str) -> str:
        found = re.search(pattern, text)
        assert found, text
        return found[1]

    return Demo(
        web=value(r"Fincelo runs at (\S+)"),
        password=value(r"finance +(\S+)"),
        salesforce=value(r"Simulated Salesforce at (\S+)"),
        consumer_key=value(r"Consumer key +(\S+)"),
        consumer_secret=value(r"Consumer secret +(\S+)"),
        hubspot=value(r"Simulated HubSpot at (\S+)"),
        token=value(r"token +(pat-\S+)"),
        passwords={name: value(rf"{name} +(\S+)") for name in LOGINS},
        var=var,
    )
