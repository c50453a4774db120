import os

import pytest

from fincelo.env import use_demo_workspace


@pytest.fixture
def nothing_said(monkeypatch):
    for name in ("SECRET_KEY", "DATABASE_URL", "FINCELO_DEV", "PUBLIC_URL"):
        monkeypatch.setenv(name, "")  # so that what the test sets is taken back
        monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "env"
    path.write_text("FINCELO_DEV=true\nPUBLIC_URL=http://127.0.0.1:8010\n")
    return path


@pytest.mark.usefixtures("nothing_said")
def test_commands_go_to_the_demo_while_it_is_up(file):
    used = use_demo_workspace(file)

    assert (used, os.environ["PUBLIC_URL"]) == (True, "http://127.0.0.1:8010")


@pytest.mark.usefixtures("nothing_said")
def test_commands_go_nowhere_else_once_it_is_down(tmp_path):
    used = use_demo_workspace(tmp_path / "env")

    assert (used, os.environ.get("PUBLIC_URL")) == (False, None)


@pytest.mark.usefixtures("nothing_said")
@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "FINCELO_DEV"])
def test_a_workspace_that_is_named_wins(file, monkeypatch, name):
    monkeypatch.setenv(name, "something")

    used = use_demo_workspace(file)

    assert (used, os.environ.get("PUBLIC_URL")) == (False, None)
