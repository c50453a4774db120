"""Commands of the product in processes of their own, on the test database."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings

SECONDS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    code: int
    output: str
    errors: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manage:
    """`manage.py` with the environment of an operator."""

    environment: Mapping[str, str] = field(repr=False)

    def __call__(self, *arguments: str, given: str = "") -> Ended:
        """Runs to its end."""
        process = self.start(*arguments)
        output, errors = process.communicate(given, timeout=SECONDS)
        return Ended(code=process.returncode, output=output, errors=errors)

    def start(self, *arguments: str, own_group: bool = False) -> subprocess.Popen[str]:
        """`own_group`: it and all that it starts can be signalled together."""
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=dict(self.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=own_group,
        )


def all_ended(processes: Sequence[subprocess.Popen[str]]) -> list[Ended]:
    """Waits for processes that were started together."""
    answers = [process.communicate(timeout=SECONDS) for process in processes]
    return [
        Ended(code=process.returncode, output=output, errors=errors)
        for process, (output, errors) in zip(processes, answers, strict=True)
    ]


def environment_for(*, database_url: str) -> dict[str, str]:
    """What a process needs to work on the test database, and on the simulated CRMs that are up by now."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "fincelo.settings",
        "DATABASE_URL": database_url,
        "WITNESS_PATH": str(settings.WITNESS_PATH),
        "CRM_TRUSTED_ORIGINS": ",".join(settings.CRM_TRUSTED_ORIGINS),
        "CRM_ALLOW_LOOPBACK": "true",
        "HUBSPOT_API_URL": settings.HUBSPOT_API_URL,
    }
