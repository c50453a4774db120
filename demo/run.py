"""`make run`: the whole product on this machine, with simulated CRMs, until Ctrl-C."""

import fcntl
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from demo.faults.switch import READY, TOKEN
from demo.ports import HOST, Ports, claim_ports
from demo.supervisor import StopRequested, Supervisor, UnableToRun
from demo.welcome import welcome

FOLDER = Path(__file__).resolve().parent.parent
PYTHON = sys.executable


def main() -> None:
    var = Path(os.environ.get("VAR_DIR") or FOLDER / "var").expanduser().resolve()
    home = var / "demo"
    for folder in (var, home):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with only_run(home / "run.lock"):
            run(home)
    except UnableToRun as error:
        sys.exit(str(error))


def run(home: Path) -> None:
    ports = claim_ports()
    token = secrets.token_hex(16)
    settings = settings_of(ports, mail=home / "mail")
    environment = os.environ | settings | {TOKEN: token}
    supervisor = Supervisor(folder=FOLDER, environment=environment, logs=home / "logs")
    try:
        tell_commands(home / "env", settings)
        bring_up(supervisor, ports=ports, home=home, token=token)
        print(
            welcome(
                ports=ports,
                logins=json.loads((home / "logins.json").read_text()),
                salesforce=ask(ports.salesforce, "/demo/credentials") or {},
                hubspot=ask(ports.hubspot, "/demo/credentials") or {},
                logs=home / "logs",
            ),
            flush=True,
        )
        supervisor.watch()
    except StopRequested:
        pass
    finally:
        print("Stopping ...", flush=True)
        (home / "env").unlink(missing_ok=True)
        supervisor.stop()
        ports.close()
        stop = [PYTHON, "manage.py", "stop_postgres"]
        subprocess.run(stop, cwd=FOLDER, env=environment, start_new_session=True, check=False)


def bring_up(supervisor: Supervisor, *, ports: Ports, home: Path, token: str) -> None:
    print("Starting the database ...", flush=True)
    supervisor.finish("migrate", PYTHON, "manage.py", "migrate", "--no-input")
    supervisor.finish("collectstatic", PYTHON, "manage.py", "collectstatic", "--no-input", "--verbosity", "0")
    supervisor.finish("logins", PYTHON, "-m", "demo.logins", str(home / "logins.json"))
    supervisor.finish("company", PYTHON, "-m", "demo.company")
    print("Starting the simulated CRMs, the web server and the worker ...", flush=True)
    callbacks = [f"http://{host}:{ports.web}/api/crm/salesforce/callback" for host in (HOST, "localhost")]
    supervisor.start(
        "salesforce",
        *(PYTHON, "-m", "demo.salesforce", "--fd", str(ports.descriptor("salesforce"))),
        *("--state", str(home / "salesforce.json")),
        *(word for url in callbacks for word in ("--callback-url", url)),
        inherits=[ports.descriptor("salesforce")],
    )
    supervisor.start(
        "hubspot",
        *(PYTHON, "-m", "demo.hubspot", "--fd", str(ports.descriptor("hubspot"))),
        *("--state", str(home / "hubspot.json")),
        inherits=[ports.descriptor("hubspot")],
    )
    supervisor.start(
        "web",
        *(PYTHON, "-m", "gunicorn", "fincelo.wsgi", "--bind", f"fd://{ports.descriptor('web')}"),
        *("--workers", "2", "--threads", "4", "--timeout", "90", "--no-control-socket"),
        inherits=[ports.descriptor("web")],
    )
    supervisor.start("worker", PYTHON, "manage.py", "work")
    supervisor.wait_for("salesforce", lambda: ask(ports.salesforce, READY) == {"token": token})
    supervisor.wait_for("hubspot", lambda: ask(ports.hubspot, READY) == {"token": token})
    supervisor.wait_for("web", lambda: ask(ports.web, "/healthz") is not None)


def tell_commands(file: Path, settings: dict[str, str]) -> None:
    """While the demo is up, `manage.py` finds it here."""
    file.touch(mode=0o600)
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))


def settings_of(ports: Ports, *, mail: Path) -> dict[str, str]:
    salesforce, hubspot = ports.url("salesforce"), ports.url("hubspot")
    return {
        "FINCELO_DEV": "true",
        "DEBUG": "false",
        "HTTPS_ONLY": "false",
        "ALLOWED_HOSTS": f"{HOST},localhost",
        "PUBLIC_URL": ports.url("web"),
        "CRM_TRUSTED_ORIGINS": f"{salesforce},{hubspot}",
        "CRM_ALLOW_LOOPBACK": "true",
        "HUBSPOT_API_URL": hubspot,
        "EMAIL_URL": f"filemail:///{mail}",
        "EMAIL_FROM": "billing@fincelo.example",
        "DEMO_LINKS": f"Simulated Salesforce={salesforce},Simulated HubSpot={hubspot}",
        "PYTHONUNBUFFERED": "1",
    }


def ask(port: int, path: str) -> dict[str, Any] | None:
    """The JSON that a server answers with, whatever the status; None as long as it does not answer."""
    connection = HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", path)
        answer: dict[str, Any] = json.load(connection.getresponse())
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return answer


@contextmanager
def only_run(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UnableToRun("It runs already in this folder. Stop that one with Ctrl-C first.") from error
        yield


if __name__ == "__main__":
    main()
