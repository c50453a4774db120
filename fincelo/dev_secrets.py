"""Secrets for demo and development: generated once, kept in one file that only its owner reads."""

import os
import secrets
import tempfile
from pathlib import Path

import environ

from fincelo.env import UnusableSetting


def ensure_secrets(path: Path) -> None:
    """Make the secrets file unless it exists; put its values into the environment where they are missing.

    Several processes may start at once. Each writes a complete file of its own and tries to link it into
    place; one link wins, and all read the winner. UnusableSetting where the folder cannot be written.
    """
    try:
        _ensure_file(path)
    except OSError as error:
        raise UnusableSetting(
            f"VAR_DIR is {path.parent}, where nothing can be written ({error.strerror}). "
            "Name a folder of yours."
        ) from error
    environ.Env.read_env(str(path))


def _ensure_file(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".secrets-")  # mode 0600
        try:
            with os.fdopen(handle, "w") as file:
                file.write(
                    f"SECRET_KEY={secrets.token_urlsafe(50)}\nFERNET_KEYS={secrets.token_urlsafe(32)}\n"
                )
            os.link(draft, path)
        except FileExistsError:  # another process was first: its secrets count
            pass
        finally:
            os.unlink(draft)
