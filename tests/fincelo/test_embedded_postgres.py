import os
import shutil
import signal
import stat
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import run
from typing import Any

import psutil
import psycopg
import pytest
from django.conf import settings

from fincelo import embedded_postgres, postgres_programs
from fincelo.embedded_postgres import Place

START = (
    "import sys; from pathlib import Path; from fincelo.embedded_postgres import Place, ensure_running;"
    "print(ensure_running(Place(folder=Path(sys.argv[1]), durable=False)))"
)

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """In folders that only their owner may enter, deeper than the address of a Unix socket can be long."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    folder = private / ("deep" * 30) / "var" / "postgres"
    folder.parent.mkdir(mode=0o700, parents=True)
    place = Place(folder=folder, durable=False)
    yield place
    home, socket_folder = place.home, place.socket_folder
    embedded_postgres.stop(place)
    shutil.rmtree(home)
    shutil.rmtree(socket_folder, ignore_errors=True)


def ask(place: Place, question: str) -> Any:
    host = embedded_postgres.ensure_running(place)
    with psycopg.connect(host=str(host), user="postgres", dbname="fincelo", autocommit=True) as server:
        row = server.execute(question).fetchone()
    return row[0] if row else None


def postmasters(place: Place) -> list[int]:
    """Every server on this data, the children that it forks for its work left out."""
    found = [
        process
        for process in psutil.process_iter(["pid", "ppid", "cmdline"])
        if str(place.data) in (process.info["cmdline"] or []) and "-D" in process.info["cmdline"]
    ]
    pids = {process.pid for process in found}
    return [process.pid for process in found if process.info["ppid"] not in pids]


def modes_around(path: Path) -> dict[Path, int]:
    return {folder: stat.S_IMODE(folder.stat().st_mode) for folder in (path, *path.parents)}


def test_start_and_stop(place: Place) -> None:
    assert embedded_postgres.is_running(place) is False
    assert ask(place, "SELECT current_setting('server_version_num')::int / 10000") == 18
    assert ask(place, "SHOW listen_addresses") == ""
    assert embedded_postgres.is_running(place) is True

    embedded_postgres.stop(place)
    embedded_postgres.stop(place)

    assert embedded_postgres.is_running(place) is False
    assert postmasters(place) == []


def test_no_folder_is_opened_to_others(place: Place) -> None:
    package = Path(postgres_programs.importlib.util.find_spec(postgres_programs.PACKAGE).origin)  # type: ignore
    before = [modes_around(place.folder.parent), modes_around(package)]

    ask(place, "SELECT 1")

    assert [modes_around(place.folder.parent), modes_around(package)] == before
    assert stat.S_IMODE(place.home.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.data.stat().st_mode) == 0o700


def test_many_processes_start_one_server(place: Place) -> None:
    def start(_: int) -> str:
        command = [sys.executable, "-c", START, str(place.folder)]
        return run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True).stdout.strip()

    with ThreadPoolExecutor(6) as pool:
        answers = set(pool.map(start, range(6)))

    assert answers == {str(place.socket_folder)}
    assert len(postmasters(place)) == 1


def test_data_outlives_a_kill(place: Place) -> None:
    """The process id that a killed server left behind may by now be somebody else's."""
    ask(place, "SELECT 1")
    with psycopg.connect(host=str(place.socket_folder), user="postgres", dbname="fincelo") as server:
        server.execute("CREATE TABLE kept (number int)")
    [pid] = postmasters(place)
    left_behind = (place.data / "postmaster.pid").read_text()

    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=10)
    (place.data / "postmaster.pid").write_text(left_behind.replace(str(pid), str(os.getpid()), 1))

    assert ask(place, "SELECT count(*) FROM kept") == 0
    assert len(postmasters(place)) == 1


def test_half_made_data_is_made_again(place: Place) -> None:
    ask(place, "SELECT 1")
    embedded_postgres.stop(place)
    place.data.rename(place.home / "data.new")

    assert ask(place, "SELECT 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's data lives outside the project")
def test_link_to_nowhere_is_replaced(place: Place) -> None:
    place.folder.symlink_to(postgres_programs.ROOT_HOME / "postgres-gone")

    assert ask(place, "SELECT 1") == 1
