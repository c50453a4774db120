"""jsforce in a Node process of its own: installed once, then asked line by line."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings

HERE = Path(__file__).parent / "jsforce"
PINNED = ("package.json", "package-lock.json")
OLDEST_NODE = 18
INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
INSTALL_SECONDS = 300


class NotHere(Exception):
    """Why there is no jsforce on this machine."""


class RefusedByJsforce(Exception):
    """An error of the client: `name` is what jsforce made of the error code."""

    def __init__(self, *, name: str, message: str) -> None:
        self.name = name
        self.message = message
        super().__init__(f"{name}: {message}")


class Jsforce:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, command: str, **given: object) -> Any:
        """The value that one command of referee.js gives."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"command": command, **given}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline(), parse_float=Decimal)
        if "error" in answer:
            raise RefusedByJsforce(**answer["error"])
        return answer["value"]


@contextmanager
def running(modules: Path) -> Iterator[Jsforce]:
    with subprocess.Popen(
        ["node", str(HERE / "referee.js")],
        env={"PATH": os.environ["PATH"], "NODE_PATH": str(modules)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Jsforce(process)


def installed() -> Path:
    """The folder of the pinned modules, filled from the npm registry when it is empty."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise NotHere(f"There is no {program} on this machine.")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        raise NotHere(f"jsforce needs Node {OLDEST_NODE} or later, this is {version}.")
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder: Path = settings.VAR_DIR / "jsforce" / lock
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "install.lock").open("w") as only_one:
        fcntl.flock(only_one, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _install(folder)
    return folder / "node_modules"


def _install(folder: Path) -> None:
    for name in PINNED:
        shutil.copy(HERE / name, folder)
    try:
        done = subprocess.run(
            INSTALL, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotHere("The npm registry did not give jsforce in time.") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["without a word"]
        raise NotHere(f"npm could not install jsforce: {lines[0]}")
    (folder / "complete").touch()
