"""PostgreSQL from a Python package, for demo, development and tests: starts when needed, stops when told."""

import contextlib
import fcntl
import hashlib
import os
import shlex
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from fincelo import postgres_programs
from fincelo.postgres_programs import UnableToRunPostgres

DATABASE = "fincelo"
SUPERUSER = "postgres"
LONGEST_SOCKET_FOLDER = 80  # the address of a Unix socket has room for about a hundred bytes
START_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one embedded PostgreSQL lives. Not durable: quicker, may lose data when the machine dies."""

    folder: Path
    durable: bool = True

    @property
    def home(self) -> Path:
        return self.folder.resolve()  # root's is a link to a folder that the server's user can reach

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def socket_folder(self) -> Path:
        path = str(self.data)
        if len(path.encode()) <= LONGEST_SOCKET_FOLDER and not set(path) & set(',"'):
            return self.data
        name = f"fincelo-{os.geteuid()}-{hashlib.sha256(path.encode()).hexdigest()[:12]}"
        return Path(tempfile.gettempdir()) / name


def ensure_running(place: Place) -> Path:
    """The socket folder of a server that answers. Any number of processes may call this at once."""
    if answering := _answering(place):
        return answering
    place.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(place):
        return _start(place)


def stop(place: Place) -> None:
    if not place.data.exists():
        return
    with _alone(place):
        if _postmaster(place):
            postgres_programs.run("pg_ctl", "-D", place.data, "-m", "fast", "-w", "-t", START_SECONDS, "stop")


def is_running(place: Place) -> bool:
    return _answering(place) is not None


@contextlib.contextmanager
def _alone(place: Place) -> Iterator[None]:
    try:
        file = place.folder.with_name(f"{place.folder.name}.lock").open("w")
    except PermissionError as error:
        problem = f"{place.folder.parent} belongs to another user: remove it, or set DATABASE_URL."
        raise UnableToRunPostgres(problem) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _answering(place: Place) -> Path | None:
    try:
        lines = (place.data / "postmaster.pid").read_text().splitlines()
        port, folder, status = lines[3].strip(), Path(lines[4].strip()), lines[7].strip()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.connect(str(folder / f".s.PGSQL.{port}"))
    except (OSError, IndexError):
        return None
    return folder if status == "ready" else None


def _postmaster(place: Place) -> psutil.Process | None:
    """The server process of this place; None when its process id is stale or belongs to something else."""
    try:
        process = psutil.Process(int((place.data / "postmaster.pid").read_text().split()[0]))
        ours = process.name() == "postgres" and str(place.data) in process.cmdline()
    except (OSError, IndexError, ValueError, psutil.Error):
        return None
    return process if ours else None


def _start(place: Place) -> Path:
    if answering := _await_another(place):
        return answering
    make_home(place)
    if not place.data.exists():
        _initialise(place)
    (place.data / "postmaster.pid").unlink(missing_ok=True)  # left behind by one that was killed
    _make_socket_folder(place)
    options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in _options(place).items())
    start = ("-D", place.data, "-l", place.log, "-o", options, "-w", "-t", START_SECONDS, "start")
    postgres_programs.run("pg_ctl", *start)
    if answering := _answering(place):
        return answering
    raise UnableToRunPostgres(f"The embedded PostgreSQL started but does not answer. Its log is {place.log}.")


def _await_another(place: Place) -> Path | None:
    """A server may be starting, or on its way down: wait until it answers or is gone."""
    deadline = time.monotonic() + START_SECONDS
    while not (answering := _answering(place)) and _postmaster(place):
        if time.monotonic() > deadline:
            raise UnableToRunPostgres(f"A PostgreSQL runs in {place.home} but does not answer.")
        time.sleep(0.1)
    return answering


def _options(place: Place) -> dict[str, Any]:
    options = {
        "listen_addresses": "",
        "unix_socket_directories": place.socket_folder,
        "unix_socket_permissions": "0700",
    }
    if not place.durable:
        options |= {"fsync": "off", "full_page_writes": "off"}
    return options


def _initialise(place: Place) -> None:
    """Build the cluster beside its final place and move it there whole: a killed attempt leaves no half."""
    draft = place.home / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    postgres_programs.run(
        "initdb",
        f"--pgdata={draft}",
        f"--username={SUPERUSER}",
        "--auth-local=trust",  # the socket can be opened by its owner only
        "--auth-host=reject",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-sync",
    )
    statement = f"CREATE DATABASE {DATABASE}\n"
    postgres_programs.run("postgres", "--single", "-D", draft, "postgres", stdin=statement)
    draft.rename(place.data)


def make_home(place: Place) -> None:
    """The folder that belongs to the user the server runs as, unless there is one."""
    if place.folder.exists():
        return
    if not postgres_programs.is_root():
        place.folder.mkdir(mode=0o700)
        return
    user = postgres_programs.system_user()
    postgres_programs.make_root_home()
    home = tempfile.mkdtemp(dir=postgres_programs.ROOT_HOME, prefix="postgres-")
    os.chown(home, user.pw_uid, user.pw_gid)
    place.folder.unlink(missing_ok=True)  # a link to what is no longer there
    place.folder.symlink_to(home)


def _make_socket_folder(place: Place) -> None:
    folder = place.socket_folder
    if folder == place.data:
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.geteuid():
        raise UnableToRunPostgres(f"{folder} belongs to another user: remove it, or set DATABASE_URL.")
