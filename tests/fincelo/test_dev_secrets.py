import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fincelo.dev_secrets import ensure_secrets
from fincelo.randomness import SHORTEST


@pytest.fixture(autouse=True)
def _no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "FERNET_KEYS"):
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)


def test_secrets_are_made_once(tmp_path: Path) -> None:
    file = tmp_path / "var" / "secrets.env"

    ensure_secrets(file)
    first = file.read_text()
    ensure_secrets(file)

    assert file.read_text() == first
    assert first == f"SECRET_KEY={os.environ['SECRET_KEY']}\nFERNET_KEYS={os.environ['FERNET_KEYS']}\n"
    assert [len(os.environ[name]) >= SHORTEST for name in ("SECRET_KEY", "FERNET_KEYS")] == [True, True]


def test_secrets_are_for_their_owner(tmp_path: Path) -> None:
    file = tmp_path / "var" / "secrets.env"

    ensure_secrets(file)

    assert [stat.S_IMODE(path.stat().st_mode) for path in (file.parent, file)] == [0o700, 0o600]


def test_secret_in_the_environment_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "mine")

    ensure_secrets(tmp_path / "secrets.env")

    assert os.environ["SECRET_KEY"] == "mine"


def test_secrets_made_by_many_at_once(tmp_path: Path) -> None:
    file = tmp_path / "var" / "secrets.env"

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ensure_secrets(file), range(32)))

    assert [path.name for path in file.parent.iterdir()] == ["secrets.env"]
    assert f"SECRET_KEY={os.environ['SECRET_KEY']}\n" in file.read_text()
