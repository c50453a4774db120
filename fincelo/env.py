"""Reads settings from the environment, or refuses in a sentence that names the variable."""

import os
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

TRUE = ("true", "yes", "on", "1")
FALSE = ("false", "no", "off", "0")

_env = environ.Env()


class UnusableSetting(ImproperlyConfigured):
    """An environment variable that cannot be understood."""


def use_demo_workspace(file: Path) -> bool:
    """Takes the settings of a running demo where nothing says which workspace is meant."""
    if any(name in os.environ for name in ("SECRET_KEY", "DATABASE_URL", "FINCELO_DEV")) or not file.exists():
        return False
    environ.Env.read_env(file)
    return True


def text(name: str, *, default: str = "") -> str:
    value: str = _env.str(name, default=default).strip()
    return value


def flag(name: str, *, default: bool = False) -> bool:
    value = text(name).lower()
    if not value:
        return default
    if value not in TRUE + FALSE:
        raise UnusableSetting(f"{name} is {value!r}; set it to true or false.")
    return value in TRUE


def count(name: str) -> int:
    """A number from 0 on; 0 when the variable is unset."""
    value = text(name, default="0")
    if not (value.isascii() and value.isdigit()):
        raise UnusableSetting(f"{name} is {value!r}; set it to a number such as 0 or 1.")
    return int(value)


def words(name: str) -> list[str]:
    """A comma-separated variable as a list, without blanks."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def folder(name: str, *, default: Path) -> Path:
    try:
        return Path(text(name, default=str(default))).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise UnusableSetting(f"{name} names no folder. Set it to one like /var/lib/fincelo.") from error


def database(name: str) -> dict[str, Any]:
    problem = UnusableSetting(f"{name} must be like postgresql://user:password@host:5432/name.")
    if not text(name).startswith(("postgresql://", "postgres://")):
        raise problem
    try:
        return dict(_env.db_url(name))
    except ValueError as error:
        raise problem from error


def email(name: str) -> dict[str, Any]:
    """Django's EMAIL_* settings from one address; none of them when the variable is unset."""
    if not text(name):
        return {}
    try:
        return dict(_env.email_url(name))
    except (ValueError, KeyError, ImproperlyConfigured) as error:
        raise UnusableSetting(f"{name} must be like smtp+tls://user:password@host:587.") from error


def labelled_links(name: str) -> list[tuple[str, str]]:
    """`Label=URL,Label=URL` as pairs."""
    pairs = [word.partition("=") for word in words(name)]
    if any(not label or not url for label, _, url in pairs):
        raise UnusableSetting(f"{name} must be like Label=https://example.com,Other=https://example.org.")
    return [(label.strip(), url.strip()) for label, _, url in pairs]
