import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.db import connections
from pytest_django import Settings

from fincelo import checks
from fincelo.embedded_postgres import Place

KEY = secrets.token_urlsafe(32)
OTHER_KEY = secrets.token_urlsafe(32)


def ids(problems: list[CheckMessage]) -> list[str | None]:
    return [problem.id for problem in problems]


CASES: list[tuple[Callable[..., list[CheckMessage]], dict[str, Any], list[str]]] = [
    (checks.secret_key, {"SECRET_KEY": KEY}, []),
    (checks.secret_key, {"SECRET_KEY": ""}, ["fincelo.E001"]),
    (checks.secret_key, {"SECRET_KEY": "django-insecure-" + KEY}, ["fincelo.E002"]),
    (checks.secret_key, {"SECRET_KEY": "Change-me please, " + KEY}, ["fincelo.E002"]),
    (checks.secret_key, {"SECRET_KEY": KEY[:-1]}, ["fincelo.E003"]),
    (checks.secret_key, {"SECRET_KEY": "abc" * 20}, ["fincelo.E003"]),
    (checks.secret_key, {"SECRET_KEY": "correcthorsebatterystaple" * 2}, ["fincelo.E003"]),
    (checks.secret_key, {"SECRET_KEY": "Correct7Horse9Battery" * 3}, ["fincelo.E003"]),
    (checks.secret_key, {"SECRET_KEY": "correct-horse-battery-staple-under-a-green-table"}, ["fincelo.E003"]),
    (checks.secret_key, {"SECRET_KEY": secrets.token_hex(32)}, []),
    (checks.secret_key, {"SECRET_KEY": secrets.token_hex(25)}, ["fincelo.E003"]),
    (checks.secret_key, {"SECRET_KEY": "0123456789abcdef" * 4}, ["fincelo.E003"]),
    (
        checks.secret_key,
        {"SECRET_KEY": "Seven Grey Rabbits 42 under a Table in Berlin, 1984"},
        ["fincelo.E003"],
    ),
    (checks.secret_key, {"SECRET_KEY": "OurFinceloKeyForTheWebAndTheWorker2026InBerlin"}, ["fincelo.E003"]),
    (checks.fernet_keys, {"FERNET_KEYS": [KEY, OTHER_KEY]}, []),
    (checks.fernet_keys, {"FERNET_KEYS": KEY}, ["fincelo.E004"]),
    (checks.fernet_keys, {"FERNET_KEYS": (KEY,)}, ["fincelo.E004"]),
    (checks.fernet_keys, {"FERNET_KEYS": None}, ["fincelo.E004"]),
    (checks.fernet_keys, {"FERNET_KEYS": []}, ["fincelo.E005"]),
    (checks.fernet_keys, {"FERNET_KEYS": [KEY, KEY[:-1], ""]}, ["fincelo.E006", "fincelo.E006"]),
    (checks.fernet_keys, {"FERNET_KEYS": [KEY.encode()]}, ["fincelo.E006"]),
    (checks.fernet_keys, {"FERNET_KEYS": ["x" * 43]}, ["fincelo.E006"]),
    (checks.fernet_keys, {"FERNET_KEYS": [OTHER_KEY, KEY], "SECRET_KEY": KEY}, ["fincelo.E007"]),
    (checks.fernet_keys, {"FERNET_KEYS": [KEY], "SECRET_KEY": ""}, []),
    (checks.allowed_hosts, {"ALLOWED_HOSTS": ["billing.example.com"]}, []),
    (checks.allowed_hosts, {"ALLOWED_HOSTS": []}, ["fincelo.E008"]),
    (checks.allowed_hosts, {"ALLOWED_HOSTS": [], "DEBUG": True}, ["fincelo.E008"]),
    (checks.allowed_hosts, {"ALLOWED_HOSTS": ["billing.example.com", "*"]}, ["fincelo.E009"]),
    (checks.public_url, {"PUBLIC_URL": "https://billing.example.com", "HTTPS_ONLY": True}, []),
    (checks.allowed_hosts, {"ALLOWED_HOSTS": [".com"]}, ["fincelo.E009"]),
    (checks.allowed_hosts, {"ALLOWED_HOSTS": [".example.com"]}, []),
    (checks.public_url, {"PUBLIC_URL": ""}, ["fincelo.E010"]),
    (checks.public_url, {"PUBLIC_URL": "https://a:b@example.com", "HTTPS_ONLY": True}, ["fincelo.E010"]),
    (checks.public_url, {"PUBLIC_URL": "billing.example.com"}, ["fincelo.E010"]),
    (checks.public_url, {"PUBLIC_URL": "http://billing.example.com", "HTTPS_ONLY": True}, ["fincelo.E011"]),
    (checks.public_url, {"PUBLIC_URL": "http://127.0.0.1:8000", "HTTPS_ONLY": False}, []),
    (checks.crm_origins, {"CRM_TRUSTED_ORIGINS": []}, []),
]
TRUSTED_ORIGINS = [
    ("http://127.0.0.1:8001", []),
    ("http://[::1]:8001", []),
    ("http://localhost:8001", []),
    ("http://127.0.0.1", ["fincelo.E012"]),
    ("http://127.0.0.1:8001/", ["fincelo.E012"]),
    ("http://user@127.0.0.1:8001", ["fincelo.E012"]),
    ("https://127.0.0.1:8001", ["fincelo.E012"]),
    ("http://127.0.0.1.example.com:80", ["fincelo.E012"]),
    ("http://10.0.0.1:8001", ["fincelo.E012"]),
    ("http://127.0.0.1:port", ["fincelo.E012"]),
    ("127.0.0.1:8001", ["fincelo.E012"]),
]


