"""The real commands with good and bad environments, as an operator meets them."""

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.slow

PRODUCTION = {
    "SECRET_KEY": secrets.token_urlsafe(50),
    "FERNET_KEYS": f"{secrets.token_urlsafe(32)},{secrets.token_urlsafe(32)}",
    "ALLOWED_HOSTS": "billing.example.com",
    "PUBLIC_URL": "https://billing.example.com",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
}


def manage(*arguments: str, **environment: str | None) -> tuple[int, str]:
    variables = {"PATH": os.environ["PATH"]} | PRODUCTION | environment
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env={name: value for name, value in variables.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_check_of_a_good_environment() -> None:
    assert manage("check", "--deploy", "--fail-level", "WARNING") == (
        0,
        "System check identified no issues (0 silenced).\n",
    )


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("SECRET_KEY", None, "(fincelo.E001) SECRET_KEY is not set."),
        ("FERNET_KEYS", None, "(fincelo.E005) FERNET_KEYS is not set."),
        ("FERNET_KEYS", "short", "(fincelo.E006) Key 1 of FERNET_KEYS is not 32 random bytes or more."),
        ("ALLOWED_HOSTS", None, "(fincelo.E008) ALLOWED_HOSTS is empty."),
        ("PUBLIC_URL", None, "(fincelo.E010) PUBLIC_URL is not an address."),
        (
            "CRM_TRUSTED_ORIGINS",
            "http://127.0.0.1:1",
            "(fincelo.E013) CRM_TRUSTED_ORIGINS is set for real.",
        ),
        ("DEBUG", "true", "(fincelo.E020) DEBUG is on."),
        ("HTTPS_ONLY", "false", "(fincelo.E020) HTTPS_ONLY is off and people use billing.example.com."),
        ("OAUTHLIB_INSECURE_TRANSPORT", "1", "(fincelo.E014) OAUTHLIB_INSECURE_TRANSPORT is set."),
    ],
)
def test_check_of_a_bad_environment(variable: str, value: str | None, sentence: str) -> None:
    code, output = manage("check", **{variable: value})

    problems = [line for line in output.splitlines() if line.startswith("?: ")]
    assert (code, problems) == (1, [f"?: {sentence}"])


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("HTTPS_ONLY", "maybe", "HTTPS_ONLY is 'maybe'; set it to true or false."),
        ("DEBUG", "2", "DEBUG is '2'; set it to true or false."),
        (
            "DATABASE_URL",
            "sqlite:///db",
            "DATABASE_URL must be like postgresql://user:password@host:5432/name.",
        ),
        ("EMAIL_URL", "pigeon://x", "EMAIL_URL must be like smtp+tls://user:password@host:587."),
        ("DEMO_LINKS", "x", "DEMO_LINKS must be like Label=https://example.com,Other=https://example.org."),
    ],
)
def test_variable_that_cannot_be_read(variable: str, value: str, sentence: str) -> None:
    assert manage("check", **{variable: value}) == (6, f"{sentence}\n")


@pytest.mark.parametrize("command", [("check", "--database", "default"), ("migrate",), ("work",)])
def test_command_without_its_database(command: tuple[str, ...]) -> None:
    code, output = manage(*command)

    assert code == 1
    assert "(fincelo.E015) The database does not answer: connection failed:" in output
    assert "Traceback" not in output


def test_web_server_without_its_database() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import fincelo.wsgi"],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"]} | PRODUCTION,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 1
    assert "(fincelo.E015) The database does not answer" in done.stderr


UNSAFE = [
    {"DEBUG": "true"},
    {"HTTPS_ONLY": "false", "PUBLIC_URL": "http://billing.example.com"},
    {"FINCELO_DEV": "true", "HTTPS_ONLY": "true"},
    {"SECRET_KEY": "correcthorsebatterystaple" * 2},
]


@pytest.mark.parametrize("environment", UNSAFE, ids=lambda value: next(iter(value)))
@pytest.mark.parametrize(
    "start", [("manage.py", "work"), ("-c", "import fincelo.wsgi")], ids=["worker", "web"]
)
def test_unsafe_environment_starts_neither_web_nor_worker(
    start: tuple[str, ...], environment: dict[str, str]
) -> None:
    done = subprocess.run(
        [sys.executable, *start],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"]} | PRODUCTION | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 1
    assert re.search(r"fincelo\.E0(03|20)", done.stdout + done.stderr)


def test_development_server_is_for_this_machine_alone(tmp_path: Path) -> None:
    """ALLOWED_HOSTS is no help: whoever reaches the socket chooses the host name."""
    nothing = {name: value for name, value in os.environ.items() if name not in PRODUCTION}
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "fincelo.wsgi", "--bind", "0.0.0.0:0", "--no-control-socket"],
        cwd=settings.BASE_DIR,
        env=nothing | {"FINCELO_DEV": "true", "DJANGO_SETTINGS_MODULE": "fincelo.settings"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode != 0
    assert "FINCELO_DEV is on and the server listens at 0.0.0.0. Bind it to 127.0.0.1" in done.stderr


def test_development_needs_no_environment(tmp_path: Path) -> None:
    nothing = dict.fromkeys(PRODUCTION)

    code, output = manage("check", **nothing, FINCELO_DEV="true", VAR_DIR=str(tmp_path / "var"))

    assert (code, output) == (0, "System check identified no issues (0 silenced).\n")
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secrets.env"]  # no database was started


def test_cookies_and_headers_in_production() -> None:
    names = (
        "SESSION_COOKIE_NAME",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_NAME",
        "CSRF_COOKIE_SECURE",
        "SECURE_SSL_REDIRECT",
        "SECURE_HSTS_SECONDS",
        "SECURE_PROXY_SSL_HEADER",
    )
    statement = f"from django.conf import settings; print([getattr(settings, name) for name in {names}])"

    code, output = manage("shell", "--no-imports", "--command", statement)

    expected = ["__Host-session", True, "__Host-csrf", True, True, 31_536_000, None]
    assert (code, output) == (0, f"{expected}\n")
