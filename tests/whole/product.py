"""The product as `make run` starts it, and what can be known of it from outside while people use it."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen

import psycopg
from django.conf import settings

from fincelo.embedded_postgres import Place, ensure_running
from tests.browser.demo_process import Demo
from tests.migrated import product_environment

SETTLES_SECONDS = 180
BEFORE_THE_FIRST_BEAT = "Service Unavailable: /healthz"
"""How the web server logs that `make run` asks whether it answers; the health itself is looked at below."""
ERROR = re.compile(r"^\S+ \S+ (ERROR|CRITICAL) |^Traceback ", re.M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    demo: Demo

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database of the product holds."""
        host = ensure_running(Place(folder=self.demo.var / "postgres", durable=True))
        with psycopg.connect(host=str(host), user="postgres", dbname="fincelo") as database:
            cursor = database.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def value(self, sql: str, *values: Any) -> Any:
        """The one value that a query answers with."""
        ((value,),) = self.query(sql, *values)
        return value

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of an operator beside the running product."""
        told = (self.demo.var / "demo" / "env").read_text().splitlines()
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=product_environment(self.demo.var) | dict(line.split("=", 1) for line in told),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def health(self) -> dict[str, str]:
        with urlopen(f"{self.demo.web}/healthz") as answer:
            found: dict[str, str] = json.load(answer)
            return found

    def errors_in_logs(self) -> list[str]:
        """Lines of errors that any process has logged, with the file's name."""
        return [
            f"{file.stem}: {line}"
            for file in sorted((self.demo.var / "demo" / "logs").glob("*.log"))
            for line in file.read_text(errors="replace").splitlines()
            if ERROR.match(line) and not line.endswith(BEFORE_THE_FIRST_BEAT)
        ]

    def run_schedules(self) -> None:
        """Makes everything due that the worker starts automatically, as the passing of a day would."""
        self.query("UPDATE django_q_schedule SET next_run = now()")

    def idle(self) -> bool:
        """Nothing waits for the worker, and nobody waits for what it does."""
        open_work = "SELECT count(*) FROM fincelo_backgroundwork WHERE state IN ('waiting', 'running')"
        return self.value("SELECT count(*) FROM django_q_ormq") == 0 and self.value(open_work) == 0

    def settle(self) -> None:
        until(self.idle, seconds=SETTLES_SECONDS, what="The worker comes to rest.")

    def check(self) -> None:
        """What must be so after each story."""
        self.settle()
        failed = "SELECT func, last_error FROM fincelo_taskhistory WHERE failures > 0"
        refused = (
            "SELECT task, state, problem FROM fincelo_backgroundwork WHERE state IN ('failed', 'refused')"
        )
        invariants = self.manage("check_invariants")

        assert self.query(failed) == []
        assert self.query(refused) == []
        assert self.errors_in_logs() == []
        assert (invariants.returncode, invariants.stderr) == (0, ""), invariants.stdout
        until(
            lambda: set(self.health().values()) == {"ok"}, seconds=120, what=f"All is well: {self.health()}"
        )


def until(happened: Callable[[], bool], *, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"Not within {seconds:g} s: {what}"
        time.sleep(0.2)