@pytest.mark.parametrize(("check", "values", "expected"), CASES)
def test_check(
    settings: Settings,
    check: Callable[..., list[CheckMessage]],
    values: dict[str, Any],
    expected: list[str],
) -> None:
    settings.DEBUG = False
    for name, value in values.items():
        setattr(settings, name, value)

    problems = check()

    assert ids(problems) == expected
    assert all(problem.hint for problem in problems)


@pytest.mark.parametrize(("origin", "expected"), TRUSTED_ORIGINS)
def test_trusted_origin(settings: Settings, origin: str, expected: list[str]) -> None:
    settings.CRM_TRUSTED_ORIGINS = [origin]
    settings.CRM_ALLOW_LOOPBACK = True

    assert ids(checks.crm_origins()) == expected


@pytest.mark.parametrize(
    ("debug", "allow_loopback", "dev", "expected"),
    [
        (False, False, True, ["fincelo.E013"]),
        (False, True, True, []),
        (False, True, False, ["fincelo.E013"]),
        (True, False, False, ["fincelo.E013"]),
        (True, False, True, ["fincelo.E013"]),
    ],
)
def test_trusted_origin_outside_a_demo(
    settings: Settings, debug: bool, allow_loopback: bool, dev: bool, expected: list[str]
) -> None:
    settings.CRM_TRUSTED_ORIGINS = ["http://127.0.0.1:8001"]
    settings.CRM_ALLOW_LOOPBACK = allow_loopback
    settings.DEBUG = debug
    settings.FINCELO_DEV = dev

    assert ids(checks.crm_origins()) == expected


LOCAL, REMOTE = {"HOST": "127.0.0.1"}, {"HOST": "db.example.com"}
HERE, THERE = ["127.0.0.1", "localhost", "[::1]"], ["billing.example.com"]


@pytest.mark.parametrize(
    ("values", "database", "refused"),
    [
        ({}, REMOTE, 0),
        ({"DEBUG": True}, REMOTE, 1),
        ({"DEBUG": True}, LOCAL, 1),
        ({"CRM_ALLOW_LOOPBACK": True}, REMOTE, 1),
        ({"HTTPS_ONLY": False}, REMOTE, 1),
        ({"HTTPS_ONLY": False, "ALLOWED_HOSTS": HERE}, REMOTE, 1),  # by PUBLIC_URL
        ({"HTTPS_ONLY": False, "ALLOWED_HOSTS": HERE, "PUBLIC_URL": "http://127.0.0.1:8000"}, REMOTE, 0),
        ({"FINCELO_DEV": True}, LOCAL, 1),
        ({"FINCELO_DEV": True, "ALLOWED_HOSTS": HERE, "PUBLIC_URL": "http://localhost:8000"}, REMOTE, 1),
        ({"FINCELO_DEV": True, "ALLOWED_HOSTS": HERE, "PUBLIC_URL": "http://localhost:8000"}, LOCAL, 0),
        (
            {"FINCELO_DEV": True, "ALLOWED_HOSTS": [*HERE, *THERE], "PUBLIC_URL": "http://localhost:1"},
            LOCAL,
            1,
        ),
        ({"FINCELO_DEV": True, "ALLOWED_HOSTS": ["*"], "PUBLIC_URL": "http://localhost:1"}, LOCAL, 1),
        (
            {"FINCELO_DEV": True, "ALLOWED_HOSTS": [".localhost"], "PUBLIC_URL": "http://localhost:1"},
            LOCAL,
            1,
        ),
        (
            {"FINCELO_DEV": True, "DEBUG": True, "ALLOWED_HOSTS": HERE, "PUBLIC_URL": "http://[::1]:8000"},
            LOCAL,
            0,
        ),
        ({"FINCELO_DEV": True, "DEBUG": True, "HTTPS_ONLY": False}, REMOTE, 4),
    ],
)
def test_what_is_unsafe_in_production(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    values: dict[str, Any],
    database: dict[str, str],
    refused: int,
) -> None:
    good: dict[str, Any] = {
        **{"FINCELO_DEV": False, "DEBUG": False, "HTTPS_ONLY": True, "CRM_ALLOW_LOOPBACK": False},
        **{"ALLOWED_HOSTS": THERE, "PUBLIC_URL": "https://billing.example.com"},
    }
    for name, value in (good | values).items():
        setattr(settings, name, value)
    monkeypatch.setitem(settings.DATABASES, "default", database)

    assert ids(checks.production()) == ["fincelo.E020"] * refused


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({"ENGINE": "fincelo.embedded_backend"}, True),
        ({"HOST": ""}, True),
        ({"HOST": "/var/run/postgresql"}, True),
        ({"HOST": "", "OPTIONS": {"host": "/tmp/sockets"}}, True),
        ({"HOST": "localhost"}, True),
        ({"HOST": "::1"}, True),
        ({"HOST": "10.0.0.7"}, False),
        ({"HOST": "localhost,db.example.com"}, False),
        ({"HOST": "", "OPTIONS": {"host": "db.example.com"}}, False),
        ({"HOST": "localhost", "OPTIONS": {"hostaddr": "10.0.0.7"}}, False),
        ({"HOST": "", "OPTIONS": {"service": "billing"}}, False),
    ],
)
def test_which_database_is_on_this_machine(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, place: dict[str, Any], expected: bool
) -> None:
    monkeypatch.setitem(settings.DATABASES, "default", place)

    assert checks.is_local_database() is expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"PGHOST": "db.example.com"}, False),
        ({"PGHOSTADDR": "10.0.0.7"}, False),
        ({"PGSERVICE": "billing"}, False),
        ({"PGHOST": "/var/run/postgresql"}, True),
    ],
)
def test_the_environment_of_postgres_says_where_the_database_is(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert checks.is_local({"ENGINE": "django.db.backends.postgresql", "NAME": "x"}) is expected
    assert checks.is_local({"ENGINE": "fincelo.embedded_backend"})


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({"FINCELO_DEV": True, "DATABASE_OWNER": {"HOST": "db.example.com"}}, 1),
        ({"FINCELO_DEV": True, "DATABASE_OWNER": {"HOST": "localhost"}}, 0),
        ({"EMAIL_HOST": "mail.example.com", "EMAIL_HOST_PASSWORD": "x"}, 1),
        ({"EMAIL_HOST": "mail.example.com", "EMAIL_HOST_PASSWORD": "x", "EMAIL_USE_TLS": True}, 0),
        ({"EMAIL_HOST": "localhost", "EMAIL_HOST_PASSWORD": "x"}, 0),
        ({"EMBEDDED_POSTGRES": Place(folder=Path("/tmp/x"), durable=False)}, 1),
    ],
)
def test_what_else_is_unsafe_in_production(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, values: dict[str, Any], refused: int
) -> None:
    here = {"FINCELO_DEV": False, "ALLOWED_HOSTS": ["127.0.0.1"], "PUBLIC_URL": "http://127.0.0.1:8000"}
    for name, value in (here | {"CRM_ALLOW_LOOPBACK": False, "DEBUG": False} | values).items():
        setattr(settings, name, value)
    engine = "fincelo.embedded_backend" if "EMBEDDED_POSTGRES" in values else "django.db.backends.postgresql"
    monkeypatch.setitem(settings.DATABASES, "default", {"ENGINE": engine, "HOST": "localhost"})

    assert ids(checks.production()) == ["fincelo.E020"] * refused


def test_insecure_oauth_transport(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ids(checks.oauth_transport()) == []

    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")

    assert ids(checks.oauth_transport()) == ["fincelo.E014"]


@pytest.mark.django_db
def test_database_that_answers() -> None:
    assert checks.database(databases=["default"]) == []


def test_database_unasked() -> None:
    assert checks.database() == []


@pytest.mark.django_db
def test_database_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections["default"].__dict__, "pg_version", 140_010)

    assert ids(checks.database(databases=["default"])) == ["fincelo.E016"]
